package generators

import admissionv1 "k8s.io/api/admissionregistration/v1"

// ValidatingAdmissionPolicyBindings is the table of
// admissionregistration.k8s.io/v1 ValidatingAdmissionPolicyBinding families.
// The namespace is always empty.
var ValidatingAdmissionPolicyBindings = Table[*admissionv1.ValidatingAdmissionPolicyBinding]{
	Resource: admissionv1.SchemeGroupVersion.WithResource("validatingadmissionpolicybindings"),
	Kind:     "ValidatingAdmissionPolicyBinding",
	Scope:    Cluster,
	Identity: Identity{Namespace, Name("validatingadmissionpolicybinding")},
	Families: []Family[*admissionv1.ValidatingAdmissionPolicyBinding]{
		{"kube_validatingadmissionpolicybinding_info", Gauge, Alpha,
			Labels{"policy_name", "param_name", "param_namespace", "param_not_found_action"},
			"The policy that the binding puts to use, and with which parameters.",
			func(b *admissionv1.ValidatingAdmissionPolicyBinding, s *Samples) {
				boundPolicy(b.Spec.PolicyName, b.Spec.ParamRef, s)
			}},

		{"kube_validatingadmissionpolicybinding_created", Gauge, Alpha, nil,
			"When the binding was created, in Unix seconds.",
			created[*admissionv1.ValidatingAdmissionPolicyBinding]},

		{"kube_validatingadmissionpolicybinding_validation_action", Gauge, Alpha, Labels{"action"},
			"What is done about a request that the policy finds fault with.",
			func(b *admissionv1.ValidatingAdmissionPolicyBinding, s *Samples) {
				for _, action := range b.Spec.ValidationActions {
					s.One(string(action))
				}
			}},
	},
}
