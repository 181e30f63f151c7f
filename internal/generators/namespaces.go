package generators

import corev1 "k8s.io/api/core/v1"

// Namespaces is the table of v1 Namespace families.
var Namespaces = Table[*corev1.Namespace]{
	Resource: corev1.SchemeGroupVersion.WithResource("namespaces"),
	Kind:     "Namespace",
	Scope:    Cluster,
	Identity: Identity{Name("namespace")},
	Families: []Family[*corev1.Namespace]{
		{"kube_namespace_created", Gauge, Stable, nil,
			"When the namespace was created, in Unix seconds.",
			created[*corev1.Namespace]},

		{"kube_namespace_annotations", Gauge, Alpha, Labels{"annotation_*"},
			"The annotations of the namespace that are let through, as labels.",
			annotations[*corev1.Namespace]},

		{"kube_namespace_labels", Gauge, Stable, Labels{"label_*"},
			"The labels of the namespace that are let through, as labels.",
			labels[*corev1.Namespace]},

		{"kube_namespace_status_phase", Gauge, Stable, Labels{"phase"},
			"The phase of the namespace, with 1 at the one it is in.",
			func(n *corev1.Namespace, s *Samples) { s.OneOf(string(n.Status.Phase), namespacePhases) }},

		{"kube_namespace_status_condition", Gauge, Alpha, Labels{"condition", "status"},
			"The conditions of the namespace, with 1 at the status that each has.",
			func(n *corev1.Namespace, s *Samples) {
				for i := range n.Status.Conditions {
					c := &n.Status.Conditions[i]
					s.Status(string(c.Status), string(c.Type))
				}
			}},
	},
}

var namespacePhases = []string{string(corev1.NamespaceActive), string(corev1.NamespaceTerminating)}
