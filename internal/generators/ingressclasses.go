package generators

import networkingv1 "k8s.io/api/networking/v1"

// IngressClasses is the table of networking.k8s.io/v1 IngressClass families.
var IngressClasses = Table[*networkingv1.IngressClass]{
	Resource: networkingv1.SchemeGroupVersion.WithResource("ingressclasses"),
	Kind:     "IngressClass",
	Scope:    Cluster,
	Default:  Off,
	Identity: Identity{Name("ingressclass")},
	Fetch:    Fetch[*networkingv1.IngressClass]{Older: []string{"v1beta1"}},
	Families: []Family[*networkingv1.IngressClass]{
		{Name: "kube_ingressclass_info", Type: Gauge, Stability: Alpha, Labels: Labels{"controller"},
			Help: "Controller of the ingress class.",
			Row:  func(c *networkingv1.IngressClass, s *Samples) { s.One(c.Spec.Controller) }},

		{Name: "kube_ingressclass_created", Type: Gauge, Stability: Alpha,
			Help: "Creation timestamp of the ingress class, Unix seconds.",
			Row:  created[*networkingv1.IngressClass]},

		{Name: "kube_ingressclass_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "Annotations of the ingress class selected by the allowlist.",
			Row:  annotations[*networkingv1.IngressClass]},

		{Name: "kube_ingressclass_labels", Type: Gauge, Stability: Alpha, Labels: Labels{"label_*"},
			Help: "Labels of the ingress class selected by the allowlist.",
			Row:  labels[*networkingv1.IngressClass]},
	},
}
