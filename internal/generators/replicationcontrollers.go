package generators

import corev1 "k8s.io/api/core/v1"

// ReplicationControllers is the table of v1 ReplicationController families.
var ReplicationControllers = Table[*corev1.ReplicationController]{
	Resource: corev1.SchemeGroupVersion.WithResource("replicationcontrollers"),
	Kind:     "ReplicationController",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("replicationcontroller")},
	Reads:    Fields{"spec.replicas", "status"},
	Families: []Family[*corev1.ReplicationController]{
		{"kube_replicationcontroller_created", Gauge, Stable, nil,
			"When the replication controller was created, in Unix seconds.",
			created[*corev1.ReplicationController]},

		{"kube_replicationcontroller_status_replicas", Gauge, Stable, nil,
			"How many pods the replication controller has.",
			func(r *corev1.ReplicationController, s *Samples) { s.Int(int64(r.Status.Replicas)) }},

		{"kube_replicationcontroller_status_fully_labeled_replicas", Gauge, Stable, nil,
			"How many pods of the replication controller have every label of its template.",
			func(r *corev1.ReplicationController, s *Samples) { s.Int(int64(r.Status.FullyLabeledReplicas)) }},

		{"kube_replicationcontroller_status_ready_replicas", Gauge, Stable, nil,
			"How many pods of the replication controller are ready.",
			func(r *corev1.ReplicationController, s *Samples) { s.Int(int64(r.Status.ReadyReplicas)) }},

		{"kube_replicationcontroller_status_available_replicas", Gauge, Stable, nil,
			"How many pods of the replication controller have been ready for long enough to count.",
			func(r *corev1.ReplicationController, s *Samples) { s.Int(int64(r.Status.AvailableReplicas)) }},

		{"kube_replicationcontroller_status_observed_generation", Gauge, Stable, nil,
			"The generation of the replication controller that has been acted on.",
			func(r *corev1.ReplicationController, s *Samples) { s.Int(r.Status.ObservedGeneration) }},

		{"kube_replicationcontroller_spec_replicas", Gauge, Stable, nil,
			"How many pods the replication controller is to have.",
			func(r *corev1.ReplicationController, s *Samples) { s.Optional32(r.Spec.Replicas) }},

		{"kube_replicationcontroller_metadata_generation", Gauge, Stable, nil,
			"The generation of the wanted state of the replication controller.",
			generation[*corev1.ReplicationController]},

		{"kube_replicationcontroller_owner", Gauge, Alpha, Labels{"owner_kind", "owner_name", "owner_is_controller"},
			"What owns the replication controller.",
			ownersAndController[*corev1.ReplicationController]},
	},
}
