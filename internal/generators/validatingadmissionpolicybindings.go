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
	Fetch:    Fetch[*admissionv1.ValidatingAdmissionPolicyBinding]{Older: []string{"v1beta1", "v1alpha1"}},
	Families: []Family[*admissionv1.ValidatingAdmissionPolicyBinding]{
		{Name: "kube_validatingadmissionpolicybinding_info", Type: Gauge, Stability: Alpha,
			Labels: Labels{"policy_name", "param_name", "param_namespace", "param_not_found_action"},
			Help:   "Policy and parameter reference of the validating admission policy binding.",
			Row: func(b *admissionv1.ValidatingAdmissionPolicyBinding, s *Samples) {
				boundPolicy(b.Spec.PolicyName, b.Spec.ParamRef, s)
			}},

		{Name: "kube_validatingadmissionpolicybinding_created", Type: Gauge, Stability: Alpha,
			Help: "Creation timestamp of the validating admission policy binding, Unix seconds.",
			Row:  created[*admissionv1.ValidatingAdmissionPolicyBinding]},

		{Name: "kube_validatingadmissionpolicybinding_validation_action", Type: Gauge, Stability: Alpha, Labels: Labels{"action"},
			Help: "Validation actions of the validating admission policy binding.",
			Row: func(b *admissionv1.ValidatingAdmissionPolicyBinding, s *Samples) {
				for _, action := range b.Spec.ValidationActions {
					s.One(string(action))
				}
			}},
	},
}
