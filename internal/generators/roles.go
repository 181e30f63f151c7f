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
			Help: "The annotations of the role that are let through, as labels.",
			Row:  annotations[*rbacv1.Role]},

		{Name: "kube_role_labels", Type: Gauge, Stability: Alpha, Labels: Labels{"label_*"},
			Help: "The labels of the role that are let through, as labels.",
			Row:  labels[*rbacv1.Role]},

		{Name: "kube_role_info", Type: Gauge, Stability: Alpha,
			Help: "That there is the role.",
			Row:  exists[*rbacv1.Role]},

		{Name: "kube_role_created", Type: Gauge, Stability: Alpha,
			Help: "When the role was created, in Unix seconds.",
			Row:  created[*rbacv1.Role]},

		{Name: "kube_role_metadata_resource_version", Type: Gauge, Stability: Alpha,
			Help: "The resource version of the role.",
			Row:  resourceVersion[*rbacv1.Role]},
	},
}
