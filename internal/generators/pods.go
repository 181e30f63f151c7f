package generators

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Pods is the table of v1 Pod families.
var Pods = Table[*corev1.Pod]{
	Resource: corev1.SchemeGroupVersion.WithResource("pods"),
	Kind:     "Pod",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("pod"), UID},
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

func completionTime(p *corev1.Pod, s *Samples) {
	var last int64
	for i := range p.Status.ContainerStatuses {
		if t := p.Status.ContainerStatuses[i].State.Terminated; t != nil {
			last = max(last, t.FinishedAt.Unix())
		}
	}
	if last > 0 {
		s.Int(last)
	}
}

// manyPairs is the number of pairs from which on two lists are joined by a map, which
// allocates, and not by nested loops.
const manyPairs = 1 << 14

// eachInstance calls f for each container and its status, by name.
func eachInstance(containers []corev1.Container, statuses []corev1.ContainerStatus, f func(*corev1.Container, *corev1.ContainerStatus)) {
	if len(containers)*len(statuses) < manyPairs {
		for i := range containers {
			for j := range statuses {
				if containers[i].Name == statuses[j].Name {
					f(&containers[i], &statuses[j])
				}
			}
		}
		return
	}
	byName := make(map[string][]*corev1.ContainerStatus, len(statuses))
	for j := range statuses {
		byName[statuses[j].Name] = append(byName[statuses[j].Name], &statuses[j])
	}
	for i := range containers {
		for _, status := range byName[containers[i].Name] {
			f(&containers[i], status)
		}
	}
}

func limits(c *corev1.Container) corev1.ResourceList   { return c.Resources.Limits }
func requests(c *corev1.Container) corev1.ResourceList { return c.Resources.Requests }

// containerResources adds the containers' requests or limits: CPU in thousandths, other
// resources in whole numbers.
func containerResources(p *corev1.Pod, containers []corev1.Container, of func(*corev1.Container) corev1.ResourceList, s *Samples) {
	for i := range containers {
		container := containers[i].Name
		s.eachQuantity(of(&containers[i]), func(name, unit string, q resource.Quantity) {
			switch name {
			case "cpu":
				s.Milli(q, container, p.Spec.NodeName, name, unit)
			case "pods": // is a resource of nodes
			default:
				s.Ceil(q, container, p.Spec.NodeName, name, unit)
			}
		})
	}
}

// eachContainer makes a row of pods from a row of their container statuses.
func eachContainer(f func(*corev1.ContainerStatus, *Samples)) func(*corev1.Pod, *Samples) {
	return func(p *corev1.Pod, s *Samples) {
		for i := range p.Status.ContainerStatuses {
			f(&p.Status.ContainerStatuses[i], s)
		}
	}
}

// eachInitContainer is eachContainer for init containers.
func eachInitContainer(f func(*corev1.ContainerStatus, *Samples)) func(*corev1.Pod, *Samples) {
	return func(p *corev1.Pod, s *Samples) {
		for i := range p.Status.InitContainerStatuses {
			f(&p.Status.InitContainerStatuses[i], s)
		}
	}
}

func containerStarted(c *corev1.ContainerStatus, s *Samples) {
	if r := c.State.Running; r != nil {
		s.Time(&r.StartedAt, c.Name)
	} else if t := c.State.Terminated; t != nil {
		s.Time(&t.StartedAt, c.Name)
	}
}

func lastTerminatedReason(c *corev1.ContainerStatus, s *Samples) {
	if t := c.LastTerminationState.Terminated; t != nil {
		s.One(c.Name, t.Reason)
	}
}

func lastTerminatedExitCode(c *corev1.ContainerStatus, s *Samples) {
	if t := c.LastTerminationState.Terminated; t != nil {
		s.Int(int64(t.ExitCode), c.Name)
	}
}

func lastTerminatedTime(c *corev1.ContainerStatus, s *Samples) {
	if t := c.LastTerminationState.Terminated; t != nil {
		s.Time(&t.FinishedAt, c.Name)
	}
}

func containerReady(c *corev1.ContainerStatus, s *Samples) { s.Bool(c.Ready, c.Name) }

func containerRestarts(c *corev1.ContainerStatus, s *Samples) { s.Int(int64(c.RestartCount), c.Name) }

func containerRunning(c *corev1.ContainerStatus, s *Samples) { s.Bool(c.State.Running != nil, c.Name) }

func containerTerminated(c *corev1.ContainerStatus, s *Samples) {
	s.Bool(c.State.Terminated != nil, c.Name)
}

func containerWaiting(c *corev1.ContainerStatus, s *Samples) { s.Bool(c.State.Waiting != nil, c.Name) }

func terminatedReason(c *corev1.ContainerStatus, s *Samples) {
	if t := c.State.Terminated; t != nil {
		s.One(c.Name, t.Reason)
	}
}

func waitingReason(c *corev1.ContainerStatus, s *Samples) {
	if w := c.State.Waiting; w != nil {
		s.One(c.Name, w.Reason)
	}
}

func podInfo(p *corev1.Pod, s *Samples) {
	creator := &noOwner
	for i := range p.OwnerReferences {
		if o := &p.OwnerReferences[i]; value(o.Controller) {
			creator = o
			break
		}
	}
	s.One(p.Status.HostIP, p.Status.PodIP, p.Spec.NodeName, creator.Kind, creator.Name,
		p.Spec.PriorityClassName, strconv.FormatBool(p.Spec.HostNetwork))
}

func podIPs(p *corev1.Pod, s *Samples) {
	for i := range p.Status.PodIPs {
		ip := p.Status.PodIPs[i].IP
		// The parser's error for other characters would allocate. A zone has no meaning
		// outside its node.
		if !strings.ContainsAny(ip, ".:") || strings.Trim(ip, "0123456789abcdefABCDEF.:") != "" {
			continue
		}
		address, err := netip.ParseAddr(ip)
		switch {
		case err != nil:
		case address.Unmap().Is4():
			s.One(ip, "4")
		default:
			s.One(ip, "6")
		}
	}
}

func resourceClaims(p *corev1.Pod, s *Samples) {
	generated := generatedClaims(p)
	for i := range p.Spec.ResourceClaims {
		c := &p.Spec.ResourceClaims[i]
		if c.ResourceClaimName == nil && c.ResourceClaimTemplateName == nil {
			continue
		}
		name := c.ResourceClaimName
		switch {
		case name != nil:
		case generated != nil:
			name = generated[c.Name]
		default:
			name = generatedClaim(p, c.Name)
		}
		s.One(c.Name, value(name), value(c.ResourceClaimTemplateName))
	}
}

// generatedClaim is the name of the ResourceClaim generated from a template for the
// pod's entry of the given name, nil if there is none.
func generatedClaim(p *corev1.Pod, entry string) *string {
	for i := range p.Status.ResourceClaimStatuses {
		if c := &p.Status.ResourceClaimStatuses[i]; c.Name == entry {
			return c.ResourceClaimName
		}
	}
	return nil
}

// generatedClaims has the results of generatedClaim by entry for a pod of many entries,
// nil for others.
func generatedClaims(p *corev1.Pod) map[string]*string {
	statuses := p.Status.ResourceClaimStatuses
	if len(p.Spec.ResourceClaims)*len(statuses) < manyPairs {
		return nil
	}
	byEntry := make(map[string]*string, len(statuses))
	for i := range slices.Backward(statuses) { // the first of a name counts
		byEntry[statuses[i].Name] = statuses[i].ResourceClaimName
	}
	return byEntry
}

// eachClaim calls f for each volume of a PersistentVolumeClaim, named or ephemeral.
func eachClaim(p *corev1.Pod, s *Samples, f func(volume, claim, ephemeral string, readOnly bool)) {
	for i := range p.Spec.Volumes {
		v := &p.Spec.Volumes[i]
		if c := v.PersistentVolumeClaim; c != nil {
			f(v.Name, c.ClaimName, "false", c.ReadOnly)
		} else if v.Ephemeral != nil {
			f(v.Name, s.Concat(p.Name, "-", v.Name), "true", false)
		}
	}
}

// eachPodCondition makes a row of pods from a row of their conditions of a type.
func eachPodCondition(t corev1.PodConditionType, f func(*corev1.PodCondition, *Samples)) func(*corev1.Pod, *Samples) {
	return func(p *corev1.Pod, s *Samples) {
		for i := range p.Status.Conditions {
			if c := &p.Status.Conditions[i]; c.Type == t {
				f(c, s)
			}
		}
	}
}

func conditionStatus(c *corev1.PodCondition, s *Samples) { s.Status(string(c.Status)) }

func sinceTrue(c *corev1.PodCondition, s *Samples) {
	if c.Status == corev1.ConditionTrue {
		s.Time(&c.LastTransitionTime)
	}
}

var podStatusReasons = []string{"Evicted", "NodeAffinity", "NodeLost", "PreemptionByScheduler", "SchedulingGated",
	"Shutdown", "TerminationByKubelet", "UnexpectedAdmissionError"}

func podReasons(p *corev1.Pod, s *Samples) {
	for _, reason := range podStatusReasons {
		if hasReason(p, reason) {
			s.One(reason)
		}
	}
	if r := p.Status.Reason; r != "" && !slices.Contains(podStatusReasons, r) {
		s.One("Other")
	}
}

// hasReason says whether the status of the pod, a condition or a terminated container
// has the reason.
func hasReason(p *corev1.Pod, reason string) bool {
	if p.Status.Reason == reason {
		return true
	}
	for i := range p.Status.Conditions {
		if p.Status.Conditions[i].Reason == reason {
			return true
		}
	}
	for i := range p.Status.ContainerStatuses {
		if t := p.Status.ContainerStatuses[i].State.Terminated; t != nil && t.Reason == reason {
			return true
		}
	}
	return false
}

func disruptionReason(c *corev1.PodCondition, s *Samples) {
	switch c.Reason {
	case "PreemptionByScheduler", "DeletionByTaintManager", "EvictionByEvictionAPI", "DeletionByPodGC", "TerminationByKubelet":
		s.One(c.Reason)
	default:
		s.One("Other")
	}
}

func tolerations(p *corev1.Pod, s *Samples) {
	for i := range p.Spec.Tolerations {
		t := &p.Spec.Tolerations[i]
		seconds := ""
		if t.TolerationSeconds != nil {
			seconds = s.Itoa(*t.TolerationSeconds)
		}
		s.One(t.Key, string(t.Operator), t.Value, string(t.Effect), seconds)
	}
}
