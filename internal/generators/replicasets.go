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
			Help: "Creation timestamp of the replica set, Unix seconds.",
			Row:  created[*appsv1.ReplicaSet]},

		{Name: "kube_replicaset_status_replicas", Type: Gauge, Stability: Stable,
			Help: "Replicas of the replica set.",
			Row:  func(r *appsv1.ReplicaSet, s *Samples) { s.Int(int64(r.Status.Replicas)) }},

		{Name: "kube_replicaset_status_fully_labeled_replicas", Type: Gauge, Stability: Stable,
			Help: "Replicas of the replica set with all labels of its template.",
			Row:  func(r *appsv1.ReplicaSet, s *Samples) { s.Int(int64(r.Status.FullyLabeledReplicas)) }},

		{Name: "kube_replicaset_status_ready_replicas", Type: Gauge, Stability: Stable,
			Help: "Ready replicas of the replica set.",
			Row:  func(r *appsv1.ReplicaSet, s *Samples) { s.Int(int64(r.Status.ReadyReplicas)) }},

		{Name: "kube_replicaset_status_terminating_replicas", Type: Gauge, Stability: Alpha,
			Help: "Terminating replicas of the replica set.",
			Row:  func(r *appsv1.ReplicaSet, s *Samples) { s.Optional32(r.Status.TerminatingReplicas) }},

		{Name: "kube_replicaset_status_observed_generation", Type: Gauge, Stability: Stable,
			Help: "Generation of the replica set last observed by its controller.",
			Row:  func(r *appsv1.ReplicaSet, s *Samples) { s.Int(r.Status.ObservedGeneration) }},

		{Name: "kube_replicaset_spec_replicas", Type: Gauge, Stability: Stable,
			Help: "Desired replicas of the replica set.",
			Row:  func(r *appsv1.ReplicaSet, s *Samples) { s.Optional32(r.Spec.Replicas) }},

		{Name: "kube_replicaset_metadata_generation", Type: Gauge, Stability: Stable,
			Help: "Generation of the replica set.",
			Row:  generation[*appsv1.ReplicaSet]},

		{Name: "kube_replicaset_owner", Type: Gauge, Stability: Stable, Labels: Labels{"owner_kind", "owner_name", "owner_is_controller"},
			Help: "Owners of the replica set.",
			Row:  ownersAndController[*appsv1.ReplicaSet]},

		{Name: "kube_replicaset_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "Annotations of the replica set selected by the allowlist.",
			Row:  annotations[*appsv1.ReplicaSet]},

		{Name: "kube_replicaset_labels", Type: Gauge, Stability: Stable, Labels: Labels{"label_*"},
			Help: "Labels of the replica set selected by the allowlist.",
			Row:  labels[*appsv1.ReplicaSet]},

		{Name: "kubestate_workload_replicas", Type: Gauge, Stability: Alpha, Group: Attribution, Identity: workload("ReplicaSet"), Labels: Labels{"state"},
			Help: "Replicas of the workload, by state.",
			Row:  replicaSetReplicas},
	},
}
