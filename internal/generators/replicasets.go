package generators

import appsv1 "k8s.io/api/apps/v1"

// ReplicaSets is the table of apps/v1 ReplicaSet families.
var ReplicaSets = Table[*appsv1.ReplicaSet]{
	Resource: appsv1.SchemeGroupVersion.WithResource("replicasets"),
	Kind:     "ReplicaSet",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("replicaset")},
	Fetch:    Fetch[*appsv1.ReplicaSet]{Reads: Fields{"spec.replicas", "status"}},
	Families: []Family[*appsv1.ReplicaSet]{
		{Name: "kube_replicaset_created", Type: Gauge, Stability: Stable,
			Help: "When the replica set was created, in Unix seconds.",
			Row:  created[*appsv1.ReplicaSet]},

		{Name: "kube_replicaset_status_replicas", Type: Gauge, Stability: Stable,
			Help: "How many pods the replica set has.",
			Row:  func(r *appsv1.ReplicaSet, s *Samples) { s.Int(int64(r.Status.Replicas)) }},

		{Name: "kube_replicaset_status_fully_labeled_replicas", Type: Gauge, Stability: Stable,
			Help: "How many pods of the replica set have every label of its template.",
			Row:  func(r *appsv1.ReplicaSet, s *Samples) { s.Int(int64(r.Status.FullyLabeledReplicas)) }},

		{Name: "kube_replicaset_status_ready_replicas", Type: Gauge, Stability: Stable,
			Help: "How many pods of the replica set are ready.",
			Row:  func(r *appsv1.ReplicaSet, s *Samples) { s.Int(int64(r.Status.ReadyReplicas)) }},

		{Name: "kube_replicaset_status_terminating_replicas", Type: Gauge, Stability: Alpha,
			Help: "How many pods of the replica set are being deleted.",
			Row:  func(r *appsv1.ReplicaSet, s *Samples) { s.Optional32(r.Status.TerminatingReplicas) }},

		{Name: "kube_replicaset_status_observed_generation", Type: Gauge, Stability: Stable,
			Help: "The generation of the replica set that its controller has acted on.",
			Row:  func(r *appsv1.ReplicaSet, s *Samples) { s.Int(r.Status.ObservedGeneration) }},

		{Name: "kube_replicaset_spec_replicas", Type: Gauge, Stability: Stable,
			Help: "How many pods the replica set is to have.",
			Row:  func(r *appsv1.ReplicaSet, s *Samples) { s.Optional32(r.Spec.Replicas) }},

		{Name: "kube_replicaset_metadata_generation", Type: Gauge, Stability: Stable,
			Help: "The generation of the wanted state of the replica set.",
			Row:  generation[*appsv1.ReplicaSet]},

		{Name: "kube_replicaset_owner", Type: Gauge, Stability: Stable, Labels: Labels{"owner_kind", "owner_name", "owner_is_controller"},
			Help: "What owns the replica set.",
			Row:  ownersAndController[*appsv1.ReplicaSet]},

		{Name: "kube_replicaset_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "The annotations of the replica set that are let through, as labels.",
			Row:  annotations[*appsv1.ReplicaSet]},

		{Name: "kube_replicaset_labels", Type: Gauge, Stability: Stable, Labels: Labels{"label_*"},
			Help: "The labels of the replica set that are let through, as labels.",
			Row:  labels[*appsv1.ReplicaSet]},
	},
}
