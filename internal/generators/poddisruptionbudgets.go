package generators

import policyv1 "k8s.io/api/policy/v1"

// PodDisruptionBudgets is the table of policy/v1 PodDisruptionBudget families.
var PodDisruptionBudgets = Table[*policyv1.PodDisruptionBudget]{
	Resource: policyv1.SchemeGroupVersion.WithResource("poddisruptionbudgets"),
	Kind:     "PodDisruptionBudget",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("poddisruptionbudget")},
	Families: []Family[*policyv1.PodDisruptionBudget]{
		{"kube_poddisruptionbudget_annotations", Gauge, Alpha, Labels{"annotation_*"},
			"The annotations of the budget that are let through, as labels.",
			annotations[*policyv1.PodDisruptionBudget]},

		{"kube_poddisruptionbudget_labels", Gauge, Alpha, Labels{"label_*"},
			"The labels of the budget that are let through, as labels.",
			labels[*policyv1.PodDisruptionBudget]},

		{"kube_poddisruptionbudget_created", Gauge, Stable, nil,
			"When the budget was created, in Unix seconds.",
			created[*policyv1.PodDisruptionBudget]},

		{"kube_poddisruptionbudget_status_current_healthy", Gauge, Stable, nil,
			"How many pods under the budget are healthy.",
			func(b *policyv1.PodDisruptionBudget, s *Samples) { s.Int(int64(b.Status.CurrentHealthy)) }},

		{"kube_poddisruptionbudget_status_desired_healthy", Gauge, Stable, nil,
			"How many pods under the budget have to stay healthy.",
			func(b *policyv1.PodDisruptionBudget, s *Samples) { s.Int(int64(b.Status.DesiredHealthy)) }},

		{"kube_poddisruptionbudget_status_pod_disruptions_allowed", Gauge, Stable, nil,
			"How many more pods may be evicted now.",
			func(b *policyv1.PodDisruptionBudget, s *Samples) { s.Int(int64(b.Status.DisruptionsAllowed)) }},

		{"kube_poddisruptionbudget_status_expected_pods", Gauge, Stable, nil,
			"How many pods are under the budget.",
			func(b *policyv1.PodDisruptionBudget, s *Samples) { s.Int(int64(b.Status.ExpectedPods)) }},

		{"kube_poddisruptionbudget_status_observed_generation", Gauge, Stable, nil,
			"The generation of the budget that its controller has acted on.",
			func(b *policyv1.PodDisruptionBudget, s *Samples) { s.Int(b.Status.ObservedGeneration) }},

		{"kube_poddisruptionbudget_deletion_timestamp", Gauge, Alpha, nil,
			"When the budget is due to be gone, in Unix seconds.",
			deleted[*policyv1.PodDisruptionBudget]},
	},
}
