package generators

import (
	"cmp"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// podMemo counts terminations of containers, creations, deletions, failures and startup times of pods.
//
// Terminations are the restarts of a container, and one more while it is terminated or waits for its
// restart: a number that only grows. A memo has it and the reasons of the last two, which a state has:
// state.terminated and lastState.terminated. The reasons of those before are unobserved.
var podMemo = Memo[*corev1.Pod]{Append: appendPodMemo, Join: joinPodMemos, Count: countPod, Counts: &PodCounts}

// Reasons of terminations. Unobserved are those of which no state was seen.
const (
	reasonUnobserved = "unobserved"
	reasonOOMKilled  = "OOMKilled"
	reasonError      = "Error"
	reasonOther      = "other"
)

var terminationReasons = codes{"", reasonUnobserved, reasonOOMKilled, reasonError, "Completed", "ContainerCannotRun", "DeadlineExceeded", reasonOther}

var unobserved = terminationReasons.of(reasonUnobserved)

// Reasons of failures of pods: those of the DisruptionTarget condition, and those of the status.
const (
	reasonEvicted   = "Evicted"
	reasonPreempted = "Preempted"
	reasonNodeLost  = "NodeLost"
	reasonFailed    = "Failed" // without a reason
)

var failureReasons = codes{
	"", reasonFailed, reasonEvicted, reasonPreempted, reasonNodeLost,
	"EvictionByEvictionAPI", "DeletionByTaintManager", "TerminationByKubelet",
	"NodeShutdown", "Terminated", "NodeAffinity", "UnexpectedAdmissionError", "DeadlineExceeded",
	reasonOther,
}

// podHistory is the beginning of the memo of a pod. The containers follow.
type podHistory struct {
	created          bool  // while pods were watched
	mirror           bool  // of a static pod
	failed           byte  // code of the reason, 0 if the pod has not failed
	scheduled, ready int64 // seconds since the creation and 1, 0 if unknown
}

// Flags of memos. The code of the reason follows them.
const (
	createdFlag = 1
	mirrorFlag  = 2
	flagBits    = 2
)

func (h *podHistory) read(c *cursor) {
	flags := c.byte()
	h.created, h.mirror, h.failed = flags&createdFlag != 0, flags&mirrorFlag != 0, flags>>flagBits
	h.scheduled, h.ready = int64(c.uint()), int64(c.uint())
}

func (h *podHistory) append(dst []byte) []byte {
	flags := h.failed << flagBits
	if h.created {
		flags |= createdFlag
	}
	if h.mirror {
		flags |= mirrorFlag
	}
	return appendUint(appendUint(append(dst, flags), uint64(h.scheduled)), uint64(h.ready))
}

// join adds what another history of the pod has and h lacks.
func (h *podHistory) join(o podHistory) {
	h.created, h.mirror = h.created || o.created, h.mirror || o.mirror
	h.failed = cmp.Or(h.failed, o.failed)
	h.scheduled, h.ready = cmp.Or(h.scheduled, o.scheduled), cmp.Or(h.ready, o.ready)
}

// containerHistory is the part of a memo about a container.
type containerHistory struct {
	name         string
	terminations uint64
	last, before byte // codes of the reasons of the last two
}

func (h *containerHistory) read(c *cursor) {
	h.name, h.terminations, h.last, h.before = c.string(), c.uint(), c.byte(), c.byte()
}

func (h *containerHistory) append(dst []byte) []byte {
	return append(appendUint(appendString(dst, h.name), h.terminations), h.last, h.before)
}

// join changes h to a later history of the container.
func (h *containerHistory) join(o containerHistory) {
	switch {
	case o.terminations <= h.terminations:
	case o.terminations == h.terminations+1 && h.last != unobserved:
		h.terminations, h.last, h.before = o.terminations, o.last, h.last
	default:
		h.terminations, h.last, h.before = o.terminations, o.last, o.before
	}
}

// historyOf returns the history of a container by its status.
func historyOf(s *corev1.ContainerStatus) containerHistory {
	h := containerHistory{name: s.Name, terminations: uint64(max(s.RestartCount, 0))}
	now, last := s.State.Terminated, s.LastTerminationState.Terminated
	if last != nil && s.State.Running == nil && last.ContainerID != "" && last.ContainerID == s.ContainerID {
		// The container waits for its restart, or its termination is in both places.
		now, last = last, nil
	}
	h.last, h.before = unobserved, unobserved
	if last != nil {
		h.last = reasonOf(last)
	}
	if now != nil {
		h.terminations++
		h.last, h.before = reasonOf(now), h.last
	}
	switch h.terminations {
	case 0:
		h.last, h.before = 0, 0
	case 1:
		h.before = 0
	}
	return h
}

// reasonOf returns the code of the reason of a termination, which the kubelet may leave out.
func reasonOf(t *corev1.ContainerStateTerminated) byte {
	return terminationReasons.of(cmp.Or(t.Reason, reasonOther))
}

// statusAt returns the status of the i-th container, init containers first; nil behind the last.
func statusAt(p *corev1.Pod, i int) *corev1.ContainerStatus {
	if n := len(p.Status.InitContainerStatuses); i < n {
		return &p.Status.InitContainerStatuses[i]
	} else if i -= n; i < len(p.Status.ContainerStatuses) {
		return &p.Status.ContainerStatuses[i]
	}
	return nil
}

// statusOf returns the status of a container, which is mostly the i-th; nil if there is none.
func statusOf(p *corev1.Pod, name string, i int) *corev1.ContainerStatus {
	if s := statusAt(p, i); s != nil && s.Name == name {
		return s
	}
	for i := 0; ; i++ {
		if s := statusAt(p, i); s == nil || s.Name == name {
			return s
		}
	}
}

func appendPodMemo(dst []byte, before string, p *corev1.Pod, created bool) []byte {
	c, isNew := cursor{before}, before == ""
	h := podHistory{created: isNew && created}
	if !isNew {
		h.read(&c)
	}
	h.add(p)
	dst = h.append(dst)
	containers := c
	known, inOrder := 0, true // the containers of the memo are those of the first statuses
	for ; c.more(); known++ {
		var h containerHistory
		h.read(&c)
		s := statusOf(p, h.name, known)
		if s != nil {
			h.join(historyOf(s))
		}
		inOrder = inOrder && s == statusAt(p, known)
		dst = h.append(dst)
	}
	first := 0
	if inOrder {
		first = known
	}
	for i := first; ; i++ {
		s := statusAt(p, i)
		switch {
		case s != nil:
			if !containers.has(s.Name) && statusOf(p, s.Name, 0) == s {
				h := historyOf(s)
				dst = h.append(dst)
			}
		case i == 0 && !h.mirror: // none is known
			return appendUnstarted(dst, p)
		default:
			return dst
		}
	}
}

// appendUnstarted appends the histories of the containers of a pod that has no status of them yet. A partial
// object has no containers.
func appendUnstarted(dst []byte, p *corev1.Pod) []byte {
	for _, of := range [...][]corev1.Container{p.Spec.InitContainers, p.Spec.Containers} {
		for i := range of {
			h := containerHistory{name: of[i].Name}
			dst = h.append(dst)
		}
	}
	return dst
}

// has reports whether the containers at the cursor have a name.
func (c cursor) has(name string) bool {
	for c.more() {
		var h containerHistory
		if h.read(&c); h.name == name {
			return true
		}
	}
	return false
}

// find returns the history of the container of a name at the cursor.
func (c cursor) find(name string) (h containerHistory) {
	for c.more() {
		if h.read(&c); h.name == name {
			return h
		}
	}
	return containerHistory{}
}

// add adds the state of a pod.
func (h *podHistory) add(p *corev1.Pod) {
	now := podHistory{failed: failureOf(p)}
	_, now.mirror = p.Annotations[corev1.MirrorPodAnnotationKey]
	if h.created && !now.mirror { // a static pod starts before the kubelet creates its mirror pod
		now.scheduled = sinceCreation(p, corev1.PodScheduled)
		now.ready = sinceCreation(p, corev1.PodReady)
	}
	h.join(now)
}

// failureOf returns the code of the reason for which a pod failed or is terminated by the control plane;
// 0 if neither.
func failureOf(p *corev1.Pod) byte {
	failed := p.Status.Phase == corev1.PodFailed
	for i := range p.Status.Conditions {
		c := &p.Status.Conditions[i]
		if c.Type != corev1.DisruptionTarget || c.Status != corev1.ConditionTrue {
			continue
		}
		switch c.Reason {
		case corev1.PodReasonTerminationByKubelet:
			return failureReasons.of(statusReason(p.Status.Reason, c.Reason))
		case corev1.PodReasonPreemptionByScheduler:
			return failureReasons.of(reasonPreempted)
		case "DeletionByPodGC":
			return failureReasons.of(reasonNodeLost)
		}
		return failureReasons.of(cmp.Or(c.Reason, reasonFailed))
	}
	if failed {
		return failureReasons.of(statusReason(p.Status.Reason, reasonFailed))
	}
	return 0
}

// statusReason returns the reason of the status of a pod, or the given one if that is empty.
func statusReason(reason, otherwise string) string {
	if reason == "Preempting" { // by the kubelet, for a critical pod
		return reasonPreempted
	}
	return cmp.Or(reason, otherwise)
}

// sinceCreation returns the seconds from the creation of a pod to the transition of a condition that is
// true, and 1; 0 if it is not, or has no time.
func sinceCreation(p *corev1.Pod, of corev1.PodConditionType) int64 {
	for i := range p.Status.Conditions {
		c := &p.Status.Conditions[i]
		if c.Type == of && c.Status == corev1.ConditionTrue {
			return secondsBetween(p.CreationTimestamp, c.LastTransitionTime)
		}
	}
	return 0
}

func secondsBetween(from, to metav1.Time) int64 {
	if from.IsZero() || to.IsZero() {
		return 0
	}
	return max(int64(to.Sub(from.Time)/time.Second), 0) + 1
}

func joinPodMemos(dst []byte, a, b string) []byte {
	x, y := cursor{a}, cursor{b}
	var h, other podHistory
	h.read(&x)
	other.read(&y)
	h.join(other)
	dst = h.append(dst)
	containers := x
	for x.more() {
		var h containerHistory
		h.read(&x)
		h.join(y.find(h.name))
		dst = h.append(dst)
	}
	for y.more() {
		var h containerHistory
		if h.read(&y); !containers.has(h.name) {
			dst = h.append(dst)
		}
	}
	return dst
}

func countPod(before, after string, add func(Increment)) {
	if after == "" {
		add(Increment{Series: Series{Of: podsDeleted}, By: 1})
		return
	}
	x, y := cursor{before}, cursor{after}
	var old, h podHistory
	h.read(&y)
	if before == "" {
		countNewPod(&h, &old, add)
	} else {
		old.read(&x)
	}
	if h.failed != 0 && old.failed == 0 {
		add(Increment{Series: Series{Of: podFailures, Labels: [2]string{failureReasons.text(h.failed)}}, By: 1})
	}
	observe := func(phase string, old, now int64) {
		if now != 0 && old == 0 {
			add(Increment{Series: Series{Of: podStartup, Labels: [2]string{phase}}, By: 1, Value: float64(now - 1)})
		}
	}
	observe(phaseScheduled, old.scheduled, h.scheduled)
	observe(phaseReady, old.ready, h.ready)
	// The kubelet creates a mirror pod again when somebody deletes it, or its node. Its containers go on, with
	// their restarts.
	isMirror := h.mirror
	for y.more() {
		var h containerHistory
		h.read(&y)
		known := x.has(h.name)
		counted := x.find(h.name).terminations
		if !known {
			add(h.termination(reasonOOMKilled, 0))
			add(h.termination(reasonError, 0))
		}
		if before == "" && !old.created || !known && isMirror {
			counted = h.terminations
		}
		h.count(counted, add)
	}
}

// countNewPod counts a new pod. Of a pod that was not created meanwhile, old becomes the present history.
func countNewPod(h, old *podHistory, add func(Increment)) {
	created := uint64(0)
	if h.created {
		created = 1
		old.created = true
	} else {
		*old = *h
	}
	add(Increment{Series: Series{Of: podsCreated}, By: created})
	add(Increment{Series: Series{Of: podsDeleted}})
	add(Increment{Series: Series{Of: podFailures, Labels: [2]string{reasonEvicted}}})
}

// termination returns the increment of the terminations of a container for a reason.
func (h *containerHistory) termination(reason string, by uint64) Increment {
	return Increment{Series: Series{Of: terminations, Labels: [2]string{h.name, reason}}, By: by}
}

// count counts the terminations since the given number of them.
func (h *containerHistory) count(since uint64, add func(Increment)) {
	if h.terminations <= since {
		return
	}
	n := h.terminations - since
	add(h.termination(terminationReasons.text(h.last), 1))
	if n > 1 {
		add(h.termination(terminationReasons.text(h.before), 1))
	}
	if n > 2 {
		add(h.termination(reasonUnobserved, n-2))
	}
}
