package generators

import discoveryv1 "k8s.io/api/discovery/v1"

// EndpointSlices is the table of discovery.k8s.io/v1 EndpointSlice families.
var EndpointSlices = Table[*discoveryv1.EndpointSlice]{
	Resource: discoveryv1.SchemeGroupVersion.WithResource("endpointslices"),
	Kind:     "EndpointSlice",
	Scope:    Namespaced,
	Identity: Identity{Name("endpointslice"), Namespace},
	Families: []Family[*discoveryv1.EndpointSlice]{
		{Name: "kube_endpointslice_info", Type: Gauge, Stability: Alpha, Labels: Labels{"addresstype"},
			Help: "Address type of the endpoint slice.",
			Row:  func(e *discoveryv1.EndpointSlice, s *Samples) { s.One(string(e.AddressType)) }},

		{Name: "kube_endpointslice_created", Type: Gauge, Stability: Alpha,
			Help: "Creation timestamp of the endpoint slice, Unix seconds.",
			Row:  created[*discoveryv1.EndpointSlice]},

		{Name: "kube_endpointslice_endpoints_hints", Type: Gauge, Stability: Alpha, Labels: Labels{"address", "for_zone"},
			Help: "Zone hints of the endpoint slice, by endpoint.",
			Row:  zoneHints},

		{Name: "kube_endpointslice_endpoints", Type: Gauge, Stability: Alpha,
			Labels: Labels{"ready", "serving", "hostname", "terminating", "targetref_kind", "targetref_name", "targetref_namespace",
				"endpoint_nodename", "endpoint_zone", "address"},
			Help: "Endpoints of the endpoint slice, with conditions, target, node and zone.",
			Row:  sliceEndpoints},

		{Name: "kube_endpointslice_ports", Type: Gauge, Stability: Alpha, Labels: Labels{"port_name", "port_protocol", "port_number"},
			Help: "Ports of the endpoint slice.",
			Row: func(e *discoveryv1.EndpointSlice, s *Samples) {
				for i := range e.Ports {
					p := &e.Ports[i]
					s.One(value(p.Name), string(value(p.Protocol)), s.OptionalItoa(p.Port))
				}
			}},

		{Name: "kube_endpointslice_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "Annotations of the endpoint slice selected by the allowlist.",
			Row:  annotations[*discoveryv1.EndpointSlice]},

		{Name: "kube_endpointslice_labels", Type: Gauge, Stability: Alpha, Labels: Labels{"label_*"},
			Help: "Labels of the endpoint slice selected by the allowlist.",
			Row:  labels[*discoveryv1.EndpointSlice]},
	},
}

func zoneHints(e *discoveryv1.EndpointSlice, s *Samples) {
	for i := range e.Endpoints {
		endpoint := &e.Endpoints[i]
		if endpoint.Hints == nil || len(endpoint.Addresses) == 0 {
			continue
		}
		for _, zone := range endpoint.Hints.ForZones {
			s.One(endpoint.Addresses[0], zone.Name)
		}
	}
}

func sliceEndpoints(e *discoveryv1.EndpointSlice, s *Samples) {
	for i := range e.Endpoints {
		endpoint := &e.Endpoints[i]
		conditions, target := &endpoint.Conditions, value(endpoint.TargetRef)
		for _, address := range endpoint.Addresses {
			s.One(formatOptional(conditions.Ready), formatOptional(conditions.Serving), value(endpoint.Hostname),
				formatOptional(conditions.Terminating), target.Kind, target.Name, target.Namespace,
				value(endpoint.NodeName), value(endpoint.Zone), address)
		}
	}
}
