package generators

import networkingv1 "k8s.io/api/networking/v1"

// Ingresses is the table of networking.k8s.io/v1 Ingress families.
var Ingresses = Table[*networkingv1.Ingress]{
	Resource: networkingv1.SchemeGroupVersion.WithResource("ingresses"),
	Kind:     "Ingress",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("ingress")},
	Families: []Family[*networkingv1.Ingress]{
		{"kube_ingress_info", Gauge, Stable, Labels{"ingressclass"},
			"The class that the ingress asks for.",
			func(i *networkingv1.Ingress, s *Samples) {
				// The annotation from before there were classes has the last word.
				class, ok := i.Annotations["kubernetes.io/ingress.class"]
				if !ok {
					class = valueOr(i.Spec.IngressClassName, "_default")
				}
				s.One(class)
			}},

		{"kube_ingress_annotations", Gauge, Alpha, Labels{"annotation_*"},
			"The annotations of the ingress that are let through, as labels.",
			annotations[*networkingv1.Ingress]},

		{"kube_ingress_labels", Gauge, Stable, Labels{"label_*"},
			"The labels of the ingress that are let through, as labels.",
			labels[*networkingv1.Ingress]},

		{"kube_ingress_created", Gauge, Stable, nil,
			"When the ingress was created, in Unix seconds.",
			created[*networkingv1.Ingress]},

		{"kube_ingress_metadata_resource_version", Gauge, Alpha, nil,
			"The resource version of the ingress.",
			resourceVersion[*networkingv1.Ingress]},

		{"kube_ingress_path", Gauge, Stable,
			Labels{"host", "path", "path_type", "service_name", "service_port"}.Or(
				"host", "path", "path_type", "resource_api_group", "resource_kind", "resource_name"),
			"The paths that the ingress takes in, and the service or other object to which each leads.",
			ingressPaths},

		{"kube_ingress_tls", Gauge, Stable, Labels{"tls_host", "secret"},
			"The hosts that the ingress serves with TLS, and the secret with the certificate of each.",
			func(i *networkingv1.Ingress, s *Samples) {
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

// ingressPath adds where the path leads. An API server lets no path through
// that leads nowhere; such a path adds nothing.
func ingressPath(host string, p *networkingv1.HTTPIngressPath, s *Samples) {
	pathType := string(value(p.PathType))
	if service := p.Backend.Service; service != nil {
		s.One(host, p.Path, pathType, service.Name, s.Itoa(int64(service.Port.Number)))
	} else if r := p.Backend.Resource; r != nil {
		s.One(host, p.Path, pathType, value(r.APIGroup), r.Kind, r.Name)
	}
}
