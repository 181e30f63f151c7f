package generators

import appsv1 "k8s.io/api/apps/v1"

// DaemonSets is the table of apps/v1 DaemonSet families.
var DaemonSets = Table[*appsv1.DaemonSet]{
	Resource: appsv1.SchemeGroupVersion.WithResource("daemonsets"),
	Kind:     "DaemonSet",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("daemonset")},
	Reads:    Fields{"status"},
	Families: []Family[*appsv1.DaemonSet]{
		{"kube_daemonset_created", Gauge, Stable, nil,
			"When the daemon set was created, in Unix seconds.",
			created[*appsv1.DaemonSet]},

		{"kube_daemonset_status_current_number_scheduled", Gauge, Stable, nil,
			"On how many nodes a pod of the daemon set is where one is wanted.",
			func(d *appsv1.DaemonSet, s *Samples) { s.Int(int64(d.Status.CurrentNumberScheduled)) }},

		{"kube_daemonset_status_desired_number_scheduled", Gauge, Stable, nil,
			"On how many nodes a pod of the daemon set is wanted.",
			func(d *appsv1.DaemonSet, s *Samples) { s.Int(int64(d.Status.DesiredNumberScheduled)) }},

		{"kube_daemonset_status_number_available", Gauge, Stable, nil,
			"On how many nodes a wanted pod of the daemon set has been ready for long enough to count.",
			func(d *appsv1.DaemonSet, s *Samples) { s.Int(int64(d.Status.NumberAvailable)) }},

		{"kube_daemonset_status_number_misscheduled", Gauge, Stable, nil,
			"On how many nodes a pod of the daemon set is where none is wanted.",
			func(d *appsv1.DaemonSet, s *Samples) { s.Int(int64(d.Status.NumberMisscheduled)) }},

		{"kube_daemonset_status_number_ready", Gauge, Stable, nil,
			"On how many nodes a wanted pod of the daemon set is ready.",
			func(d *appsv1.DaemonSet, s *Samples) { s.Int(int64(d.Status.NumberReady)) }},

		{"kube_daemonset_status_number_unavailable", Gauge, Stable, nil,
			"On how many nodes a wanted pod of the daemon set is missing or not available.",
			func(d *appsv1.DaemonSet, s *Samples) { s.Int(int64(d.Status.NumberUnavailable)) }},

		{"kube_daemonset_status_observed_generation", Gauge, Stable, nil,
			"The generation of the daemon set that its controller has acted on.",
			func(d *appsv1.DaemonSet, s *Samples) { s.Int(d.Status.ObservedGeneration) }},

		{"kube_daemonset_status_updated_number_scheduled", Gauge, Stable, nil,
			"On how many nodes the pod of the daemon set has the current template.",
			func(d *appsv1.DaemonSet, s *Samples) { s.Int(int64(d.Status.UpdatedNumberScheduled)) }},

		{"kube_daemonset_metadata_generation", Gauge, Stable, nil,
			"The generation of the wanted state of the daemon set.",
			generation[*appsv1.DaemonSet]},

		{"kube_daemonset_deletion_timestamp", Gauge, Alpha, nil,
			"When the daemon set is due to be gone, in Unix seconds.",
			deleted[*appsv1.DaemonSet]},

		{"kube_daemonset_annotations", Gauge, Alpha, Labels{"annotation_*"},
			"The annotations of the daemon set that are let through, as labels.",
			annotations[*appsv1.DaemonSet]},

		{"kube_daemonset_labels", Gauge, Stable, Labels{"label_*"},
			"The labels of the daemon set that are let through, as labels.",
			labels[*appsv1.DaemonSet]},
	},
}
