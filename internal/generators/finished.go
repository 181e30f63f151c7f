package generators

import (
	"cmp"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// podFinished returns when a pod succeeded or failed: the latest end of its containers or transition
// of its conditions, or else its start or creation. The reason is that of the status, or the phase.
func podFinished(p *corev1.Pod) (at time.Time, reason string) {
	if p.Status.Phase != corev1.PodSucceeded && p.Status.Phase != corev1.PodFailed {
		return time.Time{}, ""
	}
	for i := range p.Status.ContainerStatuses {
		at = later(at, terminatedAt(&p.Status.ContainerStatuses[i]))
	}
	for i := range p.Status.InitContainerStatuses {
		at = later(at, terminatedAt(&p.Status.InitContainerStatuses[i]))
	}
	for i := range p.Status.Conditions {
		at = later(at, p.Status.Conditions[i].LastTransitionTime)
	}
	return firstTime(at, p.Status.StartTime, &p.CreationTimestamp), cmp.Or(p.Status.Reason, string(p.Status.Phase))
}

// terminatedAt returns when a container ended, zero if it has not.
func terminatedAt(s *corev1.ContainerStatus) metav1.Time {
	if s.State.Terminated == nil {
		return metav1.Time{}
	}
	return s.State.Terminated.FinishedAt
}

// jobFinished returns when a job completed or failed. The reason is Complete, or that of the failure.
func jobFinished(j *batchv1.Job) (at time.Time, reason string) {
	for i := range j.Status.Conditions {
		c := &j.Status.Conditions[i]
		if c.Status != corev1.ConditionTrue || c.Type != batchv1.JobComplete && c.Type != batchv1.JobFailed {
			continue
		}
		if reason = string(c.Type); c.Type == batchv1.JobFailed {
			reason = cmp.Or(c.Reason, reason)
		}
		return firstTime(c.LastTransitionTime.Time, j.Status.CompletionTime, j.Status.StartTime, &j.CreationTimestamp), reason
	}
	return time.Time{}, ""
}

// later returns the later time.
func later(a time.Time, b metav1.Time) time.Time {
	if b.After(a) {
		return b.Time
	}
	return a
}

// firstTime returns at, or the first of the others if it is zero. An object without any time finished
// at the beginning of Unix time.
func firstTime(at time.Time, others ...*metav1.Time) time.Time {
	for _, t := range others {
		if at.IsZero() && t != nil {
			at = t.Time
		}
	}
	if at.IsZero() {
		return time.Unix(0, 0)
	}
	return at
}

// A FinishedCount is the number of the finished objects of a resource that have only the lines of kept
// families.
type FinishedCount struct {
	metav1.ObjectMeta // of which only the namespace is set
	Resource, Reason  string
	Objects           int
}

// FinishedCounts is the table of FinishedCounts. It belongs to no registry: no API server has such
// objects.
var FinishedCounts = Table[*FinishedCount]{
	Default:  Off,
	Identity: Identity{{"resource", func(o metav1.Object) string { return o.(*FinishedCount).Resource }}, Namespace},
	Families: []Family[*FinishedCount]{
		{Name: "kubestate_finished_objects", Type: Gauge, Stability: Alpha, Labels: Labels{"reason"},
			Help: "Finished objects that have left all families but the kept ones.",
			Row:  func(c *FinishedCount, s *Samples) { s.Int(int64(c.Objects), c.Reason) }},
	},
}
