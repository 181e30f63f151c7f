package answers

import "time"

// patience is the age up to which unfinished objects are no findings.
const patience = 10 * time.Minute

var (
	pod       = []string{"cluster", "namespace", "pod", "uid"}
	container = []string{"cluster", "namespace", "pod", "uid", "container"}

	phase         = series("kube_pod_status_phase")
	waiting       = series("kube_pod_container_status_waiting_reason")
	initWaiting   = series("kube_pod_init_container_status_waiting_reason")
	unschedulable = series("kube_pod_status_unschedulable")
	evicted       = series("kube_pod_status_reason").with("reason", "Evicted").is("==", 1)
	ofJobs        = series("kube_pod_owner").with("owner_kind", "Job")
	longCreated   = series("kube_pod_created").before(patience)
	// failed are pods that have ended, whatever their containers have waited for.
	failed = phase.with("phase", "Failed").is("==", 1)
	// gated are pods that the scheduler is told not to look at yet, as those of a queue.
	gated   = series("kube_pod_status_reason").with("reason", "SchedulingGated").is("==", 1)
	leaving = series("kube_pod_deletion_timestamp")
	// done are containers that are not started again.
	done = series("kube_pod_container_status_terminated_reason").ifAny().with("reason", "Completed").is("==", 1)

	// starting are the reasons of containers that are about to start.
	starting = []string{"ContainerCreating", "PodInitializing"}
)

var podsNotRunning = question{
	name: "pods-not-running", title: "Pods that do not run",
	resources: []string{"pods"}, inNamespaces: true, identity: pod,
	none: "No pods.",
	bad:  "%d of %d pods not running", by: "reason", order: "since",
	causes: []cause{
		{Warning, label("reason", "Unschedulable", unless(unschedulable.is("==", 1), pod, gated)), createdLongAgo},
		{Critical, unless(waiting.without("reason", starting...).is("==", 1), pod, failed), nil},
		{Critical, unless(initWaiting.without("reason", starting...).is("==", 1), pod, failed), nil},
		{Critical, label("reason", "Unknown", phase.with("phase", "Unknown").is("==", 1)), nil},
		{Warning, unless(and(initWaiting.with("reason", starting...).is("==", 1), pod, longCreated), pod, failed), nil},
		{Warning, unless(unless(and(waiting.with("reason", starting...).is("==", 1), pod, longCreated), pod, initWaiting), pod, failed), nil},
		{Warning, label("reason", "Pending",
			and(unless(unless(unless(phase.with("phase", "Pending").is("==", 1), pod, unschedulable), pod, waiting), pod, initWaiting), pod, longCreated)), nil},
		{Warning, label("reason", "NotReady",
			unless(unless(unless(and(and(unless(series("kube_pod_status_ready").with("condition", "false").is("==", 1), pod, waiting),
				pod, phase.with("phase", "Running").is("==", 1)), pod, longCreated), pod, ofJobs), pod, leaving), pod, done)), nil},
		{Warning, evicted, nil},
		{Warning, label("reason", "Failed", unless(unless(failed, pod, ofJobs), pod, evicted)), nil},
		{Warning, label("reason", "Terminating", leaving.before(patience)), nil},
	},
	columns: append(labels("namespace", "pod", "container", "reason"),
		lookups("restarts", lookup{series("kube_pod_container_status_restarts_total").is(">", 0), container, ofValue}),
		workload,
		lookups("since",
			lookup{series("kube_pod_status_unscheduled_time"), pod, ofTime},
			lookup{series("kube_pod_container_status_last_terminated_timestamp"), container, ofTime},
			lookup{leaving, pod, ofTime},
			lookup{series("kube_pod_completion_time"), pod, ofTime},
			lookup{series("kube_pod_created"), pod, ofTime},
		)),
}

// createdLongAgo reports which pods were created some time ago.
func createdLongAgo(r *reader, found []sample) (all []bool) {
	old := keysOf(longCreated.eval(r, keysOf(found, pod)), pod)
	for i := range found {
		all = append(all, old.has(&found[i]))
	}
	return all
}

// recently is the age up to which restarts are findings.
const recently = time.Hour

var restarts = question{
	name: "restarts", title: "Containers that restarted",
	resources: []string{"pods"}, inNamespaces: true, identity: pod,
	none: "No pods.",
	bad:  "%d of %d pods with containers that restarted within the last hour", by: "ended by", order: "restarts",
	causes: []cause{
		{Warning, and(series("kube_pod_container_status_last_terminated_timestamp").within(recently),
			container, series("kube_pod_container_status_restarts_total").is(">", 0)), nil},
		{Warning, and(series("kube_pod_init_container_status_last_terminated_timestamp").within(recently),
			container, series("kube_pod_init_container_status_restarts_total").is(">", 0)), nil},
	},
	columns: append(labels("namespace", "pod", "container"),
		lookups("restarts",
			lookup{series("kube_pod_container_status_restarts_total"), container, ofValue},
			lookup{series("kube_pod_init_container_status_restarts_total"), container, ofValue}),
		lookups("ended by",
			lookup{series("kube_pod_container_status_last_terminated_reason"), container, ofLabel("reason")},
			lookup{series("kube_pod_init_container_status_last_terminated_reason"), container, ofLabel("reason")}),
		lookups("exit code",
			lookup{series("kube_pod_container_status_last_terminated_exitcode"), container, ofValue},
			lookup{series("kube_pod_init_container_status_last_terminated_exitcode"), container, ofValue}),
		workload,
		lookups("ended",
			lookup{series("kube_pod_container_status_last_terminated_timestamp"), container, ofTime},
			lookup{series("kube_pod_init_container_status_last_terminated_timestamp"), container, ofTime})),
}
