package generators

import appsv1 "k8s.io/api/apps/v1"

// DaemonSets is the table of apps/v1 DaemonSet families.
var DaemonSets = Table[*appsv1.DaemonSet]{
	Resource: appsv1.SchemeGroupVersion.WithResource("daemonsets"),
	Kind:     "DaemonSet",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("daemonset")},
	Fetch:    Fetch[*appsv1.DaemonSet]{Reads: Fields{"status"}},
	Families: []Family[*appsv1.DaemonSet]{
		{Name: "kube_daemonset_created", Type: Gauge, Stability: Stable,
			Help: "When the daemon set was created, in Unix seconds.",
			Row:  created[*appsv1.DaemonSet]},

		{Name: "kube_daemonset_status_current_number_scheduled", Type: Gauge, Stability: Stable,
			Help: "On how many nodes a pod of the daemon set is where one is wanted.",
			Row:  func(d *appsv1.DaemonSet, s *Samples) { s.Int(int64(d.Status.CurrentNumberScheduled)) }},

		{Name: "kube_daemonset_status_desired_number_scheduled", Type: Gauge, Stability: Stable,
			Help: "On how many nodes a pod of the daemon set is wanted.",
			Row:  func(d *appsv1.DaemonSet, s *Samples) { s.Int(int64(d.Status.DesiredNumberScheduled)) }},

		{Name: "kube_daemonset_status_number_available", Type: Gauge, Stability: Stable,
			Help: "On how many nodes a wanted pod of the daemon set has been ready for long enough to count.",
			Row:  func(d *appsv1.DaemonSet, s *Samples) { s.Int(int64(d.Status.NumberAvailable)) }},

		{Name: "kube_daemonset_status_number_misscheduled", Type: Gauge, Stability: Stable,
			Help: "On how many nodes a pod of the daemon set is where none is wanted.",
			Row:  func(d *appsv1.DaemonSet, s *Samples) { s.Int(int64(d.Status.NumberMisscheduled)) }},

		{Name: "kube_daemonset_status_number_ready", Type: Gauge, Stability: Stable,
			Help: "On how many nodes a wanted pod of the daemon set is ready.",
			Row:  func(d *appsv1.DaemonSet, s *Samples) { s.Int(int64(d.Status.NumberReady)) }},

		{Name: "kube_daemonset_status_number_unavailable", Type: Gauge, Stability: Stable,
			Help: "On how many nodes a wanted pod of the daemon set is missing or not available.",
			Row:  func(d *appsv1.DaemonSet, s *Samples) { s.Int(int64(d.Status.NumberUnavailable)) }},

		{Name: "kube_daemonset_status_observed_generation", Type: Gauge, Stability: Stable,
			Help: "The generation of the daemon set that its controller has acted on.",
			Row:  func(d *appsv1.DaemonSet, s *Samples) { s.Int(d.Status.ObservedGeneration) }},

		{Name: "kube_daemonset_status_updated_number_scheduled", Type: Gauge, Stability: Stable,
			Help: "On how many nodes the pod of the daemon set has the current template.",
			Row:  func(d *appsv1.DaemonSet, s *Samples) { s.Int(int64(d.Status.UpdatedNumberScheduled)) }},

		{Name: "kube_daemonset_metadata_generation", Type: Gauge, Stability: Stable,
			Help: "The generation of the wanted state of the daemon set.",
			Row:  generation[*appsv1.DaemonSet]},

		{Name: "kube_daemonset_deletion_timestamp", Type: Gauge, Stability: Alpha,
			Help: "When the daemon set is due to be gone, in Unix seconds.",
			Row:  deleted[*appsv1.DaemonSet]},

		{Name: "kube_daemonset_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "The annotations of the daemon set that are let through, as labels.",
			Row:  annotations[*appsv1.DaemonSet]},

		{Name: "kube_daemonset_labels", Type: Gauge, Stability: Stable, Labels: Labels{"label_*"},
			Help: "The labels of the daemon set that are let through, as labels.",
			Row:  labels[*appsv1.DaemonSet]},
	},
}
