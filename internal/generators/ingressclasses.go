package generators

import networkingv1 "k8s.io/api/networking/v1"

// IngressClasses is the table of networking.k8s.io/v1 IngressClass families.
var IngressClasses = Table[*networkingv1.IngressClass]{
	Resource: networkingv1.SchemeGroupVersion.WithResource("ingressclasses"),
	Kind:     "IngressClass",
	Scope:    Cluster,
	Default:  Off,
	Identity: Identity{Name("ingressclass")},
	Families: []Family[*networkingv1.IngressClass]{
		{"kube_ingressclass_info", Gauge, Alpha, Labels{"controller"},
			"The controller that serves ingresses of the class.",
			func(c *networkingv1.IngressClass, s *Samples) { s.One(c.Spec.Controller) }},

		{"kube_ingressclass_created", Gauge, Alpha, nil,
			"When the ingress class was created, in Unix seconds.",
			created[*networkingv1.IngressClass]},

		{"kube_ingressclass_annotations", Gauge, Alpha, Labels{"annotation_*"},
			"The annotations of the ingress class that are let through, as labels.",
			annotations[*networkingv1.IngressClass]},

		{"kube_ingressclass_labels", Gauge, Alpha, Labels{"label_*"},
			"The labels of the ingress class that are let through, as labels.",
			labels[*networkingv1.IngressClass]},
	},
}
