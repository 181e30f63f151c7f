package generators

import admissionv1 "k8s.io/api/admissionregistration/v1"

// MutatingWebhookConfigurations is the table of admissionregistration.k8s.io/v1
// MutatingWebhookConfiguration families. The namespace is always empty.
var MutatingWebhookConfigurations = Table[*admissionv1.MutatingWebhookConfiguration]{
	Resource: admissionv1.SchemeGroupVersion.WithResource("mutatingwebhookconfigurations"),
	Kind:     "MutatingWebhookConfiguration",
	Scope:    Cluster,
	Identity: Identity{Namespace, Name("mutatingwebhookconfiguration")},
	Reads:    Fields{"webhooks.name", "webhooks.clientConfig.service"},
	Families: []Family[*admissionv1.MutatingWebhookConfiguration]{
		{"kube_mutatingwebhookconfiguration_info", Gauge, Alpha, nil,
			"That there is the webhook configuration.",
			exists[*admissionv1.MutatingWebhookConfiguration]},

		{"kube_mutatingwebhookconfiguration_created", Gauge, Alpha, nil,
			"When the webhook configuration was created, in Unix seconds.",
			created[*admissionv1.MutatingWebhookConfiguration]},

		{"kube_mutatingwebhookconfiguration_metadata_resource_version", Gauge, Alpha, nil,
			"The resource version of the webhook configuration.",
			resourceVersion[*admissionv1.MutatingWebhookConfiguration]},

		{"kube_mutatingwebhookconfiguration_webhook_clientconfig_service", Gauge, Alpha,
			Labels{"webhook_name", "service_name", "service_namespace"},
			"The service that each webhook calls, empty for one that calls a URL.",
			func(c *admissionv1.MutatingWebhookConfiguration, s *Samples) {
				for i := range c.Webhooks {
					webhookService(c.Webhooks[i].Name, &c.Webhooks[i].ClientConfig, s)
				}
			}},
	},
}
