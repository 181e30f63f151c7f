package generators

import appsv1 "k8s.io/api/apps/v1"

// StatefulSets is the table of apps/v1 StatefulSet families.
var StatefulSets = Table[*appsv1.StatefulSet]{
	Resource: appsv1.SchemeGroupVersion.WithResource("statefulsets"),
	Kind:     "StatefulSet",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("statefulset")},
	Reads:    Fields{"spec.replicas", "spec.persistentVolumeClaimRetentionPolicy", "spec.ordinals", "status"},
	Families: []Family[*appsv1.StatefulSet]{
		{"kube_statefulset_created", Gauge, Stable, nil,
			"When the stateful set was created, in Unix seconds.",
			created[*appsv1.StatefulSet]},

		{"kube_statefulset_status_replicas", Gauge, Stable, nil,
			"How many pods the stateful set has.",
			func(t *appsv1.StatefulSet, s *Samples) { s.Int(int64(t.Status.Replicas)) }},

		{"kube_statefulset_status_replicas_available", Gauge, Stable, nil,
			"How many pods of the stateful set have been ready for long enough to count.",
			func(t *appsv1.StatefulSet, s *Samples) { s.Int(int64(t.Status.AvailableReplicas)) }},

		{"kube_statefulset_status_replicas_current", Gauge, Stable, nil,
			"How many pods of the stateful set have the revision from before the update.",
			func(t *appsv1.StatefulSet, s *Samples) { s.Int(int64(t.Status.CurrentReplicas)) }},

		{"kube_statefulset_status_replicas_ready", Gauge, Stable, nil,
			"How many pods of the stateful set are ready.",
			func(t *appsv1.StatefulSet, s *Samples) { s.Int(int64(t.Status.ReadyReplicas)) }},

		{"kube_statefulset_status_replicas_updated", Gauge, Stable, nil,
			"How many pods of the stateful set have the revision that is being rolled out.",
			func(t *appsv1.StatefulSet, s *Samples) { s.Int(int64(t.Status.UpdatedReplicas)) }},

		{"kube_statefulset_status_observed_generation", Gauge, Stable, nil,
			"The generation of the stateful set that its controller has acted on.",
			func(t *appsv1.StatefulSet, s *Samples) { s.Int(t.Status.ObservedGeneration) }},

		{"kube_statefulset_replicas", Gauge, Stable, nil,
			"How many pods the stateful set is to have.",
			func(t *appsv1.StatefulSet, s *Samples) { s.Optional32(t.Spec.Replicas) }},

		{"kube_statefulset_ordinals_start", Gauge, Stable, nil,
			"The number of the first pod of the stateful set.",
			func(t *appsv1.StatefulSet, s *Samples) {
				if o := t.Spec.Ordinals; o != nil {
					s.Int(int64(o.Start))
				}
			}},

		{"kube_statefulset_metadata_generation", Gauge, Stable, nil,
			"The generation of the wanted state of the stateful set.",
			generation[*appsv1.StatefulSet]},

		{"kube_statefulset_persistentvolumeclaim_retention_policy", Gauge, Stable, Labels{"when_deleted", "when_scaled"},
			"What becomes of the claims of the stateful set's pods when it is deleted and when it is scaled down.",
			func(t *appsv1.StatefulSet, s *Samples) {
				if p := t.Spec.PersistentVolumeClaimRetentionPolicy; p != nil && (p.WhenDeleted != "" || p.WhenScaled != "") {
					s.One(string(p.WhenDeleted), string(p.WhenScaled))
				}
			}},

		{"kube_statefulset_annotations", Gauge, Stable, Labels{"annotation_*"},
			"The annotations of the stateful set that are let through, as labels.",
			annotations[*appsv1.StatefulSet]},

		{"kube_statefulset_labels", Gauge, Stable, Labels{"label_*"},
			"The labels of the stateful set that are let through, as labels.",
			labels[*appsv1.StatefulSet]},

		{"kube_statefulset_status_current_revision", Gauge, Stable, Labels{"revision"},
			"The revision of the pods that are not updated yet.",
			func(t *appsv1.StatefulSet, s *Samples) { s.One(t.Status.CurrentRevision) }},

		{"kube_statefulset_status_update_revision", Gauge, Stable, Labels{"revision"},
			"The revision of the pods that are updated.",
			func(t *appsv1.StatefulSet, s *Samples) { s.One(t.Status.UpdateRevision) }},

		{"kube_statefulset_deletion_timestamp", Gauge, Stable, nil,
			"When the stateful set is due to be gone, in Unix seconds.",
			deleted[*appsv1.StatefulSet]},
	},
}
