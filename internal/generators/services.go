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
			Help: "Cluster IP, external name, load balancer IP and external traffic policy of the service.",
			Row: func(v *corev1.Service, s *Samples) {
				s.One(v.Spec.ClusterIP, v.Spec.ExternalName, v.Spec.LoadBalancerIP, string(v.Spec.ExternalTrafficPolicy))
			}},

		{Name: "kube_service_created", Type: Gauge, Stability: Stable,
			Help: "Creation timestamp of the service, Unix seconds.",
			Row:  created[*corev1.Service]},

		{Name: "kube_service_spec_type", Type: Gauge, Stability: Stable, Labels: Labels{"type"},
			Help: "Type of the service.",
			Row:  func(v *corev1.Service, s *Samples) { s.One(string(v.Spec.Type)) }},

		{Name: "kube_service_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "Annotations of the service selected by the allowlist.",
			Row:  annotations[*corev1.Service]},

		{Name: "kube_service_labels", Type: Gauge, Stability: Stable, Labels: Labels{"label_*"},
			Help: "Labels of the service selected by the allowlist.",
			Row:  labels[*corev1.Service]},

		{Name: "kube_service_spec_external_ip", Type: Gauge, Stability: Stable, Labels: Labels{"external_ip"},
			Help: "External IPs of the service.",
			Row: func(v *corev1.Service, s *Samples) {
				for _, ip := range v.Spec.ExternalIPs {
					s.One(ip)
				}
			}},

		{Name: "kube_service_status_load_balancer_ingress", Type: Gauge, Stability: Stable, Labels: Labels{"ip", "hostname"},
			Help: "Load balancer ingress points of the service.",
			Row: func(v *corev1.Service, s *Samples) {
				for i := range v.Status.LoadBalancer.Ingress {
					ingress := &v.Status.LoadBalancer.Ingress[i]
					s.One(ingress.IP, ingress.Hostname)
				}
			}},

		{Name: "kube_service_deletion_timestamp", Type: Gauge, Stability: Alpha,
			Help: "Deletion timestamp of the service, Unix seconds.",
			Row:  deleted[*corev1.Service]},
	},
}
