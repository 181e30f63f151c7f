package generators

import rbacv1 "k8s.io/api/rbac/v1"

// RoleBindings is the table of rbac.authorization.k8s.io/v1 RoleBinding
// families.
var RoleBindings = Table[*rbacv1.RoleBinding]{
	Resource: rbacv1.SchemeGroupVersion.WithResource("rolebindings"),
	Kind:     "RoleBinding",
	Scope:    Namespaced,
	Default:  Off,
	Identity: Identity{Namespace, Name("rolebinding")},
	Reads:    Fields{"roleRef"},
	Families: []Family[*rbacv1.RoleBinding]{
		{"kube_rolebinding_annotations", Gauge, Alpha, Labels{"annotation_*"},
			"The annotations of the binding that are let through, as labels.",
			annotations[*rbacv1.RoleBinding]},

		{"kube_rolebinding_labels", Gauge, Alpha, Labels{"label_*"},
			"The labels of the binding that are let through, as labels.",
			labels[*rbacv1.RoleBinding]},

		{"kube_rolebinding_info", Gauge, Alpha, Labels{"roleref_kind", "roleref_name"},
			"The role that the binding grants in its namespace.",
			func(b *rbacv1.RoleBinding, s *Samples) { s.One(b.RoleRef.Kind, b.RoleRef.Name) }},

		{"kube_rolebinding_created", Gauge, Alpha, nil,
			"When the binding was created, in Unix seconds.",
			created[*rbacv1.RoleBinding]},

		{"kube_rolebinding_metadata_resource_version", Gauge, Alpha, nil,
			"The resource version of the binding.",
			resourceVersion[*rbacv1.RoleBinding]},
	},
}
