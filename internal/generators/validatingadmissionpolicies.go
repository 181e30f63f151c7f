package generators

import admissionv1 "k8s.io/api/admissionregistration/v1"

// ValidatingAdmissionPolicies is the table of admissionregistration.k8s.io/v1
// ValidatingAdmissionPolicy families. The namespace is always empty.
var ValidatingAdmissionPolicies = Table[*admissionv1.ValidatingAdmissionPolicy]{
	Resource: admissionv1.SchemeGroupVersion.WithResource("validatingadmissionpolicies"),
	Kind:     "ValidatingAdmissionPolicy",
	Scope:    Cluster,
	Identity: Identity{Namespace, Name("validatingadmissionpolicy")},
	Fetch: Fetch[*admissionv1.ValidatingAdmissionPolicy]{
		Reads: Fields{"spec.paramKind", "spec.failurePolicy"},
		Older: []string{"v1beta1", "v1alpha1"},
	},
	Families: []Family[*admissionv1.ValidatingAdmissionPolicy]{
		{Name: "kube_validatingadmissionpolicy_info", Type: Gauge, Stability: Alpha, Labels: Labels{"param_api_version", "param_kind", "failure_policy"},
			Help: "Parameter kind and failure policy of the validating admission policy.",
			Row: func(p *admissionv1.ValidatingAdmissionPolicy, s *Samples) {
				param := value(p.Spec.ParamKind)
				s.One(param.APIVersion, param.Kind, string(value(p.Spec.FailurePolicy)))
			}},

		{Name: "kube_validatingadmissionpolicy_created", Type: Gauge, Stability: Alpha,
			Help: "Creation timestamp of the validating admission policy, Unix seconds.",
			Row:  created[*admissionv1.ValidatingAdmissionPolicy]},
	},
}
