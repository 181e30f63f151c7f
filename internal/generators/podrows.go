package generators

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Rows of Pods.

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

// manyPairs is the least number of pairs for a join by map, which allocates, instead of nested
// loops.
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
			case "pods": // a resource of nodes alone
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
	for i := range slices.Backward(statuses) { // the first of a name wins
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

// hasReason reports whether the status of the pod, a condition or a terminated container
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
