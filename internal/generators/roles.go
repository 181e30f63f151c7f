package generators

import rbacv1 "k8s.io/api/rbac/v1"

// Roles is the table of rbac.authorization.k8s.io/v1 Role families.
var Roles = Table[*rbacv1.Role]{
	Resource: rbacv1.SchemeGroupVersion.WithResource("roles"),
	Kind:     "Role",
	Scope:    Namespaced,
	Default:  Off,
	Identity: Identity{Namespace, Name("role")},
	Reads:    Fields{"metadata"},
	Families: []Family[*rbacv1.Role]{
		{"kube_role_annotations", Gauge, Alpha, Labels{"annotation_*"},
			"The annotations of the role that are let through, as labels.",
			annotations[*rbacv1.Role]},

		{"kube_role_labels", Gauge, Alpha, Labels{"label_*"},
			"The labels of the role that are let through, as labels.",
			labels[*rbacv1.Role]},

		{"kube_role_info", Gauge, Alpha, nil,
			"That there is the role.",
			exists[*rbacv1.Role]},

		{"kube_role_created", Gauge, Alpha, nil,
			"When the role was created, in Unix seconds.",
			created[*rbacv1.Role]},

		{"kube_role_metadata_resource_version", Gauge, Alpha, nil,
			"The resource version of the role.",
			resourceVersion[*rbacv1.Role]},
	},
}
