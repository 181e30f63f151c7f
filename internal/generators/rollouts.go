package generators

import appsv1 "k8s.io/api/apps/v1"

// States of rollouts, by the rules of kubectl rollout status. Stalled are rollouts for which it
// fails, paused those of paused Deployments for which it waits.
const (
	complete    = "complete"
	progressing = "progressing"
	stalled     = "stalled"
	paused      = "paused"
)

// Only Deployments have a progress deadline, and can be paused.
var (
	deploymentRollouts = []string{complete, progressing, stalled, paused}
	rollouts           = []string{complete, progressing}
)

// progressDeadlineExceeded is the reason of a Deployment's Progressing condition once its progress
// deadline is exceeded.
const progressDeadlineExceeded = "ProgressDeadlineExceeded"

func deploymentRollout(d *appsv1.Deployment, s *Samples) {
	s.OneOf(stateOfDeployment(d), deploymentRollouts)
}

func stateOfDeployment(d *appsv1.Deployment) string {
	observed := d.Status.ObservedGeneration >= d.Generation
	switch {
	case observed && exceedsProgressDeadline(d):
		return stalled
	case observed && d.Status.UpdatedReplicas >= value(d.Spec.Replicas) &&
		d.Status.Replicas <= d.Status.UpdatedReplicas && // no old ones are left
		d.Status.AvailableReplicas >= d.Status.UpdatedReplicas:
		return complete
	case d.Spec.Paused:
		return paused
	default:
		return progressing
	}
}

func exceedsProgressDeadline(d *appsv1.Deployment) bool {
	for i := range d.Status.Conditions {
		if c := &d.Status.Conditions[i]; c.Type == appsv1.DeploymentProgressing {
			return c.Reason == progressDeadlineExceeded
		}
	}
	return false
}

// statefulSetRollout adds nothing for a StatefulSet whose pods are updated when a user deletes them.
func statefulSetRollout(t *appsv1.StatefulSet, s *Samples) {
	if t.Spec.UpdateStrategy.Type == appsv1.RollingUpdateStatefulSetStrategyType {
		s.OneOf(stateOfStatefulSet(t), rollouts)
	}
}

func stateOfStatefulSet(t *appsv1.StatefulSet) string {
	desired := value(t.Spec.Replicas)
	if t.Status.ObservedGeneration == 0 || t.Status.ObservedGeneration < t.Generation || t.Status.ReadyReplicas < desired {
		return progressing
	}
	updated := t.Status.UpdateRevision == t.Status.CurrentRevision
	if u := t.Spec.UpdateStrategy.RollingUpdate; u != nil {
		// Pods below the partition stay at their revision.
		updated = u.Partition == nil || t.Status.UpdatedReplicas >= desired-*u.Partition
	}
	if updated {
		return complete
	}
	return progressing
}

// daemonSetRollout adds nothing for a DaemonSet whose pods are updated when a user deletes them.
func daemonSetRollout(d *appsv1.DaemonSet, s *Samples) {
	if d.Spec.UpdateStrategy.Type == appsv1.RollingUpdateDaemonSetStrategyType {
		s.OneOf(stateOfDaemonSet(d), rollouts)
	}
}

func stateOfDaemonSet(d *appsv1.DaemonSet) string {
	desired := d.Status.DesiredNumberScheduled
	if d.Status.ObservedGeneration >= d.Generation && d.Status.UpdatedNumberScheduled >= desired && d.Status.NumberAvailable >= desired {
		return complete
	}
	return progressing
}
