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
	Fetch:    Fetch[*admissionv1.MutatingAdmissionPolicyBinding]{Older: []string{"v1beta1", "v1alpha1"}},
	Families: []Family[*admissionv1.MutatingAdmissionPolicyBinding]{
		{Name: "kube_mutatingadmissionpolicybinding_info", Type: Gauge, Stability: Alpha,
			Labels: Labels{"policy_name", "param_name", "param_namespace", "param_not_found_action"},
			Help:   "Policy and parameter reference of the mutating admission policy binding.",
			Row: func(b *admissionv1.MutatingAdmissionPolicyBinding, s *Samples) {
				boundPolicy(b.Spec.PolicyName, b.Spec.ParamRef, s)
			}},

		{Name: "kube_mutatingadmissionpolicybinding_created", Type: Gauge, Stability: Alpha,
			Help: "Creation timestamp of the mutating admission policy binding, Unix seconds.",
			Row:  created[*admissionv1.MutatingAdmissionPolicyBinding]},
	},
}
