package generators

import admissionv1 "k8s.io/api/admissionregistration/v1"

// MutatingAdmissionPolicyBindings is the table of
// admissionregistration.k8s.io/v1 MutatingAdmissionPolicyBinding families. The
// namespace is always empty.
var MutatingAdmissionPolicyBindings = Table[*admissionv1.MutatingAdmissionPolicyBinding]{
	Resource: admissionv1.SchemeGroupVersion.WithResource("mutatingadmissionpolicybindings"),
	Kind:     "MutatingAdmissionPolicyBinding",
	Scope:    Cluster,
	Identity: Identity{Namespace, Name("mutatingadmissionpolicybinding")},
	Families: []Family[*admissionv1.MutatingAdmissionPolicyBinding]{
		{"kube_mutatingadmissionpolicybinding_info", Gauge, Alpha,
			Labels{"policy_name", "param_name", "param_namespace", "param_not_found_action"},
			"The policy that the binding puts to use, and with which parameters.",
			func(b *admissionv1.MutatingAdmissionPolicyBinding, s *Samples) {
				boundPolicy(b.Spec.PolicyName, b.Spec.ParamRef, s)
			}},

		{"kube_mutatingadmissionpolicybinding_created", Gauge, Alpha, nil,
			"When the binding was created, in Unix seconds.",
			created[*admissionv1.MutatingAdmissionPolicyBinding]},
	},
}
