package generators

import admissionv1 "k8s.io/api/admissionregistration/v1"

// Rows that mutating and validating admission share.

// webhookService adds the service of a webhook, empty for a webhook with a URL.
func webhookService(webhook string, c *admissionv1.WebhookClientConfig, s *Samples) {
	service := value(c.Service)
	s.One(webhook, service.Name, service.Namespace)
}

// boundPolicy adds the policy of a binding and its parameter reference, if any.
func boundPolicy(policy string, ref *admissionv1.ParamRef, s *Samples) {
	param := value(ref)
	s.One(policy, param.Name, param.Namespace, string(value(param.ParameterNotFoundAction)))
}
