package generators

import networkingv1 "k8s.io/api/networking/v1"

// NetworkPolicies is the table of networking.k8s.io/v1 NetworkPolicy families.
var NetworkPolicies = Table[*networkingv1.NetworkPolicy]{
	Resource: networkingv1.SchemeGroupVersion.WithResource("networkpolicies"),
	Kind:     "NetworkPolicy",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("networkpolicy")},
	Families: []Family[*networkingv1.NetworkPolicy]{
		{"kube_networkpolicy_created", Gauge, Alpha, nil,
			"When the network policy was created, in Unix seconds.",
			func(p *networkingv1.NetworkPolicy, s *Samples) { s.Time(&p.CreationTimestamp) }},

		{"kube_networkpolicy_annotations", Gauge, Alpha, Labels{"annotation_*"},
			"The annotations of the network policy that are let through, as labels.",
			annotations[*networkingv1.NetworkPolicy]},

		{"kube_networkpolicy_labels", Gauge, Alpha, Labels{"label_*"},
			"The labels of the network policy that are let through, as labels.",
			labels[*networkingv1.NetworkPolicy]},

		{"kube_networkpolicy_spec_ingress_rules", Gauge, Alpha, nil,
			"How many rules the network policy has for traffic to its pods.",
			func(p *networkingv1.NetworkPolicy, s *Samples) { s.Int(int64(len(p.Spec.Ingress))) }},

		{"kube_networkpolicy_spec_egress_rules", Gauge, Alpha, nil,
			"How many rules the network policy has for traffic from its pods.",
			func(p *networkingv1.NetworkPolicy, s *Samples) { s.Int(int64(len(p.Spec.Egress))) }},
	},
}
