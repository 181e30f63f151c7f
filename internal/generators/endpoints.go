package generators

import corev1 "k8s.io/api/core/v1"

// Endpoints is the table of v1 Endpoints families.
var Endpoints = Table[*corev1.Endpoints]{
	Resource: corev1.SchemeGroupVersion.WithResource("endpoints"),
	Kind:     "Endpoints",
	Scope:    Namespaced,
	Default:  Off,
	Identity: Identity{Namespace, Name("endpoint")},
	Families: []Family[*corev1.Endpoints]{
		{"kube_endpoint_info", Gauge, Stable, nil,
			"That there are the endpoints.",
			exists[*corev1.Endpoints]},

		{"kube_endpoint_created", Gauge, Stable, nil,
			"When the endpoints were created, in Unix seconds.",
			created[*corev1.Endpoints]},

		{"kube_endpoint_annotations", Gauge, Alpha, Labels{"annotation_*"},
			"The annotations of the endpoints that are let through, as labels.",
			annotations[*corev1.Endpoints]},

		{"kube_endpoint_labels", Gauge, Stable, Labels{"label_*"},
			"The labels of the endpoints that are let through, as labels.",
			labels[*corev1.Endpoints]},

		{"kube_endpoint_address", Gauge, Stable, Labels{"port_protocol", "port_number", "port_name", "ip", "ready"},
			"The addresses and ports at which the service is reached, and whether they are ready.",
			func(e *corev1.Endpoints, s *Samples) {
				eachSubsetPort(e, func(subset *corev1.EndpointSubset, port *corev1.EndpointPort) {
					portAddresses(port, subset.Addresses, "true", s)
					portAddresses(port, subset.NotReadyAddresses, "false", s)
				})
			}},

		{"kube_endpoint_ports", Gauge, Stable.DeprecatedSince("v2.14.0"), Labels{"port_name", "port_protocol", "port_number"},
			"The ports of the endpoints.",
			func(e *corev1.Endpoints, s *Samples) {
				eachSubsetPort(e, func(_ *corev1.EndpointSubset, port *corev1.EndpointPort) {
					s.One(port.Name, string(port.Protocol), s.Itoa(int64(port.Port)))
				})
			}},
	},
}

// eachSubsetPort calls f for each port of each subset.
func eachSubsetPort(e *corev1.Endpoints, f func(*corev1.EndpointSubset, *corev1.EndpointPort)) {
	for i := range e.Subsets {
		subset := &e.Subsets[i]
		for j := range subset.Ports {
			f(subset, &subset.Ports[j])
		}
	}
}

func portAddresses(port *corev1.EndpointPort, addresses []corev1.EndpointAddress, ready string, s *Samples) {
	number := s.Itoa(int64(port.Port))
	for i := range addresses {
		s.One(string(port.Protocol), number, port.Name, addresses[i].IP, ready)
	}
}
