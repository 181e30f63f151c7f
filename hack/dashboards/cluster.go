package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// cluster is the overview of a cluster.
func cluster() spec {
	return spec{
		file: "cluster.json", uid: "kubestate-cluster", title: "Cluster overview",
		description: "Replicas, pods, restarts, jobs, nodes, requests, volumes and quotas of a cluster.",
		variables: []cog.Builder[dashboard.VariableModel]{
			choice("cluster", "Cluster", "kube_node_info"),
			choice("namespace", "Namespace", "kube_namespace_created{<cluster>}"),
		},
		rows: []row{
			{"Replicas", clusterReplicas()},
			{"Pods", clusterPods()},
			{"Restarts", clusterRestarts()},
			{"Jobs", clusterJobs()},
			{"Nodes", clusterNodes()},
			{"Limits", clusterLimits()},
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
	// Missing replicas by kind and name, without complete workloads.
	replicasMissing = `sum by (cluster, namespace, kind, workload) (` + replicasWanted + `)
- sum by (cluster, namespace, kind, workload) (` + replicasAvailable + `) > 0`
)

func clusterReplicas() []panel {
	return []panel{
		stat(4, "Desired replicas", "Of Deployments, StatefulSets and DaemonSets.", "short", nil,
			ask(`sum(`+replicasWanted+`)`)),
		stat(4, "Available replicas", "Of those.", "short", nil,
			ask(`sum(`+replicasAvailable+`)`)),
		stat(4, "Workloads with missing replicas", "Fewer available than desired.", "short", badFromOne,
			ask(`count(`+replicasMissing+`) or vector(0)`)),
		graph(12, "Replicas", "Desired and available.", "short",
			show("desired", `sum(`+replicasWanted+`)`),
			show("available", `sum(`+replicasAvailable+`)`)),
		table(24, "Missing replicas", "Workloads with fewer available replicas than desired.", map[string]string{"Value": "missing"},
			ask(`sort_desc(`+replicasMissing+`)`)),
	}
}

func clusterPods() []panel {
	return []panel{
		stat(12, "Pods by phase", "Current number.", "short", nil,
			show("{{phase}}", `count by (phase) (max by (cluster, namespace, pod, uid, phase) (kube_pod_status_phase{<namespace>}) == 1)`)),
		stat(4, "Unschedulable", "Pods without a suitable node.", "short", badFromOne,
			ask(`count(max by (cluster, namespace, pod, uid) (kube_pod_status_unschedulable{<namespace>})) or vector(0)`)),
		stat(4, "Running, not ready", "Running pods without traffic.", "short", warnFromOne,
			ask(`count(
  max by (cluster, namespace, pod, uid) (kube_pod_status_ready{<namespace>, condition="false"}) == 1
  and on (cluster, namespace, pod, uid) max by (cluster, namespace, pod, uid) (kube_pod_status_phase{<namespace>, phase="Running"}) == 1
) or vector(0)`)),
		stat(4, "Namespaces", "By phase.", "short", nil,
			show("{{phase}}", `count by (phase) (max by (cluster, namespace, phase) (kube_namespace_status_phase{<namespace>}) == 1)`)),
		stack(12, "Pods by phase over time", "Watch phases that grow.", "short",
			show("{{phase}}", `count by (phase) (max by (cluster, namespace, pod, uid, phase) (kube_pod_status_phase{<namespace>}) == 1)`)),
		bars(6, "Waiting reasons", "Of waiting containers.", "short", warnFromOne,
			show("{{reason}}", `count by (reason) (max by (cluster, namespace, pod, uid, container, reason) (kube_pod_container_status_waiting_reason{<namespace>}) == 1)`)),
		bars(6, "Termination reasons", "Of terminated containers.", "short", nil,
			show("{{reason}}", `count by (reason) (max by (cluster, namespace, pod, uid, container, reason) (kube_pod_container_status_terminated_reason{<namespace>}) == 1)`)),
		table(12, "Waiting containers", "With the kubelet's reason.", map[string]string{"Value": ""},
			ask(`max by (cluster, namespace, pod, container, reason) (kube_pod_container_status_waiting_reason{<namespace>}) == 1`)),
		table(12, "Unschedulable pods", "Seconds without a node.", map[string]string{"Value": "seconds"},
			ask(`sort_desc(time() - max by (cluster, namespace, pod) (kube_pod_status_unscheduled_time{<namespace>}))`)),
		table(12, "Failed pods", "With the kubelet's reason, such as Evicted.", map[string]string{"Value": ""},
			ask(`max by (cluster, namespace, pod, reason) (
  (kube_pod_status_reason{<namespace>} == 1) and on (cluster, namespace, pod, uid) (kube_pod_status_phase{<namespace>, phase="Failed"} == 1)
)`)),
		table(12, "Unready pods", "Running, without traffic of Services.", map[string]string{"Value": "not ready"},
			ask(`max by (cluster, namespace, pod) (kube_pod_status_ready{<namespace>, condition="false"}) == 1
and on (cluster, namespace, pod) max by (cluster, namespace, pod) (kube_pod_status_phase{<namespace>, phase="Running"}) == 1`)),
	}
}

func clusterRestarts() []panel {
	return []panel{
		stat(4, "Restarts in the last hour", "All containers.", "short", warnFromOne,
			ask(`sum(increase(max by (cluster, namespace, pod, uid, container) (kube_pod_container_status_restarts_total{<namespace>})[1h:]))`)),
		stat(4, "Crash loops", "Containers in CrashLoopBackOff.", "short", badFromOne,
			ask(`count(max by (cluster, namespace, pod, uid, container) (kube_pod_container_status_waiting_reason{<namespace>, reason="CrashLoopBackOff"}) == 1) or vector(0)`)),
		stat(4, "OOM kills", "Containers OOM-killed within an hour; without the group counters, containers whose last termination was OOMKilled.", "short", badFromOne,
			ask(`count(sum by (cluster, namespace, workload_kind, workload, container) (increase(kubestate_workload_container_terminations_total{<namespace>, reason="OOMKilled"}[1h])) > 0)
or count(max by (cluster, namespace, pod, uid, container) (kube_pod_container_status_last_terminated_reason{<namespace>, reason="OOMKilled"}) == 1)
  unless on () group(kubestate_workload_container_terminations_total{<namespace>})
or vector(0)`)),
		stack(12, "Restarts by namespace", "Per graph interval.", "short",
			show("{{cluster}} {{namespace}}", `sum by (cluster, namespace) (increase(max by (cluster, namespace, pod, uid, container) (kube_pod_container_status_restarts_total{<namespace>})[$__rate_interval:]))`)),
		table(12, "Most restarts", "Since the creation of the pod.", map[string]string{"Value": "restarts"},
			ask(`sort_desc(topk(20, max by (cluster, namespace, pod, container) (kube_pod_container_status_restarts_total{<namespace>}) > 0))`)),
		table(12, "Last terminations", "Reason and exit code.", map[string]string{"Value": "exit code"},
			ask(`max by (cluster, namespace, pod, container) (kube_pod_container_status_last_terminated_exitcode{<namespace>})
* on (cluster, namespace, pod, container) group_left (reason)
max by (cluster, namespace, pod, container, reason) (kube_pod_container_status_last_terminated_reason{<namespace>} == 1)`)),
	}
}

func clusterJobs() []panel {
	return []panel{
		stat(4, "Active jobs", "With an active pod.", "short", nil,
			ask(`count(max by (cluster, namespace, job_name) (kube_job_status_active{<namespace>}) > 0) or vector(0)`)),
		stat(4, "Failed jobs", "Not deleted; with the group verdicts, not superseded by a success of their cron job.", "short", badFromOne,
			ask(`count(
  max by (cluster, namespace, job_name) (kubestate_job_failed_for_good{<namespace>}) == 1
  or max by (cluster, namespace, job_name) (kube_job_failed{<namespace>, condition="true"}) == 1
    unless on (cluster, namespace, job_name) group by (cluster, namespace, job_name) (kubestate_job_failed_for_good{<namespace>})
) or vector(0)`)),
		stat(4, "Completed jobs", "Not deleted yet.", "short", nil,
			ask(`count(max by (cluster, namespace, job_name) (kube_job_complete{<namespace>, condition="true"}) == 1) or vector(0)`)),
		graph(12, "Pods of jobs", "By outcome.", "short",
			show("active", `sum(max by (cluster, namespace, job_name) (kube_job_status_active{<namespace>}))`),
			show("succeeded", `sum(max by (cluster, namespace, job_name) (kube_job_status_succeeded{<namespace>}))`),
			show("failed", `sum(max by (cluster, namespace, job_name, reason) (kube_job_status_failed{<namespace>}))`)),
		table(8, "Failed jobs by reason", "With the reason of the failure.", map[string]string{"Value": ""},
			ask(`max by (cluster, namespace, job_name, reason) (kube_job_status_failed{<namespace>, reason!=""}) > 0`)),
		table(8, "Running jobs", "Duration in seconds.", map[string]string{"Value": "seconds"},
			ask(`sort_desc(time() - max by (cluster, namespace, job_name) (kube_job_status_start_time{<namespace>})
and on (cluster, namespace, job_name) max by (cluster, namespace, job_name) (kube_job_status_active{<namespace>}) > 0)`)),
		table(8, "Late cron jobs", "Seconds since the scheduled time.", map[string]string{"Value": "seconds"},
			ask(`sort_desc(time() - max by (cluster, namespace, cronjob) (kube_cronjob_next_schedule_time{<namespace>}) > 600
unless on (cluster, namespace, cronjob) max by (cluster, namespace, cronjob) (kube_cronjob_spec_suspend{<namespace>}) == 1)`)),
	}
}

func clusterNodes() []panel {
	return []panel{
		stat(4, "Nodes", "All nodes.", "short", nil,
			ask(`count(max by (cluster, node) (kube_node_info{<cluster>}))`)),
		stat(4, "Ready nodes", "Condition Ready.", "short", nil,
			ask(`count(max by (cluster, node) (kube_node_status_condition{<cluster>, condition="Ready", status="true"}) == 1) or vector(0)`)),
		stat(4, "Cordoned nodes", "Unschedulable nodes.", "short", warnFromOne,
			ask(`sum(max by (cluster, node) (kube_node_spec_unschedulable{<cluster>}))`)),
		table(12, "Node conditions", "Conditions that indicate a problem.", map[string]string{"Value": ""},
			ask(`max by (cluster, node, condition) (
  (kube_node_status_condition{<cluster>, condition!="Ready", status="true"} == 1)
  or (kube_node_status_condition{<cluster>, condition="Ready", status=~"false|unknown"} == 1)
)`)),
		bars(8, "CPU requests", "Share of the allocatable CPU.", "percentunit", nearlyFull,
			show("{{cluster}} {{node}}", requested("cpu"))),
		bars(8, "Memory requests", "Share of the allocatable memory.", "percentunit", nearlyFull,
			show("{{cluster}} {{node}}", requested("memory"))),
		bars(8, "Pods", "Share of the allocatable pods.", "percentunit", nearlyFull,
			show("{{cluster}} {{node}}", `count by (cluster, node) (
  max by (cluster, namespace, pod, uid, node) (kube_pod_info{<cluster>, node!=""})
  * on (cluster, namespace, pod, uid) group_left () max by (cluster, namespace, pod, uid) (kube_pod_status_phase{<cluster>, phase=~"Pending|Running|Unknown"} == 1)
) / on (cluster, node) max by (cluster, node) (kube_node_status_allocatable{<cluster>, resource="pods"})`)),
	}
}

// requested is the share of a node's resource that its pods request, without terminated pods.
func requested(resource string) string {
	return `sum by (cluster, node) (
  max by (cluster, namespace, pod, uid, container, node) (kube_pod_container_resource_requests{<cluster>, resource="` + resource + `", node!=""})
  * on (cluster, namespace, pod, uid) group_left () max by (cluster, namespace, pod, uid) (kube_pod_status_phase{<cluster>, phase=~"Pending|Running|Unknown"} == 1)
) / on (cluster, node) max by (cluster, node) (kube_node_status_allocatable{<cluster>, resource="` + resource + `"})`
}

func clusterLimits() []panel {
	return []panel{
		bars(8, "Quotas", "Share in use.", "percentunit", nearlyFull,
			show("{{cluster}} {{namespace}} {{resource}}", `max by (cluster, namespace, resourcequota, resource) (kube_resourcequota{<namespace>, type="used"})
/ (max by (cluster, namespace, resourcequota, resource) (kube_resourcequota{<namespace>, type="hard"}) > 0)`)),
		bars(8, "Autoscalers", "Desired replicas, as a share of the maximum.", "percentunit", nearlyFull,
			show("{{cluster}} {{namespace}} {{horizontalpodautoscaler}}", `max by (cluster, namespace, horizontalpodautoscaler) (kube_horizontalpodautoscaler_status_desired_replicas{<namespace>})
/ max by (cluster, namespace, horizontalpodautoscaler) (kube_horizontalpodautoscaler_spec_max_replicas{<namespace>})`)),
		table(8, "Exhausted disruption budgets", "They block draining of nodes.", map[string]string{"Value": "allowed"},
			ask(`max by (cluster, namespace, poddisruptionbudget) (kube_poddisruptionbudget_status_pod_disruptions_allowed{<namespace>}) == 0`)),
		table(12, "Unbound claims", "Pods that use them do not start.", map[string]string{"Value": ""},
			ask(`max by (cluster, namespace, persistentvolumeclaim, phase) (kube_persistentvolumeclaim_status_phase{<namespace>, phase=~"Pending|Lost"}) == 1`)),
		table(12, "Unused volumes", "Available, released or failed.", map[string]string{"Value": ""},
			ask(`max by (cluster, persistentvolume, phase) (kube_persistentvolume_status_phase{<cluster>, phase=~"Available|Released|Failed"}) == 1`)),
	}
}
