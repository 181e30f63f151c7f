package generators

import networkingv1 "k8s.io/api/networking/v1"

// Ingresses is the table of networking.k8s.io/v1 Ingress families.
var Ingresses = Table[*networkingv1.Ingress]{
	Resource: networkingv1.SchemeGroupVersion.WithResource("ingresses"),
	Kind:     "Ingress",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("ingress")},
	Families: []Family[*networkingv1.Ingress]{
		{Name: "kube_ingress_info", Type: Gauge, Stability: Stable, Labels: Labels{"ingressclass"},
			Help: "Class of the ingress.",
			Row: func(i *networkingv1.Ingress, s *Samples) {
				// The deprecated annotation takes precedence.
				class, ok := i.Annotations["kubernetes.io/ingress.class"]
				if !ok {
					class = valueOr(i.Spec.IngressClassName, "_default")
				}
				s.One(class)
			}},

		{Name: "kube_ingress_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "Annotations of the ingress selected by the allowlist.",
			Row:  annotations[*networkingv1.Ingress]},

		{Name: "kube_ingress_labels", Type: Gauge, Stability: Stable, Labels: Labels{"label_*"},
			Help: "Labels of the ingress selected by the allowlist.",
			Row:  labels[*networkingv1.Ingress]},

		{Name: "kube_ingress_created", Type: Gauge, Stability: Stable,
			Help: "Creation timestamp of the ingress, Unix seconds.",
			Row:  created[*networkingv1.Ingress]},

		{Name: "kube_ingress_metadata_resource_version", Type: Gauge, Stability: Alpha,
			Help: "Resource version of the ingress.",
			Row:  resourceVersion[*networkingv1.Ingress]},

		{Name: "kube_ingress_path", Type: Gauge, Stability: Stable,
			Labels: Labels{"host", "path", "path_type", "service_name", "service_port"}.Or(
				"host", "path", "path_type", "resource_api_group", "resource_kind", "resource_name"),
			Help: "Paths of the ingress, with backend.",
			Row:  ingressPaths},

		{Name: "kube_ingress_tls", Type: Gauge, Stability: Stable, Labels: Labels{"tls_host", "secret"},
			Help: "TLS hosts of the ingress, with secret.",
			Row: func(i *networkingv1.Ingress, s *Samples) {
				for _, tls := range i.Spec.TLS {
					for _, host := range tls.Hosts {
						s.One(host, tls.SecretName)
					}
				}
			}},
	},
}

func ingressPaths(i *networkingv1.Ingress, s *Samples) {
	for _, rule := range i.Spec.Rules {
		if rule.HTTP == nil {
			continue
		}
		for j := range rule.HTTP.Paths {
			ingressPath(rule.Host, &rule.HTTP.Paths[j], s)
		}
	}
}

// ingressPath adds the backend of a path. API servers reject a path without a backend;
// it adds nothing.
func ingressPath(host string, p *networkingv1.HTTPIngressPath, s *Samples) {
	pathType := string(value(p.PathType))
	if service := p.Backend.Service; service != nil {
		s.One(host, p.Path, pathType, service.Name, s.Itoa(int64(service.Port.Number)))
	} else if r := p.Backend.Resource; r != nil {
		s.One(host, p.Path, pathType, value(r.APIGroup), r.Kind, r.Name)
	}
}
