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
	Fetch:    Fetch[*rbacv1.ClusterRoleBinding]{Reads: Fields{"roleRef"}},
	Families: []Family[*rbacv1.ClusterRoleBinding]{
		{Name: "kube_clusterrolebinding_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "Annotations of the cluster role binding selected by the allowlist.",
			Row:  annotations[*rbacv1.ClusterRoleBinding]},

		{Name: "kube_clusterrolebinding_labels", Type: Gauge, Stability: Alpha, Labels: Labels{"label_*"},
			Help: "Labels of the cluster role binding selected by the allowlist.",
			Row:  labels[*rbacv1.ClusterRoleBinding]},

		{Name: "kube_clusterrolebinding_info", Type: Gauge, Stability: Alpha, Labels: Labels{"roleref_kind", "roleref_name"},
			Help: "Role reference of the cluster role binding.",
			Row:  func(b *rbacv1.ClusterRoleBinding, s *Samples) { s.One(b.RoleRef.Kind, b.RoleRef.Name) }},

		{Name: "kube_clusterrolebinding_created", Type: Gauge, Stability: Alpha,
			Help: "Creation timestamp of the cluster role binding, Unix seconds.",
			Row:  created[*rbacv1.ClusterRoleBinding]},

		{Name: "kube_clusterrolebinding_metadata_resource_version", Type: Gauge, Stability: Alpha,
			Help: "Resource version of the cluster role binding.",
			Row:  resourceVersion[*rbacv1.ClusterRoleBinding]},
	},
}
