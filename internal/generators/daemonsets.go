package generators

import appsv1 "k8s.io/api/apps/v1"

// DaemonSets is the table of apps/v1 DaemonSet families.
var DaemonSets = Table[*appsv1.DaemonSet]{
	Resource: appsv1.SchemeGroupVersion.WithResource("daemonsets"),
	Kind:     "DaemonSet",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("daemonset")},
	Fetch:    Fetch[*appsv1.DaemonSet]{Reads: Fields{"spec.updateStrategy.type", "status"}},
	Families: []Family[*appsv1.DaemonSet]{
		{Name: "kube_daemonset_created", Type: Gauge, Stability: Stable,
			Help: "Creation timestamp of the daemon set, Unix seconds.",
			Row:  created[*appsv1.DaemonSet]},

		{Name: "kube_daemonset_status_current_number_scheduled", Type: Gauge, Stability: Stable,
			Help: "Nodes that should run a pod of the daemon set and have one.",
			Row:  func(d *appsv1.DaemonSet, s *Samples) { s.Int(int64(d.Status.CurrentNumberScheduled)) }},

		{Name: "kube_daemonset_status_desired_number_scheduled", Type: Gauge, Stability: Stable,
			Help: "Nodes that should run a pod of the daemon set.",
			Row:  func(d *appsv1.DaemonSet, s *Samples) { s.Int(int64(d.Status.DesiredNumberScheduled)) }},

		{Name: "kube_daemonset_status_number_available", Type: Gauge, Stability: Stable,
			Help: "Nodes that should run a pod of the daemon set and have an available one.",
			Row:  func(d *appsv1.DaemonSet, s *Samples) { s.Int(int64(d.Status.NumberAvailable)) }},

		{Name: "kube_daemonset_status_number_misscheduled", Type: Gauge, Stability: Stable,
			Help: "Nodes that run a pod of the daemon set but should not.",
			Row:  func(d *appsv1.DaemonSet, s *Samples) { s.Int(int64(d.Status.NumberMisscheduled)) }},

		{Name: "kube_daemonset_status_number_ready", Type: Gauge, Stability: Stable,
			Help: "Nodes that should run a pod of the daemon set and have a ready one.",
			Row:  func(d *appsv1.DaemonSet, s *Samples) { s.Int(int64(d.Status.NumberReady)) }},

		{Name: "kube_daemonset_status_number_unavailable", Type: Gauge, Stability: Stable,
			Help: "Nodes that should run a pod of the daemon set and have no available one.",
			Row:  func(d *appsv1.DaemonSet, s *Samples) { s.Int(int64(d.Status.NumberUnavailable)) }},

		{Name: "kube_daemonset_status_observed_generation", Type: Gauge, Stability: Stable,
			Help: "Generation of the daemon set last observed by its controller.",
			Row:  func(d *appsv1.DaemonSet, s *Samples) { s.Int(d.Status.ObservedGeneration) }},

		{Name: "kube_daemonset_status_updated_number_scheduled", Type: Gauge, Stability: Stable,
			Help: "Nodes that run an updated pod of the daemon set.",
			Row:  func(d *appsv1.DaemonSet, s *Samples) { s.Int(int64(d.Status.UpdatedNumberScheduled)) }},

		{Name: "kube_daemonset_metadata_generation", Type: Gauge, Stability: Stable,
			Help: "Generation of the daemon set.",
			Row:  generation[*appsv1.DaemonSet]},

		{Name: "kube_daemonset_deletion_timestamp", Type: Gauge, Stability: Alpha,
			Help: "Deletion timestamp of the daemon set, Unix seconds.",
			Row:  deleted[*appsv1.DaemonSet]},

		{Name: "kube_daemonset_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "Annotations of the daemon set selected by the allowlist.",
			Row:  annotations[*appsv1.DaemonSet]},

		{Name: "kube_daemonset_labels", Type: Gauge, Stability: Stable, Labels: Labels{"label_*"},
			Help: "Labels of the daemon set selected by the allowlist.",
			Row:  labels[*appsv1.DaemonSet]},

		{Name: "kubestate_workload_replicas", Type: Gauge, Stability: Alpha, Group: Attribution, Identity: workload("DaemonSet"), Labels: Labels{"state"},
			Help: "Replicas of the workload, by state.",
			Row:  daemonSetReplicas},

		{Name: "kubestate_daemonset_rollout", Type: Gauge, Stability: Alpha, Sparse: true, Group: Verdicts, Labels: Labels{"state"},
			Help: "Rollout state of the daemon set by the rules of kubectl rollout status (1 for the current state).",
			Row:  daemonSetRollout},
	},
}
