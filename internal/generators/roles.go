package generators

import rbacv1 "k8s.io/api/rbac/v1"

// Roles is the table of rbac.authorization.k8s.io/v1 Role families.
var Roles = Table[*rbacv1.Role]{
	Resource: rbacv1.SchemeGroupVersion.WithResource("roles"),
	Kind:     "Role",
	Scope:    Namespaced,
	Default:  Off,
	Identity: Identity{Namespace, Name("role")},
	Fetch:    Fetch[*rbacv1.Role]{Reads: Fields{"metadata"}},
	Families: []Family[*rbacv1.Role]{
		{Name: "kube_role_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "Annotations of the role selected by the allowlist.",
			Row:  annotations[*rbacv1.Role]},

		{Name: "kube_role_labels", Type: Gauge, Stability: Alpha, Labels: Labels{"label_*"},
			Help: "Labels of the role selected by the allowlist.",
			Row:  labels[*rbacv1.Role]},

		{Name: "kube_role_info", Type: Gauge, Stability: Alpha,
			Help: "Presence of the role (always 1).",
			Row:  exists[*rbacv1.Role]},

		{Name: "kube_role_created", Type: Gauge, Stability: Alpha,
			Help: "Creation timestamp of the role, Unix seconds.",
			Row:  created[*rbacv1.Role]},

		{Name: "kube_role_metadata_resource_version", Type: Gauge, Stability: Alpha,
			Help: "Resource version of the role.",
			Row:  resourceVersion[*rbacv1.Role]},
	},
}
