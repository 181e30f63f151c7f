package generators

import corev1 "k8s.io/api/core/v1"

// ReplicationControllers is the table of v1 ReplicationController families.
var ReplicationControllers = Table[*corev1.ReplicationController]{
	Resource: corev1.SchemeGroupVersion.WithResource("replicationcontrollers"),
	Kind:     "ReplicationController",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("replicationcontroller")},
	Fetch:    Fetch[*corev1.ReplicationController]{Reads: Fields{"spec.replicas", "status"}},
	Families: []Family[*corev1.ReplicationController]{
		{Name: "kube_replicationcontroller_created", Type: Gauge, Stability: Stable,
			Help: "Creation timestamp of the replication controller, Unix seconds.",
			Row:  created[*corev1.ReplicationController]},

		{Name: "kube_replicationcontroller_status_replicas", Type: Gauge, Stability: Stable,
			Help: "Replicas of the replication controller.",
			Row:  func(r *corev1.ReplicationController, s *Samples) { s.Int(int64(r.Status.Replicas)) }},

		{Name: "kube_replicationcontroller_status_fully_labeled_replicas", Type: Gauge, Stability: Stable,
			Help: "Replicas of the replication controller with all labels of its template.",
			Row:  func(r *corev1.ReplicationController, s *Samples) { s.Int(int64(r.Status.FullyLabeledReplicas)) }},

		{Name: "kube_replicationcontroller_status_ready_replicas", Type: Gauge, Stability: Stable,
			Help: "Ready replicas of the replication controller.",
			Row:  func(r *corev1.ReplicationController, s *Samples) { s.Int(int64(r.Status.ReadyReplicas)) }},

		{Name: "kube_replicationcontroller_status_available_replicas", Type: Gauge, Stability: Stable,
			Help: "Available replicas of the replication controller.",
			Row:  func(r *corev1.ReplicationController, s *Samples) { s.Int(int64(r.Status.AvailableReplicas)) }},

		{Name: "kube_replicationcontroller_status_observed_generation", Type: Gauge, Stability: Stable,
			Help: "Generation of the replication controller last observed by its controller.",
			Row:  func(r *corev1.ReplicationController, s *Samples) { s.Int(r.Status.ObservedGeneration) }},

		{Name: "kube_replicationcontroller_spec_replicas", Type: Gauge, Stability: Stable,
			Help: "Desired replicas of the replication controller.",
			Row:  func(r *corev1.ReplicationController, s *Samples) { s.Optional32(r.Spec.Replicas) }},

		{Name: "kube_replicationcontroller_metadata_generation", Type: Gauge, Stability: Stable,
			Help: "Generation of the replication controller.",
			Row:  generation[*corev1.ReplicationController]},

		{Name: "kube_replicationcontroller_owner", Type: Gauge, Stability: Alpha, Labels: Labels{"owner_kind", "owner_name", "owner_is_controller"},
			Help: "Owners of the replication controller.",
			Row:  ownersAndController[*corev1.ReplicationController]},

		{Name: "kubestate_workload_replicas", Type: Gauge, Stability: Alpha, Group: Attribution, Identity: workload("ReplicationController"), Labels: Labels{"state"},
			Help: "Replicas of the workload, by state.",
			Row:  replicationControllerReplicas},
	},
}
