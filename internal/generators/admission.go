package generators

import admissionv1 "k8s.io/api/admissionregistration/v1"

// Rows that mutating and validating admission share.

// webhookService adds the service that a webhook calls; one that calls a URL
// has none.
func webhookService(webhook string, c *admissionv1.WebhookClientConfig, s *Samples) {
	service := value(c.Service)
	s.One(webhook, service.Name, service.Namespace)
}

// boundPolicy adds the policy of a binding and the object that it gives the
// policy as a parameter, if any.
func boundPolicy(policy string, ref *admissionv1.ParamRef, s *Samples) {
	param := value(ref)
	s.One(policy, param.Name, param.Namespace, string(value(param.ParameterNotFoundAction)))
}
