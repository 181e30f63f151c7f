package generators

import corev1 "k8s.io/api/core/v1"

// Services is the table of v1 Service families.
var Services = Table[*corev1.Service]{
	Resource: corev1.SchemeGroupVersion.WithResource("services"),
	Kind:     "Service",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("service"), UID},
	Families: []Family[*corev1.Service]{
		{Name: "kube_service_info", Type: Gauge, Stability: Stable, Labels: Labels{"cluster_ip", "external_name", "load_balancer_ip", "external_traffic_policy"},
			Help: "How the service is reached.",
			Row: func(v *corev1.Service, s *Samples) {
				s.One(v.Spec.ClusterIP, v.Spec.ExternalName, v.Spec.LoadBalancerIP, string(v.Spec.ExternalTrafficPolicy))
			}},

		{Name: "kube_service_created", Type: Gauge, Stability: Stable,
			Help: "When the service was created, in Unix seconds.",
			Row:  created[*corev1.Service]},

		{Name: "kube_service_spec_type", Type: Gauge, Stability: Stable, Labels: Labels{"type"},
			Help: "The type of the service.",
			Row:  func(v *corev1.Service, s *Samples) { s.One(string(v.Spec.Type)) }},

		{Name: "kube_service_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "The annotations of the service that are let through, as labels.",
			Row:  annotations[*corev1.Service]},

		{Name: "kube_service_labels", Type: Gauge, Stability: Stable, Labels: Labels{"label_*"},
			Help: "The labels of the service that are let through, as labels.",
			Row:  labels[*corev1.Service]},

		{Name: "kube_service_spec_external_ip", Type: Gauge, Stability: Stable, Labels: Labels{"external_ip"},
			Help: "The addresses from outside the cluster at which nodes take traffic for the service.",
			Row: func(v *corev1.Service, s *Samples) {
				for _, ip := range v.Spec.ExternalIPs {
					s.One(ip)
				}
			}},

		{Name: "kube_service_status_load_balancer_ingress", Type: Gauge, Stability: Stable, Labels: Labels{"ip", "hostname"},
			Help: "The addresses at which load balancers take traffic for the service.",
			Row: func(v *corev1.Service, s *Samples) {
				for i := range v.Status.LoadBalancer.Ingress {
					ingress := &v.Status.LoadBalancer.Ingress[i]
					s.One(ingress.IP, ingress.Hostname)
				}
			}},

		{Name: "kube_service_deletion_timestamp", Type: Gauge, Stability: Alpha,
			Help: "When the service is due to be gone, in Unix seconds.",
			Row:  deleted[*corev1.Service]},
	},
}
