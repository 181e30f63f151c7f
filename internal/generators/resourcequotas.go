package generators

import corev1 "k8s.io/api/core/v1"

// ResourceQuotas is the table of v1 ResourceQuota families.
var ResourceQuotas = Table[*corev1.ResourceQuota]{
	Resource: corev1.SchemeGroupVersion.WithResource("resourcequotas"),
	Kind:     "ResourceQuota",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("resourcequota")},
	Families: []Family[*corev1.ResourceQuota]{
		{"kube_resourcequota_created", Gauge, Stable, nil,
			"When the quota was created, in Unix seconds.",
			created[*corev1.ResourceQuota]},

		{"kube_resourcequota", Gauge, Stable, Labels{"resource", "type"},
			"How much of each resource the namespace may use, and how much it does.",
			func(q *corev1.ResourceQuota, s *Samples) {
				s.Quantities(q.Status.Hard, "hard")
				s.Quantities(q.Status.Used, "used")
			}},

		{"kube_resourcequota_annotations", Gauge, Alpha, Labels{"annotation_*"},
			"The annotations of the quota that are let through, as labels.",
			annotations[*corev1.ResourceQuota]},

		{"kube_resourcequota_labels", Gauge, Stable, Labels{"label_*"},
			"The labels of the quota that are let through, as labels.",
			labels[*corev1.ResourceQuota]},
	},
}
