package generators

import appsv1 "k8s.io/api/apps/v1"

// ReplicaSets is the table of apps/v1 ReplicaSet families.
var ReplicaSets = Table[*appsv1.ReplicaSet]{
	Resource: appsv1.SchemeGroupVersion.WithResource("replicasets"),
	Kind:     "ReplicaSet",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("replicaset")},
	Reads:    Fields{"spec.replicas", "status"},
	Families: []Family[*appsv1.ReplicaSet]{
		{"kube_replicaset_created", Gauge, Stable, nil,
			"When the replica set was created, in Unix seconds.",
			created[*appsv1.ReplicaSet]},

		{"kube_replicaset_status_replicas", Gauge, Stable, nil,
			"How many pods the replica set has.",
			func(r *appsv1.ReplicaSet, s *Samples) { s.Int(int64(r.Status.Replicas)) }},

		{"kube_replicaset_status_fully_labeled_replicas", Gauge, Stable, nil,
			"How many pods of the replica set have every label of its template.",
			func(r *appsv1.ReplicaSet, s *Samples) { s.Int(int64(r.Status.FullyLabeledReplicas)) }},

		{"kube_replicaset_status_ready_replicas", Gauge, Stable, nil,
			"How many pods of the replica set are ready.",
			func(r *appsv1.ReplicaSet, s *Samples) { s.Int(int64(r.Status.ReadyReplicas)) }},

		{"kube_replicaset_status_terminating_replicas", Gauge, Alpha, nil,
			"How many pods of the replica set are being deleted.",
			func(r *appsv1.ReplicaSet, s *Samples) { s.Optional32(r.Status.TerminatingReplicas) }},

		{"kube_replicaset_status_observed_generation", Gauge, Stable, nil,
			"The generation of the replica set that its controller has acted on.",
			func(r *appsv1.ReplicaSet, s *Samples) { s.Int(r.Status.ObservedGeneration) }},

		{"kube_replicaset_spec_replicas", Gauge, Stable, nil,
			"How many pods the replica set is to have.",
			func(r *appsv1.ReplicaSet, s *Samples) { s.Optional32(r.Spec.Replicas) }},

		{"kube_replicaset_metadata_generation", Gauge, Stable, nil,
			"The generation of the wanted state of the replica set.",
			generation[*appsv1.ReplicaSet]},

		{"kube_replicaset_owner", Gauge, Stable, Labels{"owner_kind", "owner_name", "owner_is_controller"},
			"What owns the replica set.",
			ownersAndController[*appsv1.ReplicaSet]},

		{"kube_replicaset_annotations", Gauge, Alpha, Labels{"annotation_*"},
			"The annotations of the replica set that are let through, as labels.",
			annotations[*appsv1.ReplicaSet]},

		{"kube_replicaset_labels", Gauge, Stable, Labels{"label_*"},
			"The labels of the replica set that are let through, as labels.",
			labels[*appsv1.ReplicaSet]},
	},
}
