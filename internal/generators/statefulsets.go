package generators

import appsv1 "k8s.io/api/apps/v1"

// StatefulSets is the table of apps/v1 StatefulSet families.
var StatefulSets = Table[*appsv1.StatefulSet]{
	Resource: appsv1.SchemeGroupVersion.WithResource("statefulsets"),
	Kind:     "StatefulSet",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("statefulset")},
	Fetch:    Fetch[*appsv1.StatefulSet]{Reads: Fields{"spec.replicas", "spec.persistentVolumeClaimRetentionPolicy", "spec.ordinals", "status"}},
	Families: []Family[*appsv1.StatefulSet]{
		{Name: "kube_statefulset_created", Type: Gauge, Stability: Stable,
			Help: "When the stateful set was created, in Unix seconds.",
			Row:  created[*appsv1.StatefulSet]},

		{Name: "kube_statefulset_status_replicas", Type: Gauge, Stability: Stable,
			Help: "How many pods the stateful set has.",
			Row:  func(t *appsv1.StatefulSet, s *Samples) { s.Int(int64(t.Status.Replicas)) }},

		{Name: "kube_statefulset_status_replicas_available", Type: Gauge, Stability: Stable,
			Help: "How many pods of the stateful set have been ready for long enough to count.",
			Row:  func(t *appsv1.StatefulSet, s *Samples) { s.Int(int64(t.Status.AvailableReplicas)) }},

		{Name: "kube_statefulset_status_replicas_current", Type: Gauge, Stability: Stable,
			Help: "How many pods of the stateful set have the revision from before the update.",
			Row:  func(t *appsv1.StatefulSet, s *Samples) { s.Int(int64(t.Status.CurrentReplicas)) }},

		{Name: "kube_statefulset_status_replicas_ready", Type: Gauge, Stability: Stable,
			Help: "How many pods of the stateful set are ready.",
			Row:  func(t *appsv1.StatefulSet, s *Samples) { s.Int(int64(t.Status.ReadyReplicas)) }},

		{Name: "kube_statefulset_status_replicas_updated", Type: Gauge, Stability: Stable,
			Help: "How many pods of the stateful set have the revision that is being rolled out.",
			Row:  func(t *appsv1.StatefulSet, s *Samples) { s.Int(int64(t.Status.UpdatedReplicas)) }},

		{Name: "kube_statefulset_status_observed_generation", Type: Gauge, Stability: Stable,
			Help: "The generation of the stateful set that its controller has acted on.",
			Row:  func(t *appsv1.StatefulSet, s *Samples) { s.Int(t.Status.ObservedGeneration) }},

		{Name: "kube_statefulset_replicas", Type: Gauge, Stability: Stable,
			Help: "How many pods the stateful set is to have.",
			Row:  func(t *appsv1.StatefulSet, s *Samples) { s.Optional32(t.Spec.Replicas) }},

		{Name: "kube_statefulset_ordinals_start", Type: Gauge, Stability: Stable,
			Help: "The number of the first pod of the stateful set.",
			Row: func(t *appsv1.StatefulSet, s *Samples) {
				if o := t.Spec.Ordinals; o != nil {
					s.Int(int64(o.Start))
				}
			}},

		{Name: "kube_statefulset_metadata_generation", Type: Gauge, Stability: Stable,
			Help: "The generation of the wanted state of the stateful set.",
			Row:  generation[*appsv1.StatefulSet]},

		{Name: "kube_statefulset_persistentvolumeclaim_retention_policy", Type: Gauge, Stability: Stable, Labels: Labels{"when_deleted", "when_scaled"},
			Help: "What becomes of the claims of the stateful set's pods when it is deleted and when it is scaled down.",
			Row: func(t *appsv1.StatefulSet, s *Samples) {
				if p := t.Spec.PersistentVolumeClaimRetentionPolicy; p != nil && (p.WhenDeleted != "" || p.WhenScaled != "") {
					s.One(string(p.WhenDeleted), string(p.WhenScaled))
				}
			}},

		{Name: "kube_statefulset_annotations", Type: Gauge, Stability: Stable, Labels: Labels{"annotation_*"},
			Help: "The annotations of the stateful set that are let through, as labels.",
			Row:  annotations[*appsv1.StatefulSet]},

		{Name: "kube_statefulset_labels", Type: Gauge, Stability: Stable, Labels: Labels{"label_*"},
			Help: "The labels of the stateful set that are let through, as labels.",
			Row:  labels[*appsv1.StatefulSet]},

		{Name: "kube_statefulset_status_current_revision", Type: Gauge, Stability: Stable, Labels: Labels{"revision"},
			Help: "The revision of the pods that are not updated yet.",
			Row:  func(t *appsv1.StatefulSet, s *Samples) { s.One(t.Status.CurrentRevision) }},

		{Name: "kube_statefulset_status_update_revision", Type: Gauge, Stability: Stable, Labels: Labels{"revision"},
			Help: "The revision of the pods that are updated.",
			Row:  func(t *appsv1.StatefulSet, s *Samples) { s.One(t.Status.UpdateRevision) }},

		{Name: "kube_statefulset_deletion_timestamp", Type: Gauge, Stability: Stable,
			Help: "When the stateful set is due to be gone, in Unix seconds.",
			Row:  deleted[*appsv1.StatefulSet]},
	},
}
