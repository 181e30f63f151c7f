package generators

import rbacv1 "k8s.io/api/rbac/v1"

// ClusterRoleBindings is the table of rbac.authorization.k8s.io/v1
// ClusterRoleBinding families.
var ClusterRoleBindings = Table[*rbacv1.ClusterRoleBinding]{
	Resource: rbacv1.SchemeGroupVersion.WithResource("clusterrolebindings"),
	Kind:     "ClusterRoleBinding",
	Scope:    Cluster,
	Default:  Off,
	Identity: Identity{Name("clusterrolebinding")},
	Reads:    Fields{"roleRef"},
	Families: []Family[*rbacv1.ClusterRoleBinding]{
		{"kube_clusterrolebinding_annotations", Gauge, Alpha, Labels{"annotation_*"},
			"The annotations of the binding that are let through, as labels.",
			annotations[*rbacv1.ClusterRoleBinding]},

		{"kube_clusterrolebinding_labels", Gauge, Alpha, Labels{"label_*"},
			"The labels of the binding that are let through, as labels.",
			labels[*rbacv1.ClusterRoleBinding]},

		{"kube_clusterrolebinding_info", Gauge, Alpha, Labels{"roleref_kind", "roleref_name"},
			"The role that the binding grants in all namespaces.",
			func(b *rbacv1.ClusterRoleBinding, s *Samples) { s.One(b.RoleRef.Kind, b.RoleRef.Name) }},

		{"kube_clusterrolebinding_created", Gauge, Alpha, nil,
			"When the binding was created, in Unix seconds.",
			created[*rbacv1.ClusterRoleBinding]},

		{"kube_clusterrolebinding_metadata_resource_version", Gauge, Alpha, nil,
			"The resource version of the binding.",
			resourceVersion[*rbacv1.ClusterRoleBinding]},
	},
}
