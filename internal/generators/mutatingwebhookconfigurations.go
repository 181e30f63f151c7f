package generators

import admissionv1 "k8s.io/api/admissionregistration/v1"

// MutatingWebhookConfigurations is the table of admissionregistration.k8s.io/v1
// MutatingWebhookConfiguration families. The namespace is always empty.
var MutatingWebhookConfigurations = Table[*admissionv1.MutatingWebhookConfiguration]{
	Resource: admissionv1.SchemeGroupVersion.WithResource("mutatingwebhookconfigurations"),
	Kind:     "MutatingWebhookConfiguration",
	Scope:    Cluster,
	Identity: Identity{Namespace, Name("mutatingwebhookconfiguration")},
	Fetch: Fetch[*admissionv1.MutatingWebhookConfiguration]{
		Reads: Fields{"webhooks.name", "webhooks.clientConfig.service"},
		Older: []string{"v1beta1"},
	},
	Families: []Family[*admissionv1.MutatingWebhookConfiguration]{
		{Name: "kube_mutatingwebhookconfiguration_info", Type: Gauge, Stability: Alpha,
			Help: "Presence of the mutating webhook configuration (always 1).",
			Row:  exists[*admissionv1.MutatingWebhookConfiguration]},

		{Name: "kube_mutatingwebhookconfiguration_created", Type: Gauge, Stability: Alpha,
			Help: "Creation timestamp of the mutating webhook configuration, Unix seconds.",
			Row:  created[*admissionv1.MutatingWebhookConfiguration]},

		{Name: "kube_mutatingwebhookconfiguration_metadata_resource_version", Type: Gauge, Stability: Alpha,
			Help: "Resource version of the mutating webhook configuration.",
			Row:  resourceVersion[*admissionv1.MutatingWebhookConfiguration]},

		{Name: "kube_mutatingwebhookconfiguration_webhook_clientconfig_service", Type: Gauge, Stability: Alpha,
			Labels: Labels{"webhook_name", "service_name", "service_namespace"},
			Help:   "Webhook services of the mutating webhook configuration, empty for a URL.",
			Row: func(c *admissionv1.MutatingWebhookConfiguration, s *Samples) {
				for i := range c.Webhooks {
					webhookService(c.Webhooks[i].Name, &c.Webhooks[i].ClientConfig, s)
				}
			}},
	},
}
