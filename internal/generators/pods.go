package generators

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Pods is the table of v1 Pod families.
var Pods = Table[*corev1.Pod]{
	Resource: corev1.SchemeGroupVersion.WithResource("pods"),
	Kind:     "Pod",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("pod"), UID},
	Finished: podFinished,
	Fetch: Fetch[*corev1.Pod]{
		Reads: Fields{
			"spec.volumes.name", "spec.volumes.persistentVolumeClaim", "spec.volumes.ephemeral",
			"spec.initContainers.name", "spec.initContainers.image", "spec.initContainers.resources", "spec.initContainers.restartPolicy",
			"spec.containers.name", "spec.containers.image", "spec.containers.resources",
			"spec.restartPolicy", "spec.nodeSelector", "spec.serviceAccountName", "spec.nodeName", "spec.hostNetwork", "spec.schedulerName",
			"spec.tolerations", "spec.priorityClassName", "spec.runtimeClassName", "spec.overhead", "spec.resourceClaims",
			"status.phase", "status.conditions", "status.reason", "status.hostIP", "status.podIP", "status.podIPs", "status.startTime",
			"status.initContainerStatuses.name", "status.initContainerStatuses.state", "status.initContainerStatuses.lastState",
			"status.initContainerStatuses.ready", "status.initContainerStatuses.restartCount", "status.initContainerStatuses.image",
			"status.initContainerStatuses.imageID", "status.initContainerStatuses.containerID",
			"status.containerStatuses.name", "status.containerStatuses.state", "status.containerStatuses.lastState",
			"status.containerStatuses.ready", "status.containerStatuses.restartCount", "status.containerStatuses.image",
			"status.containerStatuses.imageID", "status.containerStatuses.containerID",
			"status.qosClass", "status.resourceClaimStatuses",
		},
		Mixed: Fields{
			"spec.initContainers.name", "spec.initContainers.image", "spec.initContainers.restartPolicy",
			"spec.containers.name", "spec.containers.image",
			"spec.nodeName", "spec.hostNetwork", "spec.priorityClassName", "spec.resourceClaims",
		},
		Reset: resetPod,
	},
	Memo: &podMemo,
	Families: []Family[*corev1.Pod]{
		{Name: "kube_pod_completion_time", Type: Gauge, Stability: Stable,
			Help: "Finish time of the pod's last terminated container, Unix seconds.",
			Row:  completionTime},

		{Name: "kube_pod_container_info", Type: Gauge, Stability: Stable, Labels: Labels{"container", "image_spec", "image", "image_id", "container_id"},
			Help: "Spec image, running image and ID of a container.",
			Row: func(p *corev1.Pod, s *Samples) {
				eachInstance(p.Spec.Containers, p.Status.ContainerStatuses, func(c *corev1.Container, i *corev1.ContainerStatus) {
					s.One(i.Name, c.Image, i.Image, i.ImageID, i.ContainerID)
				})
			}},

		{Name: "kube_pod_container_resource_limits", Type: Gauge, Stability: Stable, SpecOnly: true, Labels: Labels{"container", "node", "resource", "unit"},
			Help: "Resource limits of a container.",
			Row:  func(p *corev1.Pod, s *Samples) { containerResources(p, p.Spec.Containers, limits, s) }},

		{Name: "kube_pod_container_resource_requests", Type: Gauge, Stability: Stable, SpecOnly: true, Labels: Labels{"container", "node", "resource", "unit"},
			Help: "Resources requested by a container.",
			Row:  func(p *corev1.Pod, s *Samples) { containerResources(p, p.Spec.Containers, requests, s) }},

		{Name: "kube_pod_container_state_started", Type: Gauge, Stability: Stable, Labels: Labels{"container"},
			Help: "Start time of a running or terminated container, Unix seconds.",
			Row:  eachContainer(containerStarted)},

		{Name: "kube_pod_container_status_last_terminated_reason", Type: Gauge, Stability: Alpha, Labels: Labels{"container", "reason"},
			Help: "Last termination reason of a container.",
			Row:  eachContainer(lastTerminatedReason)},

		{Name: "kube_pod_container_status_last_terminated_exitcode", Type: Gauge, Stability: Alpha, Labels: Labels{"container"},
			Help: "Last exit code of a container.",
			Row:  eachContainer(lastTerminatedExitCode)},

		{Name: "kube_pod_container_status_last_terminated_timestamp", Type: Gauge, Stability: Alpha, Labels: Labels{"container"},
			Help: "Last termination time of a container, Unix seconds.",
			Row:  eachContainer(lastTerminatedTime)},

		{Name: "kube_pod_container_status_ready", Type: Gauge, Stability: Stable, Labels: Labels{"container"},
			Help: "Whether a container is ready.",
			Row:  eachContainer(containerReady)},

		{Name: "kube_pod_container_status_restarts_total", Type: Counter, Stability: Stable, Labels: Labels{"container"},
			Help: "Restarts of a container.",
			Row:  eachContainer(containerRestarts)},

		{Name: "kube_pod_container_status_running", Type: Gauge, Stability: Stable, Labels: Labels{"container"},
			Help: "Whether a container is running.",
			Row:  eachContainer(containerRunning)},

		{Name: "kube_pod_container_status_terminated", Type: Gauge, Stability: Stable, Labels: Labels{"container"},
			Help: "Whether a container is terminated.",
			Row:  eachContainer(containerTerminated)},

		{Name: "kube_pod_container_status_terminated_reason", Type: Gauge, Stability: Alpha, Labels: Labels{"container", "reason"},
			Help: "Termination reason of a container.",
			Row:  eachContainer(terminatedReason)},

		{Name: "kube_pod_container_status_waiting", Type: Gauge, Stability: Stable, Labels: Labels{"container"},
			Help: "Whether a container is waiting.",
			Row:  eachContainer(containerWaiting)},

		{Name: "kube_pod_container_status_waiting_reason", Type: Gauge, Stability: Stable, Labels: Labels{"container", "reason"},
			Help: "Waiting reason of a container.",
			Row:  eachContainer(waitingReason)},

		{Name: "kube_pod_created", Type: Gauge, Stability: Stable,
			Help: "Creation timestamp of the pod, Unix seconds.",
			Row:  created[*corev1.Pod]},

		{Name: "kube_pod_deletion_timestamp", Type: Gauge, Stability: Alpha,
			Help: "Deletion timestamp of the pod, Unix seconds.",
			Row:  deleted[*corev1.Pod]},

		{Name: "kube_pod_info", Type: Gauge, Stability: Stable,
			Labels: Labels{"host_ip", "pod_ip", "node", "created_by_kind", "created_by_name", "priority_class", "host_network"},
			Help:   "Node, IPs, controller, priority class and host network of the pod.",
			Row:    podInfo},

		{Name: "kube_pod_ips", Type: Gauge, Stability: Alpha, Labels: Labels{"ip", "ip_family"},
			Help: "IPs of the pod.",
			Row:  podIPs},

		{Name: "kube_pod_init_container_info", Type: Gauge, Stability: Stable,
			Labels: Labels{"container", "image_spec", "image", "image_id", "container_id", "restart_policy"},
			Help:   "Spec image, running image and ID of an init container.",
			Row: func(p *corev1.Pod, s *Samples) {
				eachInstance(p.Spec.InitContainers, p.Status.InitContainerStatuses, func(c *corev1.Container, i *corev1.ContainerStatus) {
					s.One(i.Name, c.Image, i.Image, i.ImageID, i.ContainerID, string(value(c.RestartPolicy)))
				})
			}},

		{Name: "kube_pod_init_container_resource_limits", Type: Gauge, Stability: Alpha, SpecOnly: true, Labels: Labels{"container", "node", "resource", "unit"},
			Help: "Resource limits of an init container.",
			Row:  func(p *corev1.Pod, s *Samples) { containerResources(p, p.Spec.InitContainers, limits, s) }},

		{Name: "kube_pod_init_container_resource_requests", Type: Gauge, Stability: Alpha, SpecOnly: true, Labels: Labels{"container", "node", "resource", "unit"},
			Help: "Resources requested by an init container.",
			Row:  func(p *corev1.Pod, s *Samples) { containerResources(p, p.Spec.InitContainers, requests, s) }},

		{Name: "kube_pod_init_container_state_started", Type: Gauge, Stability: Alpha, Labels: Labels{"container"},
			Help: "Start time of a running or terminated init container, Unix seconds.",
			Row:  eachInitContainer(containerStarted)},

		{Name: "kube_pod_init_container_status_last_terminated_reason", Type: Gauge, Stability: Alpha, Labels: Labels{"container", "reason"},
			Help: "Last termination reason of an init container.",
			Row:  eachInitContainer(lastTerminatedReason)},

		{Name: "kube_pod_init_container_status_last_terminated_exitcode", Type: Gauge, Stability: Alpha, Labels: Labels{"container"},
			Help: "Last exit code of an init container.",
			Row:  eachInitContainer(lastTerminatedExitCode)},

		{Name: "kube_pod_init_container_status_last_terminated_timestamp", Type: Gauge, Stability: Alpha, Labels: Labels{"container"},
			Help: "Last termination time of an init container, Unix seconds.",
			Row:  eachInitContainer(lastTerminatedTime)},

		{Name: "kube_pod_init_container_status_ready", Type: Gauge, Stability: Stable, Labels: Labels{"container"},
			Help: "Whether an init container has completed or, as a sidecar, is ready.",
			Row:  eachInitContainer(containerReady)},

		{Name: "kube_pod_init_container_status_restarts_total", Type: Counter, Stability: Stable, Labels: Labels{"container"},
			Help: "Restarts of an init container.",
			Row:  eachInitContainer(containerRestarts)},

		{Name: "kube_pod_init_container_status_running", Type: Gauge, Stability: Stable, Labels: Labels{"container"},
			Help: "Whether an init container is running.",
			Row:  eachInitContainer(containerRunning)},

		{Name: "kube_pod_init_container_status_terminated", Type: Gauge, Stability: Stable, Labels: Labels{"container"},
			Help: "Whether an init container is terminated.",
			Row:  eachInitContainer(containerTerminated)},

		{Name: "kube_pod_init_container_status_terminated_reason", Type: Gauge, Stability: Alpha, Labels: Labels{"container", "reason"},
			Help: "Termination reason of an init container.",
			Row:  eachInitContainer(terminatedReason)},

		{Name: "kube_pod_init_container_status_waiting", Type: Gauge, Stability: Stable, Labels: Labels{"container"},
			Help: "Whether an init container is waiting.",
			Row:  eachInitContainer(containerWaiting)},

		{Name: "kube_pod_init_container_status_waiting_reason", Type: Gauge, Stability: Alpha, Labels: Labels{"container", "reason"},
			Help: "Waiting reason of an init container.",
			Row:  eachInitContainer(waitingReason)},

		{Name: "kube_pod_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "Annotations of the pod selected by the allowlist.",
			Row:  annotations[*corev1.Pod]},

		{Name: "kube_pod_labels", Type: Gauge, Stability: Stable, Labels: Labels{"label_*"},
			Help: "Labels of the pod selected by the allowlist.",
			Row:  labels[*corev1.Pod]},

		{Name: "kube_pod_overhead_cpu_cores", Type: Gauge, Stability: Alpha, SpecOnly: true,
			Help: "CPU overhead of the pod, cores.",
			Row: func(p *corev1.Pod, s *Samples) {
				if q, ok := p.Spec.Overhead[corev1.ResourceCPU]; ok {
					s.Milli(q)
				}
			}},

		{Name: "kube_pod_overhead_memory_bytes", Type: Gauge, Stability: Alpha, SpecOnly: true,
			Help: "Memory overhead of the pod, bytes.",
			Row: func(p *corev1.Pod, s *Samples) {
				if q, ok := p.Spec.Overhead[corev1.ResourceMemory]; ok {
					s.Ceil(q)
				}
			}},

		{Name: "kube_pod_owner", Type: Gauge, Stability: Stable, Labels: Labels{"owner_kind", "owner_name", "owner_is_controller"},
			Help: "Owners of the pod.",
			Row:  ownersAndController[*corev1.Pod]},

		{Name: "kube_pod_resourceclaim_info", Type: Gauge, Stability: Alpha, Labels: Labels{"claim_name", "resourceclaim_name", "resourceclaim_template_name"},
			Help: "Resource claims of the pod.",
			Row:  resourceClaims},

		{Name: "kube_pod_restart_policy", Type: Gauge, Stability: Stable, SpecOnly: true, Labels: Labels{"type"},
			Help: "Restart policy of the pod.",
			Row:  func(p *corev1.Pod, s *Samples) { s.One(string(p.Spec.RestartPolicy)) }},

		{Name: "kube_pod_runtimeclass_name_info", Type: Gauge, Stability: Alpha, SpecOnly: true, Labels: Labels{"runtimeclass_name"},
			Help: "Runtime class of the pod.",
			Row: func(p *corev1.Pod, s *Samples) {
				if name := p.Spec.RuntimeClassName; name != nil {
					s.One(*name)
				}
			}},

		{Name: "kube_pod_spec_volumes_persistentvolumeclaims_info", Type: Gauge, Stability: Stable, SpecOnly: true, Labels: Labels{"volume", "persistentvolumeclaim", "ephemeral"},
			Help: "Persistent volume claims of the pod, by volume.",
			Row: func(p *corev1.Pod, s *Samples) {
				eachClaim(p, s, func(volume, claim, ephemeral string, _ bool) { s.One(volume, claim, ephemeral) })
			}},

		{Name: "kube_pod_spec_volumes_persistentvolumeclaims_readonly", Type: Gauge, Stability: Stable, SpecOnly: true, Labels: Labels{"volume", "persistentvolumeclaim", "ephemeral"},
			Help: "Whether a persistent volume claim of the pod is mounted read-only.",
			Row: func(p *corev1.Pod, s *Samples) {
				eachClaim(p, s, func(volume, claim, ephemeral string, readOnly bool) { s.Bool(readOnly, volume, claim, ephemeral) })
			}},

		{Name: "kube_pod_start_time", Type: Gauge, Stability: Stable,
			Help: "Start time of the pod, Unix seconds.",
			Row: func(p *corev1.Pod, s *Samples) {
				s.Time(p.Status.StartTime)
			}},

		{Name: "kube_pod_status_phase", Type: Gauge, Stability: Stable, Sparse: true, Labels: Labels{"phase"},
			Help: "Phase of the pod (1 for the current phase).",
			Row: func(p *corev1.Pod, s *Samples) {
				if p.Status.Phase != "" {
					s.OneOf(string(p.Status.Phase), podPhases)
				}
			}},

		{Name: "kube_pod_status_qos_class", Type: Gauge, Stability: Alpha, Sparse: true, Labels: Labels{"qos_class"},
			Help: "QoS class of the pod (1 for the current class).",
			Row: func(p *corev1.Pod, s *Samples) {
				if p.Status.QOSClass != "" {
					s.OneOf(string(p.Status.QOSClass), qosClasses)
				}
			}},

		{Name: "kube_pod_status_ready", Type: Gauge, Stability: Stable, Sparse: true, Labels: Labels{"condition"},
			Help: "Ready condition of the pod (1 for the current status).",
			Row:  eachPodCondition(corev1.PodReady, conditionStatus)},

		{Name: "kube_pod_status_ready_time", Type: Gauge, Stability: Alpha,
			Help: "Transition time of the pod to ready, Unix seconds.",
			Row:  eachPodCondition(corev1.PodReady, sinceTrue)},

		{Name: "kube_pod_status_initialized_time", Type: Gauge, Stability: Alpha,
			Help: "Transition time of the pod to initialized, Unix seconds.",
			Row:  eachPodCondition(corev1.PodInitialized, sinceTrue)},

		{Name: "kube_pod_status_container_ready_time", Type: Gauge, Stability: Alpha,
			Help: "Transition time of the pod to all containers ready, Unix seconds.",
			Row:  eachPodCondition(corev1.ContainersReady, sinceTrue)},

		{Name: "kube_pod_status_reason", Type: Gauge, Stability: Alpha, Labels: Labels{"reason"},
			Help: "Status, condition and termination reasons of the pod.",
			Row:  podReasons},

		{Name: "kube_pod_status_disruption_reason", Type: Gauge, Stability: Alpha, Labels: Labels{"reason"},
			Help: "Reason of the pod's DisruptionTarget condition.",
			Row:  eachPodCondition(corev1.DisruptionTarget, disruptionReason)},

		{Name: "kube_pod_status_scheduled", Type: Gauge, Stability: Stable, Sparse: true, Labels: Labels{"condition"},
			Help: "PodScheduled condition of the pod (1 for the current status).",
			Row:  eachPodCondition(corev1.PodScheduled, conditionStatus)},

		{Name: "kube_pod_status_scheduled_time", Type: Gauge, Stability: Stable,
			Help: "Transition time of the pod to scheduled, Unix seconds.",
			Row:  eachPodCondition(corev1.PodScheduled, sinceTrue)},

		{Name: "kube_pod_status_unschedulable", Type: Gauge, Stability: Stable,
			Help: "False PodScheduled condition of the pod (always 1).",
			Row: eachPodCondition(corev1.PodScheduled, func(c *corev1.PodCondition, s *Samples) {
				if c.Status == corev1.ConditionFalse {
					s.One()
				}
			})},

		{Name: "kube_pod_status_unscheduled_time", Type: Gauge, Stability: Alpha,
			Help: "Transition time of the pod to unscheduled, Unix seconds.",
			Row: eachPodCondition(corev1.PodScheduled, func(c *corev1.PodCondition, s *Samples) {
				if c.Status == corev1.ConditionFalse {
					s.Time(&c.LastTransitionTime)
				}
			})},

		{Name: "kube_pod_tolerations", Type: Gauge, Stability: Alpha, SpecOnly: true, Labels: Labels{"key", "operator", "value", "effect", "toleration_seconds"},
			Help: "Tolerations of the pod.",
			Row:  tolerations},

		{Name: "kube_pod_nodeselectors", Type: Gauge, Stability: Alpha, OptIn: true, SpecOnly: true, Labels: Labels{"nodeselector_*"},
			Help: "Node selector of the pod.",
			Row:  func(p *corev1.Pod, s *Samples) { s.All(p.Spec.NodeSelector) }},

		{Name: "kube_pod_service_account", Type: Gauge, Stability: Alpha, SpecOnly: true, Labels: Labels{"service_account"},
			Help: "Service account of the pod.",
			Row:  func(p *corev1.Pod, s *Samples) { s.One(p.Spec.ServiceAccountName) }},

		{Name: "kube_pod_scheduler", Type: Gauge, Stability: Alpha, SpecOnly: true, Labels: Labels{"name"},
			Help: "Scheduler of the pod.",
			Row:  func(p *corev1.Pod, s *Samples) { s.One(p.Spec.SchedulerName) }},

		{Name: "kubestate_pod_workload", Type: Gauge, Stability: Alpha, Group: Attribution, Labels: Labels{"workload_kind", "workload"},
			Help:    "Workload of the pod: its topmost controller, or the pod itself (always 1).",
			Derived: derive(podWorkload)},
	},
}

func resetPod(p *corev1.Pod) {
	clear(p.Labels)
	clear(p.Annotations)
	*p = corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Labels: p.Labels, Annotations: p.Annotations, OwnerReferences: reset(p.OwnerReferences)},
		Spec:       corev1.PodSpec{InitContainers: reset(p.Spec.InitContainers), Containers: reset(p.Spec.Containers)},
		Status: corev1.PodStatus{
			Conditions: reset(p.Status.Conditions), PodIPs: reset(p.Status.PodIPs),
			InitContainerStatuses: reset(p.Status.InitContainerStatuses), ContainerStatuses: reset(p.Status.ContainerStatuses),
		},
	}
}

// reset empties a list and keeps its memory.
func reset[E any](list []E) []E {
	clear(list)
	return list[:0]
}

var (
	podPhases = []string{string(corev1.PodPending), string(corev1.PodSucceeded), string(corev1.PodFailed),
		string(corev1.PodUnknown), string(corev1.PodRunning)}

	qosClasses = []string{string(corev1.PodQOSBestEffort), string(corev1.PodQOSBurstable), string(corev1.PodQOSGuaranteed)}
)
