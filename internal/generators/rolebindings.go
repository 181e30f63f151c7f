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
	Fetch:    Fetch[*rbacv1.RoleBinding]{Reads: Fields{"roleRef"}},
	Families: []Family[*rbacv1.RoleBinding]{
		{Name: "kube_rolebinding_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "Annotations of the role binding selected by the allowlist.",
			Row:  annotations[*rbacv1.RoleBinding]},

		{Name: "kube_rolebinding_labels", Type: Gauge, Stability: Alpha, Labels: Labels{"label_*"},
			Help: "Labels of the role binding selected by the allowlist.",
			Row:  labels[*rbacv1.RoleBinding]},

		{Name: "kube_rolebinding_info", Type: Gauge, Stability: Alpha, Labels: Labels{"roleref_kind", "roleref_name"},
			Help: "Role reference of the role binding.",
			Row:  func(b *rbacv1.RoleBinding, s *Samples) { s.One(b.RoleRef.Kind, b.RoleRef.Name) }},

		{Name: "kube_rolebinding_created", Type: Gauge, Stability: Alpha,
			Help: "Creation timestamp of the role binding, Unix seconds.",
			Row:  created[*rbacv1.RoleBinding]},

		{Name: "kube_rolebinding_metadata_resource_version", Type: Gauge, Stability: Alpha,
			Help: "Resource version of the role binding.",
			Row:  resourceVersion[*rbacv1.RoleBinding]},
	},
}
