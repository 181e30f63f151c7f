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
			Help:   "The parameters that the policy takes, what becomes of a request when it fails, and whether it may be run again.",
			Row: func(p *admissionv1.MutatingAdmissionPolicy, s *Samples) {
				param := value(p.Spec.ParamKind)
				s.One(param.APIVersion, param.Kind, string(value(p.Spec.FailurePolicy)), string(p.Spec.ReinvocationPolicy))
			}},

		{Name: "kube_mutatingadmissionpolicy_created", Type: Gauge, Stability: Alpha,
			Help: "When the policy was created, in Unix seconds.",
			Row:  created[*admissionv1.MutatingAdmissionPolicy]},
	},
}
