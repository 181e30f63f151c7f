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
	Reads:    Fields{"webhooks.name", "webhooks.clientConfig.service"},
	Families: []Family[*admissionv1.ValidatingWebhookConfiguration]{
		{"kube_validatingwebhookconfiguration_info", Gauge, Alpha, nil,
			"That there is the webhook configuration.",
			exists[*admissionv1.ValidatingWebhookConfiguration]},

		{"kube_validatingwebhookconfiguration_created", Gauge, Alpha, nil,
			"When the webhook configuration was created, in Unix seconds.",
			created[*admissionv1.ValidatingWebhookConfiguration]},

		{"kube_validatingwebhookconfiguration_metadata_resource_version", Gauge, Alpha, nil,
			"The resource version of the webhook configuration.",
			resourceVersion[*admissionv1.ValidatingWebhookConfiguration]},

		{"kube_validatingwebhookconfiguration_webhook_clientconfig_service", Gauge, Alpha,
			Labels{"webhook_name", "service_name", "service_namespace"},
			"The service that each webhook calls, empty for one that calls a URL.",
			func(c *admissionv1.ValidatingWebhookConfiguration, s *Samples) {
				for i := range c.Webhooks {
					webhookService(c.Webhooks[i].Name, &c.Webhooks[i].ClientConfig, s)
				}
			}},
	},
}
