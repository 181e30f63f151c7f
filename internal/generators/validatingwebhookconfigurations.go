package generators

import admissionv1 "k8s.io/api/admissionregistration/v1"

// ValidatingWebhookConfigurations is the table of
// admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration families. The
// namespace is always empty.
var ValidatingWebhookConfigurations = Table[*admissionv1.ValidatingWebhookConfiguration]{
	Resource: admissionv1.SchemeGroupVersion.WithResource("validatingwebhookconfigurations"),
	Kind:     "ValidatingWebhookConfiguration",
	Scope:    Cluster,
	Identity: Identity{Namespace, Name("validatingwebhookconfiguration")},
	Fetch: Fetch[*admissionv1.ValidatingWebhookConfiguration]{
		Reads: Fields{"webhooks.name", "webhooks.clientConfig.service"},
		Older: []string{"v1beta1"},
	},
	Families: []Family[*admissionv1.ValidatingWebhookConfiguration]{
		{Name: "kube_validatingwebhookconfiguration_info", Type: Gauge, Stability: Alpha,
			Help: "Presence of the validating webhook configuration (always 1).",
			Row:  exists[*admissionv1.ValidatingWebhookConfiguration]},

		{Name: "kube_validatingwebhookconfiguration_created", Type: Gauge, Stability: Alpha,
			Help: "Creation timestamp of the validating webhook configuration, Unix seconds.",
			Row:  created[*admissionv1.ValidatingWebhookConfiguration]},

		{Name: "kube_validatingwebhookconfiguration_metadata_resource_version", Type: Gauge, Stability: Alpha,
			Help: "Resource version of the validating webhook configuration.",
			Row:  resourceVersion[*admissionv1.ValidatingWebhookConfiguration]},

		{Name: "kube_validatingwebhookconfiguration_webhook_clientconfig_service", Type: Gauge, Stability: Alpha,
			Labels: Labels{"webhook_name", "service_name", "service_namespace"},
			Help:   "Webhook services of the validating webhook configuration, empty for a URL.",
			Row: func(c *admissionv1.ValidatingWebhookConfiguration, s *Samples) {
				for i := range c.Webhooks {
					webhookService(c.Webhooks[i].Name, &c.Webhooks[i].ClientConfig, s)
				}
			}},
	},
}
