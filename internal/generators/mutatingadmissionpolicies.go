package generators

import admissionv1 "k8s.io/api/admissionregistration/v1"

// MutatingAdmissionPolicies is the table of admissionregistration.k8s.io/v1
// MutatingAdmissionPolicy families. The namespace is always empty.
var MutatingAdmissionPolicies = Table[*admissionv1.MutatingAdmissionPolicy]{
	Resource: admissionv1.SchemeGroupVersion.WithResource("mutatingadmissionpolicies"),
	Kind:     "MutatingAdmissionPolicy",
	Scope:    Cluster,
	Identity: Identity{Namespace, Name("mutatingadmissionpolicy")},
	Fetch: Fetch[*admissionv1.MutatingAdmissionPolicy]{
		Reads: Fields{"spec.paramKind", "spec.failurePolicy", "spec.reinvocationPolicy"},
		Older: []string{"v1beta1", "v1alpha1"},
	},
	Families: []Family[*admissionv1.MutatingAdmissionPolicy]{
		{Name: "kube_mutatingadmissionpolicy_info", Type: Gauge, Stability: Alpha,
			Labels: Labels{"param_api_version", "param_kind", "failure_policy", "reinvocation_policy"},
			Help:   "Parameter kind, failure policy and reinvocation policy of the mutating admission policy.",
			Row: func(p *admissionv1.MutatingAdmissionPolicy, s *Samples) {
				param := value(p.Spec.ParamKind)
				s.One(param.APIVersion, param.Kind, string(value(p.Spec.FailurePolicy)), string(p.Spec.ReinvocationPolicy))
			}},

		{Name: "kube_mutatingadmissionpolicy_created", Type: Gauge, Stability: Alpha,
			Help: "Creation timestamp of the mutating admission policy, Unix seconds.",
			Row:  created[*admissionv1.MutatingAdmissionPolicy]},
	},
}
