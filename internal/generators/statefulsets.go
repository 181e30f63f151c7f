package generators

import appsv1 "k8s.io/api/apps/v1"

// StatefulSets is the table of apps/v1 StatefulSet families.
var StatefulSets = Table[*appsv1.StatefulSet]{
	Resource: appsv1.SchemeGroupVersion.WithResource("statefulsets"),
	Kind:     "StatefulSet",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("statefulset")},
	Fetch: Fetch[*appsv1.StatefulSet]{Reads: Fields{
		"spec.replicas", "spec.updateStrategy", "spec.persistentVolumeClaimRetentionPolicy", "spec.ordinals", "status",
	}},
	Families: []Family[*appsv1.StatefulSet]{
		{Name: "kube_statefulset_created", Type: Gauge, Stability: Stable,
			Help: "Creation timestamp of the stateful set, Unix seconds.",
			Row:  created[*appsv1.StatefulSet]},

		{Name: "kube_statefulset_status_replicas", Type: Gauge, Stability: Stable,
			Help: "Replicas of the stateful set.",
			Row:  func(t *appsv1.StatefulSet, s *Samples) { s.Int(int64(t.Status.Replicas)) }},

		{Name: "kube_statefulset_status_replicas_available", Type: Gauge, Stability: Stable,
			Help: "Available replicas of the stateful set.",
			Row:  func(t *appsv1.StatefulSet, s *Samples) { s.Int(int64(t.Status.AvailableReplicas)) }},

		{Name: "kube_statefulset_status_replicas_current", Type: Gauge, Stability: Stable,
			Help: "Current-revision replicas of the stateful set.",
			Row:  func(t *appsv1.StatefulSet, s *Samples) { s.Int(int64(t.Status.CurrentReplicas)) }},

		{Name: "kube_statefulset_status_replicas_ready", Type: Gauge, Stability: Stable,
			Help: "Ready replicas of the stateful set.",
			Row:  func(t *appsv1.StatefulSet, s *Samples) { s.Int(int64(t.Status.ReadyReplicas)) }},

		{Name: "kube_statefulset_status_replicas_updated", Type: Gauge, Stability: Stable,
			Help: "Update-revision replicas of the stateful set.",
			Row:  func(t *appsv1.StatefulSet, s *Samples) { s.Int(int64(t.Status.UpdatedReplicas)) }},

		{Name: "kube_statefulset_status_observed_generation", Type: Gauge, Stability: Stable,
			Help: "Generation of the stateful set last observed by its controller.",
			Row:  func(t *appsv1.StatefulSet, s *Samples) { s.Int(t.Status.ObservedGeneration) }},

		{Name: "kube_statefulset_replicas", Type: Gauge, Stability: Stable,
			Help: "Desired replicas of the stateful set.",
			Row:  func(t *appsv1.StatefulSet, s *Samples) { s.Optional32(t.Spec.Replicas) }},

		{Name: "kube_statefulset_ordinals_start", Type: Gauge, Stability: Stable,
			Help: "Start ordinal of the stateful set.",
			Row: func(t *appsv1.StatefulSet, s *Samples) {
				if o := t.Spec.Ordinals; o != nil {
					s.Int(int64(o.Start))
				}
			}},

		{Name: "kube_statefulset_metadata_generation", Type: Gauge, Stability: Stable,
			Help: "Generation of the stateful set.",
			Row:  generation[*appsv1.StatefulSet]},

		{Name: "kube_statefulset_persistentvolumeclaim_retention_policy", Type: Gauge, Stability: Stable, Labels: Labels{"when_deleted", "when_scaled"},
			Help: "Persistent volume claim retention policy of the stateful set.",
			Row: func(t *appsv1.StatefulSet, s *Samples) {
				if p := t.Spec.PersistentVolumeClaimRetentionPolicy; p != nil && (p.WhenDeleted != "" || p.WhenScaled != "") {
					s.One(string(p.WhenDeleted), string(p.WhenScaled))
				}
			}},

		{Name: "kube_statefulset_annotations", Type: Gauge, Stability: Stable, Labels: Labels{"annotation_*"},
			Help: "Annotations of the stateful set selected by the allowlist.",
			Row:  annotations[*appsv1.StatefulSet]},

		{Name: "kube_statefulset_labels", Type: Gauge, Stability: Stable, Labels: Labels{"label_*"},
			Help: "Labels of the stateful set selected by the allowlist.",
			Row:  labels[*appsv1.StatefulSet]},

		{Name: "kube_statefulset_status_current_revision", Type: Gauge, Stability: Stable, Labels: Labels{"revision"},
			Help: "Current revision of the stateful set.",
			Row:  func(t *appsv1.StatefulSet, s *Samples) { s.One(t.Status.CurrentRevision) }},

		{Name: "kube_statefulset_status_update_revision", Type: Gauge, Stability: Stable, Labels: Labels{"revision"},
			Help: "Update revision of the stateful set.",
			Row:  func(t *appsv1.StatefulSet, s *Samples) { s.One(t.Status.UpdateRevision) }},

		{Name: "kube_statefulset_deletion_timestamp", Type: Gauge, Stability: Stable,
			Help: "Deletion timestamp of the stateful set, Unix seconds.",
			Row:  deleted[*appsv1.StatefulSet]},

		{Name: "kubestate_workload_replicas", Type: Gauge, Stability: Alpha, Group: Attribution, Identity: workload("StatefulSet"), Labels: Labels{"state"},
			Help: "Replicas of the workload, by state.",
			Row:  statefulSetReplicas},

		{Name: "kubestate_statefulset_rollout", Type: Gauge, Stability: Alpha, Sparse: true, Group: Verdicts, Labels: Labels{"state"},
			Help: "Rollout state of the stateful set by the rules of kubectl rollout status (1 for the current state).",
			Row:  statefulSetRollout},
	},
}
