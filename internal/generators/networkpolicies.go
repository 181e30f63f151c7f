package generators

import networkingv1 "k8s.io/api/networking/v1"

// NetworkPolicies is the table of networking.k8s.io/v1 NetworkPolicy families.
var NetworkPolicies = Table[*networkingv1.NetworkPolicy]{
	Resource: networkingv1.SchemeGroupVersion.WithResource("networkpolicies"),
	Kind:     "NetworkPolicy",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("networkpolicy")},
	Families: []Family[*networkingv1.NetworkPolicy]{
		{Name: "kube_networkpolicy_created", Type: Gauge, Stability: Alpha,
			Help: "Creation timestamp of the network policy, Unix seconds.",
			Row:  func(p *networkingv1.NetworkPolicy, s *Samples) { s.Time(&p.CreationTimestamp) }},

		{Name: "kube_networkpolicy_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "Annotations of the network policy selected by the allowlist.",
			Row:  annotations[*networkingv1.NetworkPolicy]},

		{Name: "kube_networkpolicy_labels", Type: Gauge, Stability: Alpha, Labels: Labels{"label_*"},
			Help: "Labels of the network policy selected by the allowlist.",
			Row:  labels[*networkingv1.NetworkPolicy]},

		{Name: "kube_networkpolicy_spec_ingress_rules", Type: Gauge, Stability: Alpha,
			Help: "Ingress rules of the network policy.",
			Row:  func(p *networkingv1.NetworkPolicy, s *Samples) { s.Int(int64(len(p.Spec.Ingress))) }},

		{Name: "kube_networkpolicy_spec_egress_rules", Type: Gauge, Stability: Alpha,
			Help: "Egress rules of the network policy.",
			Row:  func(p *networkingv1.NetworkPolicy, s *Samples) { s.Int(int64(len(p.Spec.Egress))) }},
	},
}
