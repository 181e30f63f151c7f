package answers

var (
	deployment  = []string{"cluster", "namespace", "deployment"}
	statefulSet = []string{"cluster", "namespace", "statefulset"}
	daemonSet   = []string{"cluster", "namespace", "daemonset"}
	// named are the labels of workloads of all kinds.
	named = []string{"cluster", "namespace", "kind", "workload"}

	deploymentWanted  = series("kube_deployment_spec_replicas")
	statefulSetWanted = series("kube_statefulset_replicas")
	daemonSetWanted   = series("kube_daemonset_status_desired_number_scheduled")
)

// ofKind labels the workloads of a kind, which have their names in another label.
func ofKind(kind, from string, e expr) expr {
	return label("kind", kind, copyLabel("workload", from, e))
}

// counts is a column with the value of a series of each kind.
func counts(name, ofDeployment, ofStatefulSet, ofDaemonSet string) column {
	return lookups(name,
		lookup{series(ofDeployment), deployment, ofValue},
		lookup{series(ofStatefulSet), statefulSet, ofValue},
		lookup{series(ofDaemonSet), daemonSet, ofValue})
}

var (
	wanted    = counts("wanted", deploymentWanted.family, statefulSetWanted.family, daemonSetWanted.family)
	available = counts("available", "kube_deployment_status_replicas_available", "kube_statefulset_status_replicas_available", "kube_daemonset_status_number_available")
	updated   = counts("updated", "kube_deployment_status_replicas_updated", "kube_statefulset_status_replicas_updated", "kube_daemonset_status_updated_number_scheduled")
)

// noneAvailable reports which workloads have no available pod.
func noneAvailable(r *reader, found []sample) (none []bool) {
	for _, cell := range available.cells(r, found) {
		none = append(none, cell == "0")
	}
	return none
}

var workloadsUnavailable = question{
	name: "workloads-unavailable", title: "Workloads with too few available pods",
	resources: []string{"deployments", "statefulsets", "daemonsets"}, inNamespaces: true, identity: named,
	none: "No workloads.",
	bad:  "%d of %d workloads with fewer available pods than wanted", by: "kind", order: "missing",
	causes: []cause{
		{Warning, ofKind("Deployment", "deployment", unless(exceeds(deploymentWanted, deployment, "kube_deployment_status_replicas_available"),
			deployment, series("kube_deployment_created").ifAny().within(patience))), noneAvailable},
		{Warning, ofKind("StatefulSet", "statefulset", unless(exceeds(statefulSetWanted, statefulSet, "kube_statefulset_status_replicas_available"),
			statefulSet, series("kube_statefulset_created").ifAny().within(patience))), noneAvailable},
		{Warning, ofKind("DaemonSet", "daemonset", unless(exceeds(daemonSetWanted, daemonSet, "kube_daemonset_status_number_available"),
			daemonSet, series("kube_daemonset_created").ifAny().within(patience))), noneAvailable},
	},
	columns: append(labels("namespace", "kind", "workload"), value("missing", ofValue), available, wanted),
}

// exceeds returns the positive differences of a selector and another family.
func exceeds(left selector, on []string, right string) expr {
	return arithmetic{left, series(right), "-", on, ">", 0}
}

var deploymentConditions = series("kube_deployment_status_condition")

var rollouts = question{
	name: "rollouts-stalled", title: "Rollouts without progress",
	resources: []string{"deployments", "statefulsets", "daemonsets"}, inNamespaces: true, identity: named,
	none: "No rollouts.",
	bad:  "%d of %d workloads with a rollout without progress", by: "state",
	causes: []cause{
		{Critical, label("state", "Stalled", ofKind("Deployment", "deployment",
			deploymentConditions.with("reason", "ProgressDeadlineExceeded").with("condition", "Progressing").with("status", "false").is("==", 1))), nil},
		{Critical, label("state", "ReplicaFailure", ofKind("Deployment", "deployment",
			deploymentConditions.with("condition", "ReplicaFailure").with("status", "true").is("==", 1))), nil},
		{Warning, label("state", "Paused", ofKind("Deployment", "deployment", and(series("kube_deployment_spec_paused").is("==", 1),
			deployment, exceeds(deploymentWanted, deployment, "kube_deployment_status_replicas_updated")))), nil},
		{Warning, label("state", "Held", ofKind("StatefulSet", "statefulset", unless(
			exceeds(statefulSetWanted, statefulSet, "kube_statefulset_status_replicas_updated"), statefulSet,
			exceeds(statefulSetWanted, statefulSet, "kube_statefulset_status_replicas_available")))), nil},
		// One with a rollout replaces its pods by itself, with surge while all are available.
		{Warning, label("state", "Held", ofKind("DaemonSet", "daemonset", unless(unless(
			exceeds(daemonSetWanted, daemonSet, "kube_daemonset_status_updated_number_scheduled"), daemonSet,
			exceeds(daemonSetWanted, daemonSet, "kube_daemonset_status_number_available")),
			daemonSet, series("kubestate_daemonset_rollout").ifAny()))), nil},
	},
	columns: append(labels("namespace", "kind", "workload", "state"), updated, available, wanted),
}
