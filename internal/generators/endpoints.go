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
		{Name: "kube_endpoint_info", Type: Gauge, Stability: Stable,
			Help: "Presence of the endpoints (always 1).",
			Row:  exists[*corev1.Endpoints]},

		{Name: "kube_endpoint_created", Type: Gauge, Stability: Stable,
			Help: "Creation timestamp of the endpoints, Unix seconds.",
			Row:  created[*corev1.Endpoints]},

		{Name: "kube_endpoint_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "Annotations of the endpoints selected by the allowlist.",
			Row:  annotations[*corev1.Endpoints]},

		{Name: "kube_endpoint_labels", Type: Gauge, Stability: Stable, Labels: Labels{"label_*"},
			Help: "Labels of the endpoints selected by the allowlist.",
			Row:  labels[*corev1.Endpoints]},

		{Name: "kube_endpoint_address", Type: Gauge, Stability: Stable, Labels: Labels{"port_protocol", "port_number", "port_name", "ip", "ready"},
			Help: "Addresses of the endpoints, with port and readiness.",
			Row: func(e *corev1.Endpoints, s *Samples) {
				eachSubsetPort(e, func(subset *corev1.EndpointSubset, port *corev1.EndpointPort) {
					portAddresses(port, subset.Addresses, "true", s)
					portAddresses(port, subset.NotReadyAddresses, "false", s)
				})
			}},

		{Name: "kube_endpoint_ports", Type: Gauge, Stability: Stable, DeprecatedSince: "v2.14.0", Labels: Labels{"port_name", "port_protocol", "port_number"},
			Help: "Ports of the endpoints.",
			Row: func(e *corev1.Endpoints, s *Samples) {
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
