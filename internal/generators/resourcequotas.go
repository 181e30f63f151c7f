package generators

import corev1 "k8s.io/api/core/v1"

// ResourceQuotas is the table of v1 ResourceQuota families.
var ResourceQuotas = Table[*corev1.ResourceQuota]{
	Resource: corev1.SchemeGroupVersion.WithResource("resourcequotas"),
	Kind:     "ResourceQuota",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("resourcequota")},
	Families: []Family[*corev1.ResourceQuota]{
		{Name: "kube_resourcequota_created", Type: Gauge, Stability: Stable,
			Help: "Creation timestamp of the resource quota, Unix seconds.",
			Row:  created[*corev1.ResourceQuota]},

		{Name: "kube_resourcequota", Type: Gauge, Stability: Stable, Labels: Labels{"resource", "type"},
			Help: "Hard limits and usage of the resource quota, by resource.",
			Row: func(q *corev1.ResourceQuota, s *Samples) {
				s.Quantities(q.Status.Hard, "hard")
				s.Quantities(q.Status.Used, "used")
			}},

		{Name: "kube_resourcequota_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "Annotations of the resource quota selected by the allowlist.",
			Row:  annotations[*corev1.ResourceQuota]},

		{Name: "kube_resourcequota_labels", Type: Gauge, Stability: Stable, Labels: Labels{"label_*"},
			Help: "Labels of the resource quota selected by the allowlist.",
			Row:  labels[*corev1.ResourceQuota]},
	},
}
