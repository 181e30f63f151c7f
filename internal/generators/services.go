package generators

import corev1 "k8s.io/api/core/v1"

// Services is the table of v1 Service families.
var Services = Table[*corev1.Service]{
	Resource: corev1.SchemeGroupVersion.WithResource("services"),
	Kind:     "Service",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("service"), UID},
	Families: []Family[*corev1.Service]{
		{"kube_service_info", Gauge, Stable, Labels{"cluster_ip", "external_name", "load_balancer_ip", "external_traffic_policy"},
			"How the service is reached.",
			func(v *corev1.Service, s *Samples) {
				s.One(v.Spec.ClusterIP, v.Spec.ExternalName, v.Spec.LoadBalancerIP, string(v.Spec.ExternalTrafficPolicy))
			}},

		{"kube_service_created", Gauge, Stable, nil,
			"When the service was created, in Unix seconds.",
			created[*corev1.Service]},

		{"kube_service_spec_type", Gauge, Stable, Labels{"type"},
			"The type of the service.",
			func(v *corev1.Service, s *Samples) { s.One(string(v.Spec.Type)) }},

		{"kube_service_annotations", Gauge, Alpha, Labels{"annotation_*"},
			"The annotations of the service that are let through, as labels.",
			annotations[*corev1.Service]},

		{"kube_service_labels", Gauge, Stable, Labels{"label_*"},
			"The labels of the service that are let through, as labels.",
			labels[*corev1.Service]},

		{"kube_service_spec_external_ip", Gauge, Stable, Labels{"external_ip"},
			"The addresses from outside the cluster at which nodes take traffic for the service.",
			func(v *corev1.Service, s *Samples) {
				for _, ip := range v.Spec.ExternalIPs {
					s.One(ip)
				}
			}},

		{"kube_service_status_load_balancer_ingress", Gauge, Stable, Labels{"ip", "hostname"},
			"The addresses at which load balancers take traffic for the service.",
			func(v *corev1.Service, s *Samples) {
				for i := range v.Status.LoadBalancer.Ingress {
					ingress := &v.Status.LoadBalancer.Ingress[i]
					s.One(ingress.IP, ingress.Hostname)
				}
			}},

		{"kube_service_deletion_timestamp", Gauge, Alpha, nil,
			"When the service is due to be gone, in Unix seconds.",
			deleted[*corev1.Service]},
	},
}
