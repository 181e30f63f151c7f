package answers

import (
	"time"
)

// patience is how long a pod may take to start.
const patience = 10 * time.Minute

var pod = []string{"cluster", "namespace", "pod", "uid"}

// starting are the reasons of containers that are about to start.
var starting = []string{"ContainerCreating", "PodInitializing"}

var podsNotRunning = question{
	name: "pods-not-running", title: "Pods that do not run",
	resources: []string{"pods"}, noun: "pods", namespaced: true, identity: pod,
	good: "All %d pods run or have completed.", bad: "%d of %d pods do not run", by: "reason", order: Since,
	causes: []cause{
		{label("reason", "Unschedulable", series("kube_pod_status_unschedulable").is("==", 1)), Critical, nil},
		{series("kube_pod_container_status_waiting_reason").without("reason", starting...).is("==", 1), Critical, nil},
		{series("kube_pod_init_container_status_waiting_reason").without("reason", starting...).is("==", 1), Critical, nil},
		{label("reason", "Evicted", series("kube_pod_status_reason").with("reason", "Evicted").is("==", 1)), Warning, nil},
	},
	columns: []column{
		{name: "namespace"},
		{name: "pod"},
		{name: "container"},
		{name: "reason"},
		{name: Since, lookups: []lookup{
			{series("kube_pod_status_unscheduled_time"), pod, since},
			{series("kube_pod_created"), pod, since},
		}},
	},
}

// since formats a series whose value is a time.
func since(s *sample) string { return time.Unix(int64(s.value), 0).UTC().Format(time.RFC3339) }
