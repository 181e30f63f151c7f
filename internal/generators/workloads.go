package generators

import (
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// workload is the identity of a workload of a kind.
func workload(kind string) Identity {
	return Identity{Namespace, constant("workload_kind", kind), Name("workload")}
}

// podWorkload adds the controller of a pod whose controller is its workload.
func podWorkload(p *corev1.Pod, s *Samples) {
	if c := metav1.GetControllerOfNoCopy(p); c != nil {
		s.One(c.Kind, c.Name)
	}
}

// States of the replicas of workloads.
const (
	desired   = "desired"
	current   = "current"
	ready     = "ready"
	available = "available"
	updated   = "updated"
)

func deploymentReplicas(d *appsv1.Deployment, s *Samples) {
	s.Optional32(d.Spec.Replicas, desired)
	s.Int(int64(d.Status.Replicas), current)
	s.Int(int64(d.Status.ReadyReplicas), ready)
	s.Int(int64(d.Status.AvailableReplicas), available)
	s.Int(int64(d.Status.UpdatedReplicas), updated)
}

func statefulSetReplicas(t *appsv1.StatefulSet, s *Samples) {
	s.Optional32(t.Spec.Replicas, desired)
	s.Int(int64(t.Status.Replicas), current)
	s.Int(int64(t.Status.ReadyReplicas), ready)
	s.Int(int64(t.Status.AvailableReplicas), available)
	s.Int(int64(t.Status.UpdatedReplicas), updated)
}

func daemonSetReplicas(d *appsv1.DaemonSet, s *Samples) {
	s.Int(int64(d.Status.DesiredNumberScheduled), desired)
	s.Int(int64(d.Status.CurrentNumberScheduled), current)
	s.Int(int64(d.Status.NumberReady), ready)
	s.Int(int64(d.Status.NumberAvailable), available)
	s.Int(int64(d.Status.UpdatedNumberScheduled), updated)
}

// replicaSetReplicas adds the replicas of a ReplicaSet without a controller: others are part of
// their controller.
func replicaSetReplicas(r *appsv1.ReplicaSet, s *Samples) {
	if metav1.GetControllerOfNoCopy(r) != nil {
		return
	}
	s.Optional32(r.Spec.Replicas, desired)
	s.Int(int64(r.Status.Replicas), current)
	s.Int(int64(r.Status.ReadyReplicas), ready)
	s.Int(int64(r.Status.AvailableReplicas), available)
}

// replicationControllerReplicas is replicaSetReplicas for a ReplicationController, which may have a
// controller, too.
func replicationControllerReplicas(r *corev1.ReplicationController, s *Samples) {
	if metav1.GetControllerOfNoCopy(r) != nil {
		return
	}
	s.Optional32(r.Spec.Replicas, desired)
	s.Int(int64(r.Status.Replicas), current)
	s.Int(int64(r.Status.ReadyReplicas), ready)
	s.Int(int64(r.Status.AvailableReplicas), available)
}

// jobReplicas adds the pods of a Job. Desired are those that the Job should run now: none once it
// is or will be finished or while it is suspended.
func jobReplicas(j *batchv1.Job, s *Samples) {
	if p := j.Spec.Parallelism; p != nil {
		s.Int(desiredPods(j, int64(*p)), desired)
	}
	s.Int(int64(j.Status.Active), current)
	s.Int(int64(value(j.Status.Ready)), ready)
}

// failedIndexes returns the number of indexes of a Job that have failed and are not run again, as 3 of 1,4-5.
func failedIndexes(j *batchv1.Job) (n int64) {
	if j.Status.FailedIndexes == nil {
		return 0
	}
	for part := range strings.SplitSeq(*j.Status.FailedIndexes, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, err := strconv.ParseInt(first, 10, 32)
		to, invalid := strconv.ParseInt(last, 10, 32)
		if err == nil && invalid == nil {
			n += max(0, to-from+1)
		}
	}
	return n
}

// desiredPods returns the pods that a Job of a parallelism should run now, as the Job controller decides
// it: without completions, no pod is started once one has succeeded.
func desiredPods(j *batchv1.Job, parallelism int64) int64 {
	for i := range j.Status.Conditions {
		c := &j.Status.Conditions[i]
		switch c.Type {
		case batchv1.JobComplete, batchv1.JobFailed, batchv1.JobSuspended, batchv1.JobSuccessCriteriaMet, batchv1.JobFailureTarget:
			if c.Status == corev1.ConditionTrue {
				return 0
			}
		}
	}
	if c := j.Spec.Completions; c != nil {
		return min(parallelism, max(0, int64(*c)-int64(j.Status.Succeeded)-failedIndexes(j)))
	}
	if j.Status.Succeeded > 0 {
		return int64(j.Status.Active)
	}
	return parallelism
}
