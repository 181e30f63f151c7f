package generators

import admissionv1 "k8s.io/api/admissionregistration/v1"

// ValidatingAdmissionPolicies is the table of admissionregistration.k8s.io/v1
// ValidatingAdmissionPolicy families. The namespace is always empty.
var ValidatingAdmissionPolicies = Table[*admissionv1.ValidatingAdmissionPolicy]{
	Resource: admissionv1.SchemeGroupVersion.WithResource("validatingadmissionpolicies"),
	Kind:     "ValidatingAdmissionPolicy",
	Scope:    Cluster,
	Identity: Identity{Namespace, Name("validatingadmissionpolicy")},
	Reads:    Fields{"spec.paramKind", "spec.failurePolicy"},
	Families: []Family[*admissionv1.ValidatingAdmissionPolicy]{
		{"kube_validatingadmissionpolicy_info", Gauge, Alpha, Labels{"param_api_version", "param_kind", "failure_policy"},
			"The parameters that the policy takes, and what becomes of a request when it fails.",
			func(p *admissionv1.ValidatingAdmissionPolicy, s *Samples) {
				param := value(p.Spec.ParamKind)
				s.One(param.APIVersion, param.Kind, string(value(p.Spec.FailurePolicy)))
			}},

		{"kube_validatingadmissionpolicy_created", Gauge, Alpha, nil,
			"When the policy was created, in Unix seconds.",
			created[*admissionv1.ValidatingAdmissionPolicy]},
	},
}
