package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// cluster answers what is asked of a cluster first.
func cluster() spec {
	return spec{
		file: "cluster.json", uid: "kubestate-cluster", title: "Cluster overview",
		description: "Four questions about a cluster, and what stands behind the answers: nodes, requests, volumes, quotas.",
		variables: []cog.Builder[dashboard.VariableModel]{
			choice("cluster", "Cluster", "kube_node_info"),
			choice("namespace", "Namespace", "kube_namespace_created{<cluster>}"),
		},
		rows: []row{
			{"How many replicas are wanted, and how many available?", clusterReplicas()},
			{"Which pods run or fail, and why?", clusterPods()},
			{"Which containers restart, and what ended them?", clusterRestarts()},
			{"Which jobs run, and which failed?", clusterJobs()},
			{"What do nodes have left?", clusterNodes()},
			{"What is at its limit?", clusterLimits()},
		},
	}
}

// Replicas of Deployments, StatefulSets and DaemonSets, by kind and name.
const (
	replicasWanted = `(
  label_replace(label_replace(max by (cluster, namespace, deployment) (kube_deployment_spec_replicas{<namespace>}), "workload", "$1", "deployment", "(.+)"), "kind", "Deployment", "", "")
  or label_replace(label_replace(max by (cluster, namespace, statefulset) (kube_statefulset_replicas{<namespace>}), "workload", "$1", "statefulset", "(.+)"), "kind", "StatefulSet", "", "")
  or label_replace(label_replace(max by (cluster, namespace, daemonset) (kube_daemonset_status_desired_number_scheduled{<namespace>}), "workload", "$1", "daemonset", "(.+)"), "kind", "DaemonSet", "", "")
)`
	replicasAvailable = `(
  label_replace(label_replace(max by (cluster, namespace, deployment) (kube_deployment_status_replicas_available{<namespace>}), "workload", "$1", "deployment", "(.+)"), "kind", "Deployment", "", "")
  or label_replace(label_replace(max by (cluster, namespace, statefulset) (kube_statefulset_status_replicas_available{<namespace>}), "workload", "$1", "statefulset", "(.+)"), "kind", "StatefulSet", "", "")
  or label_replace(label_replace(max by (cluster, namespace, daemonset) (kube_daemonset_status_number_available{<namespace>}), "workload", "$1", "daemonset", "(.+)"), "kind", "DaemonSet", "", "")
)`
	// Of each the sum by kind and name; what lacks none is not there.
	replicasMissing = `sum by (cluster, namespace, kind, workload) (` + replicasWanted + `)
- sum by (cluster, namespace, kind, workload) (` + replicasAvailable + `) > 0`
)

func clusterReplicas() []panel {
	return []panel{
		stat(4, "Replicas wanted", "What Deployments, StatefulSets and DaemonSets want together.", "short", nil,
			ask(`sum(`+replicasWanted+`)`)),
		stat(4, "Replicas available", "How many of those serve.", "short", nil,
			ask(`sum(`+replicasAvailable+`)`)),
		stat(4, "Workloads that lack replicas", "How many have fewer available than they want.", "short", badFromOne,
			ask(`count(`+replicasMissing+`) or vector(0)`)),
		graph(12, "Replicas", "Wanted and available over time.", "short",
			show("wanted", `sum(`+replicasWanted+`)`),
			show("available", `sum(`+replicasAvailable+`)`)),
		table(24, "Missing replicas", "Workloads with fewer replicas available than wanted.", map[string]string{"Value": "missing"},
			ask(`sort_desc(`+replicasMissing+`)`)),
	}
}

func clusterPods() []panel {
	return []panel{
		stat(12, "Pods by phase", "Each pod is in one phase.", "short", nil,
			show("{{phase}}", `sum by (phase) (max by (cluster, namespace, pod, uid, phase) (kube_pod_status_phase{<namespace>}))`)),
		stat(4, "Unschedulable", "Pods for which there is no node.", "short", badFromOne,
			ask(`count(max by (cluster, namespace, pod, uid) (kube_pod_status_unschedulable{<namespace>})) or vector(0)`)),
		stat(4, "Running, not ready", "Pods that run and get no traffic.", "short", warnFromOne,
			ask(`count(
  max by (cluster, namespace, pod, uid) (kube_pod_status_ready{<namespace>, condition="false"}) == 1
  and on (cluster, namespace, pod, uid) max by (cluster, namespace, pod, uid) (kube_pod_status_phase{<namespace>, phase="Running"}) == 1
) or vector(0)`)),
		stat(4, "Namespaces", "By the phase they are in.", "short", nil,
			show("{{phase}}", `sum by (phase) (max by (cluster, namespace, phase) (kube_namespace_status_phase{<namespace>}))`)),
		stack(12, "Pods by phase over time", "A phase that grows is worth a look.", "short",
			show("{{phase}}", `sum by (phase) (max by (cluster, namespace, pod, uid, phase) (kube_pod_status_phase{<namespace>}))`)),
		bars(6, "Why containers wait", "Reasons of containers that are not running yet, or not any more.", "short", warnFromOne,
			show("{{reason}}", `count by (reason) (max by (cluster, namespace, pod, uid, container, reason) (kube_pod_container_status_waiting_reason{<namespace>}) == 1)`)),
		bars(6, "Why containers ended", "Reasons of containers that ended and were not started again.", "short", nil,
			show("{{reason}}", `count by (reason) (max by (cluster, namespace, pod, uid, container, reason) (kube_pod_container_status_terminated_reason{<namespace>}) == 1)`)),
		table(12, "Containers that wait", "With the reason that the kubelet gives.", map[string]string{"Value": ""},
			ask(`max by (cluster, namespace, pod, container, reason) (kube_pod_container_status_waiting_reason{<namespace>}) == 1`)),
		table(12, "Pods without a node", "Since when the scheduler has found none, in seconds.", map[string]string{"Value": "seconds"},
			ask(`sort_desc(time() - max by (cluster, namespace, pod) (kube_pod_status_unscheduled_time{<namespace>}))`)),
		table(12, "Pods that failed", "With what the kubelet says of the pod as a whole, such as Evicted.", map[string]string{"Value": ""},
			ask(`max by (cluster, namespace, pod, reason) (
  (kube_pod_status_reason{<namespace>} == 1) and on (cluster, namespace, pod, uid) (kube_pod_status_phase{<namespace>, phase="Failed"} == 1)
)`)),
		table(12, "Pods that run and are not ready", "Services send them nothing.", map[string]string{"Value": "not ready"},
			ask(`max by (cluster, namespace, pod) (kube_pod_status_ready{<namespace>, condition="false"}) == 1
and on (cluster, namespace, pod) max by (cluster, namespace, pod) (kube_pod_status_phase{<namespace>, phase="Running"}) == 1`)),
	}
}

func clusterRestarts() []panel {
	return []panel{
		stat(4, "Restarts in the last hour", "Of all containers.", "short", warnFromOne,
			ask(`sum(max by (cluster, namespace, pod, uid, container) (increase(kube_pod_container_status_restarts_total{<namespace>}[1h])))`)),
		stat(4, "Crash loops", "Containers that wait in CrashLoopBackOff now.", "short", badFromOne,
			ask(`count(max by (cluster, namespace, pod, uid, container) (kube_pod_container_status_waiting_reason{<namespace>, reason="CrashLoopBackOff"}) == 1) or vector(0)`)),
		stat(4, "Last killed for memory", "Containers whose last end was OOMKilled.", "short", badFromOne,
			ask(`count(max by (cluster, namespace, pod, uid, container) (kube_pod_container_status_last_terminated_reason{<namespace>, reason="OOMKilled"}) == 1) or vector(0)`)),
		stack(12, "Restarts by namespace", "Within the interval of the picture.", "short",
			show("{{namespace}}", `sum by (namespace) (max by (cluster, namespace, pod, uid, container) (increase(kube_pod_container_status_restarts_total{<namespace>}[$__rate_interval])))`)),
		table(12, "Most restarts", "Since the pods were made.", map[string]string{"Value": "restarts"},
			ask(`sort_desc(topk(20, max by (cluster, namespace, pod, container) (kube_pod_container_status_restarts_total{<namespace>}) > 0))`)),
		table(12, "What ended containers last", "Before they were started again, with the exit code.", map[string]string{"Value": "exit code"},
			ask(`max by (cluster, namespace, pod, container) (kube_pod_container_status_last_terminated_exitcode{<namespace>})
* on (cluster, namespace, pod, container) group_left (reason)
max by (cluster, namespace, pod, container, reason) (kube_pod_container_status_last_terminated_reason{<namespace>} == 1)`)),
	}
}

func clusterJobs() []panel {
	return []panel{
		stat(4, "Jobs that run", "With at least one active pod.", "short", nil,
			ask(`count(max by (cluster, namespace, job_name) (kube_job_status_active{<namespace>}) > 0) or vector(0)`)),
		stat(4, "Jobs that failed", "And have not been deleted.", "short", badFromOne,
			ask(`count(max by (cluster, namespace, job_name) (kube_job_failed{<namespace>, condition="true"}) == 1) or vector(0)`)),
		stat(4, "Jobs that completed", "And have not been deleted.", "short", nil,
			ask(`count(max by (cluster, namespace, job_name) (kube_job_complete{<namespace>, condition="true"}) == 1) or vector(0)`)),
		graph(12, "Pods of jobs", "By what became of them.", "short",
			show("active", `sum(max by (cluster, namespace, job_name) (kube_job_status_active{<namespace>}))`),
			show("succeeded", `sum(max by (cluster, namespace, job_name) (kube_job_status_succeeded{<namespace>}))`),
			show("failed", `sum(max by (cluster, namespace, job_name, reason) (kube_job_status_failed{<namespace>}))`)),
		table(8, "Failed jobs", "With the reason for which they gave up.", map[string]string{"Value": ""},
			ask(`max by (cluster, namespace, job_name, reason) (kube_job_status_failed{<namespace>, reason!=""}) > 0`)),
		table(8, "Jobs that run", "For how many seconds.", map[string]string{"Value": "seconds"},
			ask(`sort_desc(time() - max by (cluster, namespace, job_name) (kube_job_status_start_time{<namespace>})
and on (cluster, namespace, job_name) max by (cluster, namespace, job_name) (kube_job_status_active{<namespace>}) > 0)`)),
		table(8, "Cron jobs that are late", "Seconds since the time at which they were due.", map[string]string{"Value": "seconds"},
			ask(`sort_desc(time() - max by (cluster, namespace, cronjob) (kube_cronjob_next_schedule_time{<namespace>}) > 600
unless on (cluster, namespace, cronjob) max by (cluster, namespace, cronjob) (kube_cronjob_spec_suspend{<namespace>}) == 1)`)),
	}
}

func clusterNodes() []panel {
	return []panel{
		stat(4, "Nodes", "All that there are.", "short", nil,
			ask(`count(max by (cluster, node) (kube_node_info{<cluster>}))`)),
		stat(4, "Nodes that are ready", "By their own word.", "short", nil,
			ask(`sum(max by (cluster, node) (kube_node_status_condition{<cluster>, condition="Ready", status="true"}))`)),
		stat(4, "Cordoned", "Nodes that take no new pods.", "short", warnFromOne,
			ask(`sum(max by (cluster, node) (kube_node_spec_unschedulable{<cluster>}))`)),
		table(12, "Nodes in trouble", "Conditions that should not be.", map[string]string{"Value": ""},
			ask(`max by (cluster, node, condition) (
  (kube_node_status_condition{<cluster>, condition!="Ready", status="true"} == 1)
  or (kube_node_status_condition{<cluster>, condition="Ready", status=~"false|unknown"} == 1)
)`)),
		bars(8, "CPU requested", "Share of what the node has for pods.", "percentunit", nearlyFull,
			show("{{node}}", requested("cpu"))),
		bars(8, "Memory requested", "Share of what the node has for pods.", "percentunit", nearlyFull,
			show("{{node}}", requested("memory"))),
		bars(8, "Pods", "Share of the pods that the node may have.", "percentunit", nearlyFull,
			show("{{node}}", `count by (cluster, node) (
  max by (cluster, namespace, pod, uid, node) (kube_pod_info{<cluster>, node!=""})
  * on (cluster, namespace, pod, uid) group_left () max by (cluster, namespace, pod, uid) (kube_pod_status_phase{<cluster>, phase=~"Pending|Running|Unknown"} == 1)
) / on (cluster, node) max by (cluster, node) (kube_node_status_allocatable{<cluster>, resource="pods"})`)),
	}
}

// requested is the share of a resource that the pods of a node request, those left out that ended.
func requested(resource string) string {
	return `sum by (cluster, node) (
  max by (cluster, namespace, pod, uid, container, node) (kube_pod_container_resource_requests{<cluster>, resource="` + resource + `", node!=""})
  * on (cluster, namespace, pod, uid) group_left () max by (cluster, namespace, pod, uid) (kube_pod_status_phase{<cluster>, phase=~"Pending|Running|Unknown"} == 1)
) / on (cluster, node) max by (cluster, node) (kube_node_status_allocatable{<cluster>, resource="` + resource + `"})`
}

func clusterLimits() []panel {
	return []panel{
		bars(8, "Quotas", "Share that is used.", "percentunit", nearlyFull,
			show("{{namespace}} {{resource}}", `max by (cluster, namespace, resourcequota, resource) (kube_resourcequota{<namespace>, type="used"})
/ (max by (cluster, namespace, resourcequota, resource) (kube_resourcequota{<namespace>, type="hard"}) > 0)`)),
		bars(8, "Autoscalers", "Replicas wanted, as a share of the maximum.", "percentunit", nearlyFull,
			show("{{namespace}} {{horizontalpodautoscaler}}", `max by (cluster, namespace, horizontalpodautoscaler) (kube_horizontalpodautoscaler_status_desired_replicas{<namespace>})
/ max by (cluster, namespace, horizontalpodautoscaler) (kube_horizontalpodautoscaler_spec_max_replicas{<namespace>})`)),
		table(8, "Disruption budgets that allow none", "A node with one of their pods cannot be drained.", map[string]string{"Value": "allowed"},
			ask(`max by (cluster, namespace, poddisruptionbudget) (kube_poddisruptionbudget_status_pod_disruptions_allowed{<namespace>}) == 0`)),
		table(12, "Claims without a volume", "Pods that use them do not start.", map[string]string{"Value": ""},
			ask(`max by (cluster, namespace, persistentvolumeclaim, phase) (kube_persistentvolumeclaim_status_phase{<namespace>, phase=~"Pending|Lost"}) == 1`)),
		table(12, "Volumes that nobody uses", "They cost what they cost.", map[string]string{"Value": ""},
			ask(`max by (cluster, persistentvolume, phase) (kube_persistentvolume_status_phase{<cluster>, phase=~"Available|Released|Failed"}) == 1`)),
	}
}
