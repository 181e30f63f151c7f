package generators

import policyv1 "k8s.io/api/policy/v1"

// PodDisruptionBudgets is the table of policy/v1 PodDisruptionBudget families.
var PodDisruptionBudgets = Table[*policyv1.PodDisruptionBudget]{
	Resource: policyv1.SchemeGroupVersion.WithResource("poddisruptionbudgets"),
	Kind:     "PodDisruptionBudget",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("poddisruptionbudget")},
	Fetch:    Fetch[*policyv1.PodDisruptionBudget]{Older: []string{"v1beta1"}},
	Families: []Family[*policyv1.PodDisruptionBudget]{
		{Name: "kube_poddisruptionbudget_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "Annotations of the pod disruption budget selected by the allowlist.",
			Row:  annotations[*policyv1.PodDisruptionBudget]},

		{Name: "kube_poddisruptionbudget_labels", Type: Gauge, Stability: Alpha, Labels: Labels{"label_*"},
			Help: "Labels of the pod disruption budget selected by the allowlist.",
			Row:  labels[*policyv1.PodDisruptionBudget]},

		{Name: "kube_poddisruptionbudget_created", Type: Gauge, Stability: Stable,
			Help: "Creation timestamp of the pod disruption budget, Unix seconds.",
			Row:  created[*policyv1.PodDisruptionBudget]},

		{Name: "kube_poddisruptionbudget_status_current_healthy", Type: Gauge, Stability: Stable,
			Help: "Current healthy pods of the pod disruption budget.",
			Row:  func(b *policyv1.PodDisruptionBudget, s *Samples) { s.Int(int64(b.Status.CurrentHealthy)) }},

		{Name: "kube_poddisruptionbudget_status_desired_healthy", Type: Gauge, Stability: Stable,
			Help: "Desired healthy pods of the pod disruption budget.",
			Row:  func(b *policyv1.PodDisruptionBudget, s *Samples) { s.Int(int64(b.Status.DesiredHealthy)) }},

		{Name: "kube_poddisruptionbudget_status_pod_disruptions_allowed", Type: Gauge, Stability: Stable,
			Help: "Pod disruptions allowed by the pod disruption budget.",
			Row:  func(b *policyv1.PodDisruptionBudget, s *Samples) { s.Int(int64(b.Status.DisruptionsAllowed)) }},

		{Name: "kube_poddisruptionbudget_status_expected_pods", Type: Gauge, Stability: Stable,
			Help: "Expected pods of the pod disruption budget.",
			Row:  func(b *policyv1.PodDisruptionBudget, s *Samples) { s.Int(int64(b.Status.ExpectedPods)) }},

		{Name: "kube_poddisruptionbudget_status_observed_generation", Type: Gauge, Stability: Stable,
			Help: "Generation of the pod disruption budget last observed by its controller.",
			Row:  func(b *policyv1.PodDisruptionBudget, s *Samples) { s.Int(b.Status.ObservedGeneration) }},

		{Name: "kube_poddisruptionbudget_deletion_timestamp", Type: Gauge, Stability: Alpha,
			Help: "Deletion timestamp of the pod disruption budget, Unix seconds.",
			Row:  deleted[*policyv1.PodDisruptionBudget]},
	},
}
