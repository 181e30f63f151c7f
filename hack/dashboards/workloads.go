package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// workloads is the dashboard of workloads and pods of selected namespaces.
func workloads() spec {
	return spec{
		file: "workloads.json", uid: "kubestate-workloads", title: "Workloads",
		description: "Deployments, StatefulSets, DaemonSets, jobs and pods of selected namespaces, with their requests.",
		variables: []cog.Builder[dashboard.VariableModel]{
			choice("cluster", "Cluster", "kube_node_info"),
			choice("namespace", "Namespace", "kube_namespace_created{<cluster>}"),
		},
		rows: []row{
			{"Deployments, StatefulSets and DaemonSets", workloadReplicas()},
			{"Rollouts and scaling", workloadRollouts()},
			{"Pods", workloadPods()},
			{"Requests and limits", workloadResources()},
			{"Jobs and cron jobs", workloadJobs()},
			{"Volumes", workloadVolumes()},
			{"With --workload-metrics", workloadMetrics()},
		},
	}
}

func workloadReplicas() []panel {
	return []panel{
		table(24, "Deployments", "Replicas by state.", map[string]string{"Value #A": "desired", "Value #B": "ready", "Value #C": "available", "Value #D": "updated"},
			ask(`max by (cluster, namespace, deployment) (kube_deployment_spec_replicas{<namespace>})`),
			ask(`max by (cluster, namespace, deployment) (kube_deployment_status_replicas_ready{<namespace>})`),
			ask(`max by (cluster, namespace, deployment) (kube_deployment_status_replicas_available{<namespace>})`),
			ask(`max by (cluster, namespace, deployment) (kube_deployment_status_replicas_updated{<namespace>})`)),
		table(12, "StatefulSets", "Replicas by state.", map[string]string{"Value #A": "desired", "Value #B": "ready", "Value #C": "available", "Value #D": "updated"},
			ask(`max by (cluster, namespace, statefulset) (kube_statefulset_replicas{<namespace>})`),
			ask(`max by (cluster, namespace, statefulset) (kube_statefulset_status_replicas_ready{<namespace>})`),
			ask(`max by (cluster, namespace, statefulset) (kube_statefulset_status_replicas_available{<namespace>})`),
			ask(`max by (cluster, namespace, statefulset) (kube_statefulset_status_replicas_updated{<namespace>})`)),
		table(12, "DaemonSets", "Nodes by state.", map[string]string{"Value #A": "desired", "Value #B": "available", "Value #C": "updated", "Value #D": "misplaced"},
			ask(`max by (cluster, namespace, daemonset) (kube_daemonset_status_desired_number_scheduled{<namespace>})`),
			ask(`max by (cluster, namespace, daemonset) (kube_daemonset_status_number_available{<namespace>})`),
			ask(`max by (cluster, namespace, daemonset) (kube_daemonset_status_updated_number_scheduled{<namespace>})`),
			ask(`max by (cluster, namespace, daemonset) (kube_daemonset_status_number_misscheduled{<namespace>})`)),
		graph(24, "Missing replicas", "Desired and not available, by Deployment.", "short",
			show("{{cluster}} {{namespace}}/{{deployment}}", `max by (cluster, namespace, deployment) (kube_deployment_spec_replicas{<namespace>})
- max by (cluster, namespace, deployment) (kube_deployment_status_replicas_available{<namespace>})`)),
	}
}

func workloadRollouts() []panel {
	return []panel{
		table(12, "Deployment conditions", "With the reason.", map[string]string{"Value": ""},
			ask(`max by (cluster, namespace, deployment, condition, status, reason) (kube_deployment_status_condition{<namespace>}) == 1`)),
		table(12, "Paused or not observed", "Deployments whose spec has no effect yet.", map[string]string{"Value #A": "paused", "Value #B": "generations behind"},
			ask(`max by (cluster, namespace, deployment) (kube_deployment_spec_paused{<namespace>})`),
			ask(`max by (cluster, namespace, deployment) (kube_deployment_metadata_generation{<namespace>})
- max by (cluster, namespace, deployment) (kube_deployment_status_observed_generation{<namespace>})`)),
		table(12, "Autoscalers", "Current, minimum and maximum.", map[string]string{"Value #A": "minimum", "Value #B": "current", "Value #C": "desired", "Value #D": "maximum"},
			ask(`max by (cluster, namespace, horizontalpodautoscaler) (kube_horizontalpodautoscaler_spec_min_replicas{<namespace>})`),
			ask(`max by (cluster, namespace, horizontalpodautoscaler) (kube_horizontalpodautoscaler_status_current_replicas{<namespace>})`),
			ask(`max by (cluster, namespace, horizontalpodautoscaler) (kube_horizontalpodautoscaler_status_desired_replicas{<namespace>})`),
			ask(`max by (cluster, namespace, horizontalpodautoscaler) (kube_horizontalpodautoscaler_spec_max_replicas{<namespace>})`)),
		table(12, "Disruption budgets", "Allowed disruptions and healthy pods.", map[string]string{"Value #A": "allowed", "Value #B": "healthy", "Value #C": "required", "Value #D": "expected"},
			ask(`max by (cluster, namespace, poddisruptionbudget) (kube_poddisruptionbudget_status_pod_disruptions_allowed{<namespace>})`),
			ask(`max by (cluster, namespace, poddisruptionbudget) (kube_poddisruptionbudget_status_current_healthy{<namespace>})`),
			ask(`max by (cluster, namespace, poddisruptionbudget) (kube_poddisruptionbudget_status_desired_healthy{<namespace>})`),
			ask(`max by (cluster, namespace, poddisruptionbudget) (kube_poddisruptionbudget_status_expected_pods{<namespace>})`)),
	}
}

func workloadPods() []panel {
	return []panel{
		table(24, "Pods", "Node, owner, phase and age in seconds.", map[string]string{"uid": "", "Value": "age in seconds", "created_by_kind": "owner kind", "created_by_name": "owner"},
			ask(`(time() - max by (cluster, namespace, pod, uid) (kube_pod_created{<namespace>}))
* on (cluster, namespace, pod, uid) group_left (node, pod_ip, created_by_kind, created_by_name)
max by (cluster, namespace, pod, uid, node, pod_ip, created_by_kind, created_by_name) (kube_pod_info{<namespace>})
* on (cluster, namespace, pod, uid) group_left (phase)
max by (cluster, namespace, pod, uid, phase) (kube_pod_status_phase{<namespace>} == 1)`)),
		stack(12, "Ready containers", "By namespace.", "short",
			show("{{cluster}} {{namespace}}", `sum by (cluster, namespace) (max by (cluster, namespace, pod, uid, container) (kube_pod_container_status_ready{<namespace>}))`)),
		graph(12, "Restarts", "Of containers with restarts.", "short",
			show("{{cluster}} {{pod}}/{{container}}", `max by (cluster, namespace, pod, container) (kube_pod_container_status_restarts_total{<namespace>}) > 0`)),
		bars(12, "Pods by QoS class", "BestEffort is evicted first.", "short", nil,
			show("{{qos_class}}", `count by (qos_class) (max by (cluster, namespace, pod, uid, qos_class) (kube_pod_status_qos_class{<namespace>} == 1))`)),
		bars(12, "Pods by owner", "By kind of owner.", "short", nil,
			show("{{owner_kind}}", `count by (owner_kind) (max by (cluster, namespace, pod, uid, owner_kind) (kube_pod_owner{<namespace>}))`)),
	}
}

func workloadResources() []panel {
	return []panel{
		stack(12, "CPU requests", "In cores, ended pods included.", "short",
			show("{{cluster}} {{namespace}}", `sum by (cluster, namespace) (max by (cluster, namespace, pod, uid, container) (kube_pod_container_resource_requests{<namespace>, resource="cpu"}))`)),
		stack(12, "Memory requests", "Ended pods included.", "bytes",
			show("{{cluster}} {{namespace}}", `sum by (cluster, namespace) (max by (cluster, namespace, pod, uid, container) (kube_pod_container_resource_requests{<namespace>, resource="memory"}))`)),
		table(24, "Containers", "Requests and limits, in cores and bytes.", map[string]string{"Value #A": "CPU requested", "Value #B": "CPU limit", "Value #C": "memory requested", "Value #D": "memory limit"},
			ask(`max by (cluster, namespace, pod, container) (kube_pod_container_resource_requests{<namespace>, resource="cpu"})`),
			ask(`max by (cluster, namespace, pod, container) (kube_pod_container_resource_limits{<namespace>, resource="cpu"})`),
			ask(`max by (cluster, namespace, pod, container) (kube_pod_container_resource_requests{<namespace>, resource="memory"})`),
			ask(`max by (cluster, namespace, pod, container) (kube_pod_container_resource_limits{<namespace>, resource="memory"})`)),
		table(24, "Quotas", "Used and hard limits.", map[string]string{"Value #A": "used", "Value #B": "hard"},
			ask(`max by (cluster, namespace, resourcequota, resource) (kube_resourcequota{<namespace>, type="used"})`),
			ask(`max by (cluster, namespace, resourcequota, resource) (kube_resourcequota{<namespace>, type="hard"})`)),
	}
}

func workloadJobs() []panel {
	return []panel{
		table(12, "Jobs", "Pods by outcome.", map[string]string{"Value #A": "active", "Value #B": "succeeded", "Value #C": "failed"},
			ask(`max by (cluster, namespace, job_name) (kube_job_status_active{<namespace>})`),
			ask(`max by (cluster, namespace, job_name) (kube_job_status_succeeded{<namespace>})`),
			ask(`max by (cluster, namespace, job_name) (kube_job_status_failed{<namespace>})`)),
		table(12, "Cron jobs", "Seconds since the last run and success, and until the next run.", map[string]string{"Value #A": "since run", "Value #B": "since success", "Value #C": "until due", "Value #D": "suspended"},
			ask(`time() - max by (cluster, namespace, cronjob) (kube_cronjob_status_last_schedule_time{<namespace>})`),
			ask(`time() - max by (cluster, namespace, cronjob) (kube_cronjob_status_last_successful_time{<namespace>})`),
			ask(`max by (cluster, namespace, cronjob) (kube_cronjob_next_schedule_time{<namespace>}) - time()`),
			ask(`max by (cluster, namespace, cronjob) (kube_cronjob_spec_suspend{<namespace>})`)),
	}
}

// workloadMetrics returns the panels of --workload-metrics.
func workloadMetrics() []panel {
	return []panel{
		table(12, "Rollouts in progress", "Including stalled and paused ones. Group verdicts.", map[string]string{"Value": ""},
			ask(`label_replace(label_replace(max by (cluster, namespace, deployment, state) (kubestate_deployment_rollout{<namespace>, state!="complete"}) == 1, "workload", "$1", "deployment", "(.+)"), "kind", "Deployment", "", "")
or label_replace(label_replace(max by (cluster, namespace, statefulset, state) (kubestate_statefulset_rollout{<namespace>, state!="complete"}) == 1, "workload", "$1", "statefulset", "(.+)"), "kind", "StatefulSet", "", "")
or label_replace(label_replace(max by (cluster, namespace, daemonset, state) (kubestate_daemonset_rollout{<namespace>, state!="complete"}) == 1, "workload", "$1", "daemonset", "(.+)"), "kind", "DaemonSet", "", "")`)),
		table(12, "Last results of cron jobs", "Result and seconds since the job finished. Group verdicts.", map[string]string{"Value": "seconds since"},
			ask(`(time() - max by (cluster, namespace, cronjob) (kubestate_cronjob_last_result_time_seconds{<namespace>}))
* on (cluster, namespace, cronjob) group_left (result)
max by (cluster, namespace, cronjob, result) (kubestate_cronjob_last_result{<namespace>} == 1)`)),
		table(12, "Permanently failed jobs", "No later job of their cron job has succeeded. Group verdicts.", map[string]string{"Value": ""},
			ask(`max by (cluster, namespace, job_name) (kubestate_job_failed_for_good{<namespace>}) == 1`)),
		graph(12, "OOM kills", "In the last hour, by workload and container. Group counters.", "short",
			show("{{cluster}} {{namespace}}/{{workload}} {{container}}", `sum by (cluster, namespace, workload_kind, workload, container) (increase(kubestate_workload_container_terminations_total{<namespace>, reason="OOMKilled"}[1h]))`)),
	}
}

func workloadVolumes() []panel {
	return []panel{
		table(24, "Claims", "Storage class, volume and requested bytes.", map[string]string{"Value": "bytes"},
			ask(`max by (cluster, namespace, persistentvolumeclaim) (kube_persistentvolumeclaim_resource_requests_storage_bytes{<namespace>})
* on (cluster, namespace, persistentvolumeclaim) group_left (storageclass, volumename)
max by (cluster, namespace, persistentvolumeclaim, storageclass, volumename) (kube_persistentvolumeclaim_info{<namespace>})
* on (cluster, namespace, persistentvolumeclaim) group_left (phase)
max by (cluster, namespace, persistentvolumeclaim, phase) (kube_persistentvolumeclaim_status_phase{<namespace>} == 1)`)),
		table(24, "Claims by pod", "An unbound claim keeps its pods waiting.", map[string]string{"Value": ""},
			ask(`max by (cluster, namespace, pod, volume, persistentvolumeclaim) (kube_pod_spec_volumes_persistentvolumeclaims_info{<namespace>})`)),
	}
}
