package generators

import corev1 "k8s.io/api/core/v1"

// Namespaces is the table of v1 Namespace families.
var Namespaces = Table[*corev1.Namespace]{
	Resource: corev1.SchemeGroupVersion.WithResource("namespaces"),
	Kind:     "Namespace",
	Scope:    Cluster,
	Identity: Identity{Name("namespace")},
	Families: []Family[*corev1.Namespace]{
		{Name: "kube_namespace_created", Type: Gauge, Stability: Stable,
			Help: "Creation timestamp of the namespace, Unix seconds.",
			Row:  created[*corev1.Namespace]},

		{Name: "kube_namespace_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "Annotations of the namespace selected by the allowlist.",
			Row:  annotations[*corev1.Namespace]},

		{Name: "kube_namespace_labels", Type: Gauge, Stability: Stable, Labels: Labels{"label_*"},
			Help: "Labels of the namespace selected by the allowlist.",
			Row:  labels[*corev1.Namespace]},

		{Name: "kube_namespace_status_phase", Type: Gauge, Stability: Stable, Sparse: true, Labels: Labels{"phase"},
			Help: "Phase of the namespace (1 for the current phase).",
			Row:  func(n *corev1.Namespace, s *Samples) { s.OneOf(string(n.Status.Phase), namespacePhases) }},

		{Name: "kube_namespace_status_condition", Type: Gauge, Stability: Alpha, Sparse: true, Labels: Labels{"condition", "status"},
			Help: "Conditions of the namespace (1 for the current status of each).",
			Row: func(n *corev1.Namespace, s *Samples) {
				for i := range n.Status.Conditions {
					c := &n.Status.Conditions[i]
					s.Status(string(c.Status), string(c.Type))
				}
			}},
	},
}

var namespacePhases = []string{string(corev1.NamespaceActive), string(corev1.NamespaceTerminating)}
