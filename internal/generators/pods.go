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
	Unsteady: Fields{
		"spec.initContainers.name", "spec.initContainers.image", "spec.initContainers.restartPolicy",
		"spec.containers.name", "spec.containers.image",
		"spec.nodeName", "spec.hostNetwork", "spec.priorityClassName", "spec.resourceClaims",
	},
	Empty: emptyPod,
	Families: []Family[*corev1.Pod]{
		{"kube_pod_completion_time", Gauge, Stable, nil,
			"When the last container of the pod ended, in Unix seconds.",
			completionTime},

		{"kube_pod_container_info", Gauge, Stable, Labels{"container", "image_spec", "image", "image_id", "container_id"},
			"The image that a container was asked to run and what it runs.",
			func(p *corev1.Pod, s *Samples) {
				eachInstance(p.Spec.Containers, p.Status.ContainerStatuses, func(c *corev1.Container, i *corev1.ContainerStatus) {
					s.One(i.Name, c.Image, i.Image, i.ImageID, i.ContainerID)
				})
			}},

		{"kube_pod_container_resource_limits", Gauge, Stable.Steady(), Labels{"container", "node", "resource", "unit"},
			"How much of a resource a container may use at the most.",
			func(p *corev1.Pod, s *Samples) { containerAmounts(p, p.Spec.Containers, limits, s) }},

		{"kube_pod_container_resource_requests", Gauge, Stable.Steady(), Labels{"container", "node", "resource", "unit"},
			"How much of a resource is set aside for a container.",
			func(p *corev1.Pod, s *Samples) { containerAmounts(p, p.Spec.Containers, requests, s) }},

		{"kube_pod_container_state_started", Gauge, Stable, Labels{"container"},
			"When a container that runs or has ended was started, in Unix seconds.",
			eachContainer(containerStarted)},

		{"kube_pod_container_status_last_terminated_reason", Gauge, Alpha, Labels{"container", "reason"},
			"Why a container ended before it was last restarted.",
			eachContainer(lastTerminatedReason)},

		{"kube_pod_container_status_last_terminated_exitcode", Gauge, Alpha, Labels{"container"},
			"With which exit code a container ended before it was last restarted.",
			eachContainer(lastTerminatedExitCode)},

		{"kube_pod_container_status_last_terminated_timestamp", Gauge, Alpha, Labels{"container"},
			"When a container ended before it was last restarted, in Unix seconds.",
			eachContainer(lastTerminatedTime)},

		{"kube_pod_container_status_ready", Gauge, Stable, Labels{"container"},
			"Whether a container passes its readiness check.",
			eachContainer(containerReady)},

		{"kube_pod_container_status_restarts_total", Counter, Stable, Labels{"container"},
			"How often a container was restarted.",
			eachContainer(containerRestarts)},

		{"kube_pod_container_status_running", Gauge, Stable, Labels{"container"},
			"Whether a container runs.",
			eachContainer(containerRunning)},

		{"kube_pod_container_status_terminated", Gauge, Stable, Labels{"container"},
			"Whether a container has ended.",
			eachContainer(containerTerminated)},

		{"kube_pod_container_status_terminated_reason", Gauge, Alpha, Labels{"container", "reason"},
			"Why a container that has ended did so.",
			eachContainer(terminatedReason)},

		{"kube_pod_container_status_waiting", Gauge, Stable, Labels{"container"},
			"Whether a container waits to be started.",
			eachContainer(containerWaiting)},

		{"kube_pod_container_status_waiting_reason", Gauge, Stable, Labels{"container", "reason"},
			"Why a container waits to be started.",
			eachContainer(waitingReason)},

		{"kube_pod_created", Gauge, Stable, nil,
			"When the pod was created, in Unix seconds.",
			created[*corev1.Pod]},

		{"kube_pod_deletion_timestamp", Gauge, Alpha, nil,
			"When the pod is due to be gone, in Unix seconds.",
			deleted[*corev1.Pod]},

		{"kube_pod_info", Gauge, Stable,
			Labels{"host_ip", "pod_ip", "node", "created_by_kind", "created_by_name", "priority_class", "host_network"},
			"Where the pod is, how it is reached and what made it.",
			podInfo},

		{"kube_pod_ips", Gauge, Alpha, Labels{"ip", "ip_family"},
			"The addresses of the pod.",
			podIPs},

		{"kube_pod_init_container_info", Gauge, Stable,
			Labels{"container", "image_spec", "image", "image_id", "container_id", "restart_policy"},
			"The image that an init container was asked to run and what it runs.",
			func(p *corev1.Pod, s *Samples) {
				eachInstance(p.Spec.InitContainers, p.Status.InitContainerStatuses, func(c *corev1.Container, i *corev1.ContainerStatus) {
					s.One(i.Name, c.Image, i.Image, i.ImageID, i.ContainerID, string(value(c.RestartPolicy)))
				})
			}},

		{"kube_pod_init_container_resource_limits", Gauge, Alpha.Steady(), Labels{"container", "node", "resource", "unit"},
			"How much of a resource an init container may use at the most.",
			func(p *corev1.Pod, s *Samples) { containerAmounts(p, p.Spec.InitContainers, limits, s) }},

		{"kube_pod_init_container_resource_requests", Gauge, Alpha.Steady(), Labels{"container", "node", "resource", "unit"},
			"How much of a resource is set aside for an init container.",
			func(p *corev1.Pod, s *Samples) { containerAmounts(p, p.Spec.InitContainers, requests, s) }},

		{"kube_pod_init_container_state_started", Gauge, Alpha, Labels{"container"},
			"When an init container that runs or has ended was started, in Unix seconds.",
			eachInitContainer(containerStarted)},

		{"kube_pod_init_container_status_last_terminated_reason", Gauge, Alpha, Labels{"container", "reason"},
			"Why an init container ended before it was last restarted.",
			eachInitContainer(lastTerminatedReason)},

		{"kube_pod_init_container_status_last_terminated_exitcode", Gauge, Alpha, Labels{"container"},
			"With which exit code an init container ended before it was last restarted.",
			eachInitContainer(lastTerminatedExitCode)},

		{"kube_pod_init_container_status_last_terminated_timestamp", Gauge, Alpha, Labels{"container"},
			"When an init container ended before it was last restarted, in Unix seconds.",
			eachInitContainer(lastTerminatedTime)},

		{"kube_pod_init_container_status_ready", Gauge, Stable, Labels{"container"},
			"Whether an init container is done or, if it runs on, ready.",
			eachInitContainer(containerReady)},

		{"kube_pod_init_container_status_restarts_total", Counter, Stable, Labels{"container"},
			"How often an init container was restarted.",
			eachInitContainer(containerRestarts)},

		{"kube_pod_init_container_status_running", Gauge, Stable, Labels{"container"},
			"Whether an init container runs.",
			eachInitContainer(containerRunning)},

		{"kube_pod_init_container_status_terminated", Gauge, Stable, Labels{"container"},
			"Whether an init container has ended.",
			eachInitContainer(containerTerminated)},

		{"kube_pod_init_container_status_terminated_reason", Gauge, Alpha, Labels{"container", "reason"},
			"Why an init container that has ended did so.",
			eachInitContainer(terminatedReason)},

		{"kube_pod_init_container_status_waiting", Gauge, Stable, Labels{"container"},
			"Whether an init container waits to be started.",
			eachInitContainer(containerWaiting)},

		{"kube_pod_init_container_status_waiting_reason", Gauge, Alpha, Labels{"container", "reason"},
			"Why an init container waits to be started.",
			eachInitContainer(waitingReason)},

		{"kube_pod_annotations", Gauge, Alpha, Labels{"annotation_*"},
			"The annotations of the pod that are let through, as labels.",
			annotations[*corev1.Pod]},

		{"kube_pod_labels", Gauge, Stable, Labels{"label_*"},
			"The labels of the pod that are let through, as labels.",
			labels[*corev1.Pod]},

		{"kube_pod_overhead_cpu_cores", Gauge, Alpha.Steady(), nil,
			"How much CPU running the pod takes on top of its containers, in cores.",
			func(p *corev1.Pod, s *Samples) {
				if q, ok := p.Spec.Overhead[corev1.ResourceCPU]; ok {
					s.Milli(q)
				}
			}},

		{"kube_pod_overhead_memory_bytes", Gauge, Alpha.Steady(), nil,
			"How much memory running the pod takes on top of its containers, in bytes.",
			func(p *corev1.Pod, s *Samples) {
				if q, ok := p.Spec.Overhead[corev1.ResourceMemory]; ok {
					s.Ceil(q)
				}
			}},

		{"kube_pod_owner", Gauge, Stable, Labels{"owner_kind", "owner_name", "owner_is_controller"},
			"What owns the pod.",
			ownersAndController[*corev1.Pod]},

		{"kube_pod_resourceclaim_info", Gauge, Alpha, Labels{"claim_name", "resourceclaim_name", "resourceclaim_template_name"},
			"The devices that the pod claims.",
			resourceClaims},

		{"kube_pod_restart_policy", Gauge, Stable.Steady(), Labels{"type"},
			"When containers of the pod that end are started again.",
			func(p *corev1.Pod, s *Samples) { s.One(string(p.Spec.RestartPolicy)) }},

		{"kube_pod_runtimeclass_name_info", Gauge, Alpha.Steady(), Labels{"runtimeclass_name"},
			"The runtime class that the pod asks for.",
			func(p *corev1.Pod, s *Samples) {
				if name := p.Spec.RuntimeClassName; name != nil {
					s.One(*name)
				}
			}},

		{"kube_pod_spec_volumes_persistentvolumeclaims_info", Gauge, Stable.Steady(), Labels{"volume", "persistentvolumeclaim", "ephemeral"},
			"The claims that volumes of the pod use.",
			func(p *corev1.Pod, s *Samples) {
				eachClaim(p, s, func(volume, claim, ephemeral string, _ bool) { s.One(volume, claim, ephemeral) })
			}},

		{"kube_pod_spec_volumes_persistentvolumeclaims_readonly", Gauge, Stable.Steady(), Labels{"volume", "persistentvolumeclaim", "ephemeral"},
			"Whether the pod may only read what a claim gives it.",
			func(p *corev1.Pod, s *Samples) {
				eachClaim(p, s, func(volume, claim, ephemeral string, readOnly bool) { s.Bool(readOnly, volume, claim, ephemeral) })
			}},

		{"kube_pod_start_time", Gauge, Stable, nil,
			"When the pod's node took it on, in Unix seconds.",
			func(p *corev1.Pod, s *Samples) {
				s.Time(p.Status.StartTime)
			}},

		{"kube_pod_status_phase", Gauge, Stable, Labels{"phase"},
			"The phase of the pod, with 1 at the one it is in.",
			func(p *corev1.Pod, s *Samples) {
				if p.Status.Phase != "" {
					s.OneOf(string(p.Status.Phase), podPhases)
				}
			}},

		{"kube_pod_status_qos_class", Gauge, Alpha, Labels{"qos_class"},
			"The quality of service of the pod, with 1 at the class it is in.",
			func(p *corev1.Pod, s *Samples) {
				if p.Status.QOSClass != "" {
					s.OneOf(string(p.Status.QOSClass), qosClasses)
				}
			}},

		{"kube_pod_status_ready", Gauge, Stable, Labels{"condition"},
			"Whether the pod is ready, with 1 at the status of that condition.",
			eachPodCondition(corev1.PodReady, conditionStatus)},

		{"kube_pod_status_ready_time", Gauge, Alpha, nil,
			"Since when the pod has been ready, in Unix seconds.",
			eachPodCondition(corev1.PodReady, sinceTrue)},

		{"kube_pod_status_initialized_time", Gauge, Alpha, nil,
			"When the init containers of the pod were done, in Unix seconds.",
			eachPodCondition(corev1.PodInitialized, sinceTrue)},

		{"kube_pod_status_container_ready_time", Gauge, Alpha, nil,
			"Since when all containers of the pod have been ready, in Unix seconds.",
			eachPodCondition(corev1.ContainersReady, sinceTrue)},

		{"kube_pod_status_reason", Gauge, Alpha, Labels{"reason"},
			"Why the pod is in the state it is in.",
			podReasons},

		{"kube_pod_status_disruption_reason", Gauge, Alpha, Labels{"reason"},
			"Why the pod is about to be ended from outside.",
			eachPodCondition(corev1.DisruptionTarget, disruptionReason)},

		{"kube_pod_status_scheduled", Gauge, Stable, Labels{"condition"},
			"Whether the pod has a node, with 1 at the status of that condition.",
			eachPodCondition(corev1.PodScheduled, conditionStatus)},

		{"kube_pod_status_scheduled_time", Gauge, Stable, nil,
			"Since when the pod has had a node, in Unix seconds.",
			eachPodCondition(corev1.PodScheduled, sinceTrue)},

		{"kube_pod_status_unschedulable", Gauge, Stable, nil,
			"That no node could be found for the pod.",
			eachPodCondition(corev1.PodScheduled, func(c *corev1.PodCondition, s *Samples) {
				if c.Status == corev1.ConditionFalse {
					s.One()
				}
			})},

		{"kube_pod_status_unscheduled_time", Gauge, Alpha, nil,
			"Since when the pod has waited for a node, in Unix seconds.",
			eachPodCondition(corev1.PodScheduled, func(c *corev1.PodCondition, s *Samples) {
				if c.Status == corev1.ConditionFalse {
					s.Time(&c.LastTransitionTime)
				}
			})},

		{"kube_pod_tolerations", Gauge, Alpha.Steady(), Labels{"key", "operator", "value", "effect", "toleration_seconds"},
			"The taints that the pod puts up with.",
			tolerations},

		{"kube_pod_nodeselectors", Gauge, Alpha.OptIn().Steady(), Labels{"nodeselector_*"},
			"The labels that the pod asks of its node, as labels.",
			func(p *corev1.Pod, s *Samples) { s.All(p.Spec.NodeSelector) }},

		{"kube_pod_service_account", Gauge, Alpha.Steady(), Labels{"service_account"},
			"The service account that the pod runs as.",
			func(p *corev1.Pod, s *Samples) { s.One(p.Spec.ServiceAccountName) }},

		{"kube_pod_scheduler", Gauge, Alpha.Steady(), Labels{"name"},
			"The scheduler that is to find a node for the pod.",
			func(p *corev1.Pod, s *Samples) { s.One(p.Spec.SchedulerName) }},
	},
}

func emptyPod(p *corev1.Pod) {
	clear(p.Labels)
	clear(p.Annotations)
	*p = corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Labels: p.Labels, Annotations: p.Annotations, OwnerReferences: emptied(p.OwnerReferences)},
		Spec:       corev1.PodSpec{InitContainers: emptied(p.Spec.InitContainers), Containers: emptied(p.Spec.Containers)},
		Status: corev1.PodStatus{
			Conditions: emptied(p.Status.Conditions), PodIPs: emptied(p.Status.PodIPs),
			InitContainerStatuses: emptied(p.Status.InitContainerStatuses), ContainerStatuses: emptied(p.Status.ContainerStatuses),
		},
	}
}

// emptied is the memory of list.
func emptied[E any](list []E) []E {
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

// eachInstance calls f for each container together with each status that bears
// its name.
func eachInstance(containers []corev1.Container, statuses []corev1.ContainerStatus, f func(*corev1.Container, *corev1.ContainerStatus)) {
	for i := range containers {
		for j := range statuses {
			if containers[i].Name == statuses[j].Name {
				f(&containers[i], &statuses[j])
			}
		}
	}
}

func limits(c *corev1.Container) corev1.ResourceList   { return c.Resources.Limits }
func requests(c *corev1.Container) corev1.ResourceList { return c.Resources.Requests }

// containerAmounts adds the amounts that the pod's containers ask for: of CPU
// to the thousandth, of anything else in whole numbers.
func containerAmounts(p *corev1.Pod, containers []corev1.Container, of func(*corev1.Container) corev1.ResourceList, s *Samples) {
	for i := range containers {
		container := containers[i].Name
		s.eachAmount(of(&containers[i]), func(name, unit string, q resource.Quantity) {
			switch name {
			case "cpu":
				s.Milli(q, container, p.Spec.NodeName, name, unit)
			case "pods": // an amount of pods means something only for a node
			default:
				s.Ceil(q, container, p.Spec.NodeName, name, unit)
			}
		})
	}
}

// eachContainer lifts a row about the status of a container to a row about a
// pod.
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
		// What has other characters is no address, or has a zone, which means
		// nothing off its node. To be told so by the parser costs an allocation.
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
	for i := range p.Spec.ResourceClaims {
		c := &p.Spec.ResourceClaims[i]
		if c.ResourceClaimName == nil && c.ResourceClaimTemplateName == nil {
			continue
		}
		name := c.ResourceClaimName
		if name == nil {
			name = madeClaim(p, c.Name)
		}
		s.One(c.Name, value(name), value(c.ResourceClaimTemplateName))
	}
}

// madeClaim is the name of the claim that was made from a template for the
// pod's entry of the given name, if there is one.
func madeClaim(p *corev1.Pod, entry string) *string {
	for i := range p.Status.ResourceClaimStatuses {
		if c := &p.Status.ResourceClaimStatuses[i]; c.Name == entry {
			return c.ResourceClaimName
		}
	}
	return nil
}

// eachClaim calls f for each volume that uses a claim of its own name or of one
// made for the pod.
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

// eachPodCondition lifts a row about a condition of the given type to a row
// about a pod.
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

// hasReason says whether the pod, one of its conditions or the end of one of
// its containers gives the reason.
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
