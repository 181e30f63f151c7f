package generators

import corev1 "k8s.io/api/core/v1"

// LimitRanges is the table of v1 LimitRange families.
var LimitRanges = Table[*corev1.LimitRange]{
	Resource: corev1.SchemeGroupVersion.WithResource("limitranges"),
	Kind:     "LimitRange",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("limitrange")},
	Families: []Family[*corev1.LimitRange]{
		{Name: "kube_limitrange", Type: Gauge, Stability: Stable, Labels: Labels{"resource", "type", "constraint"},
			Help: "Constraints of the limit range, by type and resource.",
			Row: func(l *corev1.LimitRange, s *Samples) {
				for i := range l.Spec.Limits {
					limit := &l.Spec.Limits[i]
					s.Quantities(limit.Min, string(limit.Type), "min")
					s.Quantities(limit.Max, string(limit.Type), "max")
					s.Quantities(limit.Default, string(limit.Type), "default")
					s.Quantities(limit.DefaultRequest, string(limit.Type), "defaultRequest")
					s.Quantities(limit.MaxLimitRequestRatio, string(limit.Type), "maxLimitRequestRatio")
				}
			}},

		{Name: "kube_limitrange_created", Type: Gauge, Stability: Stable,
			Help: "Creation timestamp of the limit range, Unix seconds.",
			Row:  created[*corev1.LimitRange]},
	},
}
