package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// workloads is about the workloads and pods of chosen namespaces.
func workloads() spec {
	return spec{
		file: "workloads.json", uid: "kubestate-workloads", title: "Workloads",
		description: "Deployments, StatefulSets, DaemonSets, jobs and pods of chosen namespaces, with what they request.",
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
		},
	}
}

func workloadReplicas() []panel {
	return []panel{
		table(24, "Deployments", "Replicas by how far they are.", map[string]string{"Value #A": "wanted", "Value #B": "ready", "Value #C": "available", "Value #D": "updated"},
			ask(`max by (cluster, namespace, deployment) (kube_deployment_spec_replicas{<namespace>})`),
			ask(`max by (cluster, namespace, deployment) (kube_deployment_status_replicas_ready{<namespace>})`),
			ask(`max by (cluster, namespace, deployment) (kube_deployment_status_replicas_available{<namespace>})`),
			ask(`max by (cluster, namespace, deployment) (kube_deployment_status_replicas_updated{<namespace>})`)),
		table(12, "StatefulSets", "Replicas by how far they are.", map[string]string{"Value #A": "wanted", "Value #B": "ready", "Value #C": "available", "Value #D": "updated"},
			ask(`max by (cluster, namespace, statefulset) (kube_statefulset_replicas{<namespace>})`),
			ask(`max by (cluster, namespace, statefulset) (kube_statefulset_status_replicas_ready{<namespace>})`),
			ask(`max by (cluster, namespace, statefulset) (kube_statefulset_status_replicas_available{<namespace>})`),
			ask(`max by (cluster, namespace, statefulset) (kube_statefulset_status_replicas_updated{<namespace>})`)),
		table(12, "DaemonSets", "Nodes by what they have of it.", map[string]string{"Value #A": "wanted", "Value #B": "available", "Value #C": "updated", "Value #D": "misplaced"},
			ask(`max by (cluster, namespace, daemonset) (kube_daemonset_status_desired_number_scheduled{<namespace>})`),
			ask(`max by (cluster, namespace, daemonset) (kube_daemonset_status_number_available{<namespace>})`),
			ask(`max by (cluster, namespace, daemonset) (kube_daemonset_status_updated_number_scheduled{<namespace>})`),
			ask(`max by (cluster, namespace, daemonset) (kube_daemonset_status_number_misscheduled{<namespace>})`)),
		graph(24, "Missing replicas", "Wanted and not available, by Deployment.", "short",
			show("{{namespace}}/{{deployment}}", `max by (cluster, namespace, deployment) (kube_deployment_spec_replicas{<namespace>})
- max by (cluster, namespace, deployment) (kube_deployment_status_replicas_available{<namespace>})`)),
	}
}

func workloadRollouts() []panel {
	return []panel{
		table(12, "Conditions of Deployments", "As their controller states them, with the reason.", map[string]string{"Value": ""},
			ask(`max by (cluster, namespace, deployment, condition, status, reason) (kube_deployment_status_condition{<namespace>}) == 1`)),
		table(12, "Paused or not seen", "Deployments of which the controller does not act upon the spec.", map[string]string{"Value #A": "paused", "Value #B": "generations behind"},
			ask(`max by (cluster, namespace, deployment) (kube_deployment_spec_paused{<namespace>})`),
			ask(`max by (cluster, namespace, deployment) (kube_deployment_metadata_generation{<namespace>})
- max by (cluster, namespace, deployment) (kube_deployment_status_observed_generation{<namespace>})`)),
		table(12, "Autoscalers", "Between their limits.", map[string]string{"Value #A": "least", "Value #B": "current", "Value #C": "wanted", "Value #D": "most"},
			ask(`max by (cluster, namespace, horizontalpodautoscaler) (kube_horizontalpodautoscaler_spec_min_replicas{<namespace>})`),
			ask(`max by (cluster, namespace, horizontalpodautoscaler) (kube_horizontalpodautoscaler_status_current_replicas{<namespace>})`),
			ask(`max by (cluster, namespace, horizontalpodautoscaler) (kube_horizontalpodautoscaler_status_desired_replicas{<namespace>})`),
			ask(`max by (cluster, namespace, horizontalpodautoscaler) (kube_horizontalpodautoscaler_spec_max_replicas{<namespace>})`)),
		table(12, "Disruption budgets", "How many pods may be evicted, and how many are healthy.", map[string]string{"Value #A": "allowed", "Value #B": "healthy", "Value #C": "healthy at least", "Value #D": "expected"},
			ask(`max by (cluster, namespace, poddisruptionbudget) (kube_poddisruptionbudget_status_pod_disruptions_allowed{<namespace>})`),
			ask(`max by (cluster, namespace, poddisruptionbudget) (kube_poddisruptionbudget_status_current_healthy{<namespace>})`),
			ask(`max by (cluster, namespace, poddisruptionbudget) (kube_poddisruptionbudget_status_desired_healthy{<namespace>})`),
			ask(`max by (cluster, namespace, poddisruptionbudget) (kube_poddisruptionbudget_status_expected_pods{<namespace>})`)),
	}
}

func workloadPods() []panel {
	return []panel{
		table(24, "Pods", "Where they run, whose they are, in which phase, and since when, in seconds.", map[string]string{"uid": "", "Value": "age in seconds", "created_by_kind": "owner kind", "created_by_name": "owner"},
			ask(`(time() - max by (cluster, namespace, pod, uid) (kube_pod_created{<namespace>}))
* on (cluster, namespace, pod, uid) group_left (node, pod_ip, created_by_kind, created_by_name)
max by (cluster, namespace, pod, uid, node, pod_ip, created_by_kind, created_by_name) (kube_pod_info{<namespace>})
* on (cluster, namespace, pod, uid) group_left (phase)
max by (cluster, namespace, pod, uid, phase) (kube_pod_status_phase{<namespace>} == 1)`)),
		stack(12, "Containers that are ready", "By namespace.", "short",
			show("{{namespace}}", `sum by (namespace) (max by (cluster, namespace, pod, uid, container) (kube_pod_container_status_ready{<namespace>}))`)),
		graph(12, "Restarts", "Of containers that were restarted at all, since their pod was made.", "short",
			show("{{pod}}/{{container}}", `max by (namespace, pod, container) (kube_pod_container_status_restarts_total{<namespace>}) > 0`)),
		bars(12, "Pods by quality of service", "Those of BestEffort are evicted first.", "short", nil,
			show("{{qos_class}}", `count by (qos_class) (max by (cluster, namespace, pod, uid, qos_class) (kube_pod_status_qos_class{<namespace>} == 1))`)),
		bars(12, "Pods by owner", "By the kind of what made them.", "short", nil,
			show("{{owner_kind}}", `count by (owner_kind) (max by (cluster, namespace, pod, uid, owner_kind) (kube_pod_owner{<namespace>}))`)),
	}
}

func workloadResources() []panel {
	return []panel{
		stack(12, "CPU requested", "By pods, in cores, those included that ended.", "short",
			show("{{namespace}}", `sum by (namespace) (max by (cluster, namespace, pod, uid, container) (kube_pod_container_resource_requests{<namespace>, resource="cpu"}))`)),
		stack(12, "Memory requested", "By pods, those included that ended.", "bytes",
			show("{{namespace}}", `sum by (namespace) (max by (cluster, namespace, pod, uid, container) (kube_pod_container_resource_requests{<namespace>, resource="memory"}))`)),
		table(24, "Containers", "What they request and what they may have, in cores and bytes.", map[string]string{"Value #A": "CPU requested", "Value #B": "CPU limit", "Value #C": "memory requested", "Value #D": "memory limit"},
			ask(`max by (cluster, namespace, pod, container) (kube_pod_container_resource_requests{<namespace>, resource="cpu"})`),
			ask(`max by (cluster, namespace, pod, container) (kube_pod_container_resource_limits{<namespace>, resource="cpu"})`),
			ask(`max by (cluster, namespace, pod, container) (kube_pod_container_resource_requests{<namespace>, resource="memory"})`),
			ask(`max by (cluster, namespace, pod, container) (kube_pod_container_resource_limits{<namespace>, resource="memory"})`)),
		table(24, "Quotas", "What the namespace has used of what it may have.", map[string]string{"Value #A": "used", "Value #B": "hard"},
			ask(`max by (cluster, namespace, resourcequota, resource) (kube_resourcequota{<namespace>, type="used"})`),
			ask(`max by (cluster, namespace, resourcequota, resource) (kube_resourcequota{<namespace>, type="hard"})`)),
	}
}

func workloadJobs() []panel {
	return []panel{
		table(12, "Jobs", "Pods by what became of them.", map[string]string{"Value #A": "active", "Value #B": "succeeded", "Value #C": "failed"},
			ask(`max by (cluster, namespace, job_name) (kube_job_status_active{<namespace>})`),
			ask(`max by (cluster, namespace, job_name) (kube_job_status_succeeded{<namespace>})`),
			ask(`max by (cluster, namespace, job_name) (kube_job_status_failed{<namespace>})`)),
		table(12, "Cron jobs", "Seconds since they were last run and last succeeded, and until they are due.", map[string]string{"Value #A": "since run", "Value #B": "since success", "Value #C": "until due", "Value #D": "suspended"},
			ask(`time() - max by (cluster, namespace, cronjob) (kube_cronjob_status_last_schedule_time{<namespace>})`),
			ask(`time() - max by (cluster, namespace, cronjob) (kube_cronjob_status_last_successful_time{<namespace>})`),
			ask(`max by (cluster, namespace, cronjob) (kube_cronjob_next_schedule_time{<namespace>}) - time()`),
			ask(`max by (cluster, namespace, cronjob) (kube_cronjob_spec_suspend{<namespace>})`)),
	}
}

func workloadVolumes() []panel {
	return []panel{
		table(24, "Claims", "With their storage class, volume and the bytes they ask for.", map[string]string{"Value": "bytes"},
			ask(`max by (cluster, namespace, persistentvolumeclaim) (kube_persistentvolumeclaim_resource_requests_storage_bytes{<namespace>})
* on (cluster, namespace, persistentvolumeclaim) group_left (storageclass, volumename)
max by (cluster, namespace, persistentvolumeclaim, storageclass, volumename) (kube_persistentvolumeclaim_info{<namespace>})
* on (cluster, namespace, persistentvolumeclaim) group_left (phase)
max by (cluster, namespace, persistentvolumeclaim, phase) (kube_persistentvolumeclaim_status_phase{<namespace>} == 1)`)),
		table(24, "Which pods use which claims", "A claim that is not bound keeps its pods waiting.", map[string]string{"Value": ""},
			ask(`max by (cluster, namespace, pod, volume, persistentvolumeclaim) (kube_pod_spec_volumes_persistentvolumeclaims_info{<namespace>})`)),
	}
}
