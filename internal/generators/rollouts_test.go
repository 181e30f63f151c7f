package generators_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
)

// rolloutOf renders the family of rollouts of a resource.
func rolloutOf(r generators.Resource, family string, o metav1.Object) string {
	o.SetNamespace("shop")
	o.SetName("a")
	got, _ := r.Compile(generators.Selection{
		Allow: []generators.Pattern{exactly(family)}, Groups: []generators.Group{generators.Verdicts},
	}).Render(nil, nil, o)
	return string(got)
}

// states are the lines of a family for all states, of which one is current.
func states(identity, current string, all ...string) (lines string) {
	for _, state := range all {
		n := "0"
		if state == current {
			n = "1"
		}
		lines += identity + `,state="` + state + `"} ` + n + "\n"
	}
	return lines
}

func TestDeploymentRollout(t *testing.T) {
	f := func(want string, change func(*appsv1.Deployment)) {
		t.Helper()
		d := &appsv1.Deployment{
			ObjectMeta: metav1.ObjectMeta{Generation: 3},
			Spec:       appsv1.DeploymentSpec{Replicas: new(int32(4))},
			Status:     appsv1.DeploymentStatus{ObservedGeneration: 3, Replicas: 4, UpdatedReplicas: 4, AvailableReplicas: 4, ReadyReplicas: 4},
		}
		change(d)
		lines := states(`kubestate_deployment_rollout{namespace="shop",deployment="a"`, want, "complete", "progressing", "stalled", "paused")
		if d := cmp.Diff(lines, rolloutOf(&generators.Deployments, "kubestate_deployment_rollout", d)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	type deployment = appsv1.Deployment
	condition := func(of appsv1.DeploymentConditionType, is corev1.ConditionStatus, reason string) []appsv1.DeploymentCondition {
		return []appsv1.DeploymentCondition{{Type: of, Status: is, Reason: reason}}
	}
	exceeded := condition("Progressing", "False", "ProgressDeadlineExceeded")

	f("complete", func(*deployment) {})
	f("complete", func(d *deployment) { d.Status.ObservedGeneration = 4 })
	f("progressing", func(d *deployment) { d.Status.ObservedGeneration = 2 })
	f("progressing", func(d *deployment) { d.Status.UpdatedReplicas, d.Status.Replicas = 3, 3 })
	f("progressing", func(d *deployment) { d.Status.Replicas = 5 }) // an old one is left
	f("progressing", func(d *deployment) { d.Status.AvailableReplicas = 3 })
	f("progressing", func(d *deployment) { d.Status = appsv1.DeploymentStatus{} })

	f("complete", func(d *deployment) { d.Status.ReadyReplicas = 0 })
	f("complete", func(d *deployment) { d.Status.UnavailableReplicas = 1 })
	f("complete", func(d *deployment) { d.Status.UpdatedReplicas, d.Status.Replicas, d.Status.AvailableReplicas = 5, 5, 5 })
	f("progressing", func(d *deployment) { d.Status.UpdatedReplicas, d.Status.Replicas = 5, 5 })
	f("complete", func(d *deployment) { d.Spec.Replicas = nil })
	f("progressing", func(d *deployment) { d.Spec.Replicas, d.Status.AvailableReplicas = nil, 3 })

	none := appsv1.DeploymentStatus{ObservedGeneration: 3}
	f("complete", func(d *deployment) { d.Spec.Replicas, d.Status = new(int32(0)), none })
	f("progressing", func(d *deployment) { d.Spec.Replicas, d.Status, d.Status.Replicas = new(int32(0)), none, 1 })
	f("progressing", func(d *deployment) { d.Spec.Replicas, d.Status = new(int32(1)), none })

	f("stalled", func(d *deployment) { d.Status.Conditions, d.Status.AvailableReplicas = exceeded, 3 })
	f("stalled", func(d *deployment) { d.Status.Conditions = exceeded })
	f("stalled", func(d *deployment) {
		d.Status.Conditions = condition("Progressing", "True", "ProgressDeadlineExceeded")
	})
	f("stalled", func(d *deployment) {
		d.Status.Conditions = append(condition("Available", "True", "MinimumReplicasAvailable"), exceeded...)
	})
	f("progressing", func(d *deployment) { d.Status.Conditions, d.Status.ObservedGeneration = exceeded, 2 })
	f("complete", func(d *deployment) { d.Status.Conditions = condition("Progressing", "False", "ReplicaSetCreateError") })
	f("complete", func(d *deployment) { d.Status.Conditions = condition("Available", "False", "ProgressDeadlineExceeded") })

	f("complete", func(d *deployment) { d.Spec.Paused = true })
	f("paused", func(d *deployment) { d.Spec.Paused, d.Status.UpdatedReplicas = true, 0 })
	f("paused", func(d *deployment) { d.Spec.Paused, d.Status.AvailableReplicas = true, 3 })
	f("paused", func(d *deployment) { d.Spec.Paused, d.Status.ObservedGeneration = true, 2 })
	f("stalled", func(d *deployment) { d.Spec.Paused, d.Status.UpdatedReplicas, d.Status.Conditions = true, 0, exceeded })
	f("paused", func(d *deployment) {
		d.Spec.Paused, d.Status.UpdatedReplicas, d.Status.Conditions = true, 0, condition("Progressing", "Unknown", "DeploymentPaused")
	})
}

func TestStatefulSetRollout(t *testing.T) {
	f := func(want string, change func(*appsv1.StatefulSet)) {
		t.Helper()
		s := &appsv1.StatefulSet{
			ObjectMeta: metav1.ObjectMeta{Generation: 3},
			Spec: appsv1.StatefulSetSpec{Replicas: new(int32(4)), UpdateStrategy: appsv1.StatefulSetUpdateStrategy{
				Type: "RollingUpdate", RollingUpdate: &appsv1.RollingUpdateStatefulSetStrategy{Partition: new(int32(0))},
			}},
			Status: appsv1.StatefulSetStatus{
				ObservedGeneration: 3, Replicas: 4, ReadyReplicas: 4, UpdatedReplicas: 4, AvailableReplicas: 4, CurrentRevision: "1", UpdateRevision: "1",
			},
		}
		change(s)
		var lines string
		if want != "" {
			lines = states(`kubestate_statefulset_rollout{namespace="shop",statefulset="a"`, want, "complete", "progressing")
		}
		if d := cmp.Diff(lines, rolloutOf(&generators.StatefulSets, "kubestate_statefulset_rollout", s)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	type set = appsv1.StatefulSet
	partition := func(s *set, p *int32, updated int32) {
		s.Spec.UpdateStrategy.RollingUpdate.Partition, s.Status.UpdatedReplicas, s.Status.UpdateRevision = p, updated, "2"
	}
	f("complete", func(*set) {})
	f("progressing", func(s *set) { s.Status.ObservedGeneration = 2 })
	f("progressing", func(s *set) { s.Generation, s.Status.ObservedGeneration = 0, 0 })
	f("progressing", func(s *set) { s.Status.ReadyReplicas = 3 })
	f("complete", func(s *set) { s.Status.AvailableReplicas = 3 })
	f("progressing", func(s *set) { s.Status.UpdatedReplicas = 3 })

	f("complete", func(s *set) { partition(s, new(int32(3)), 1) })
	f("progressing", func(s *set) { partition(s, new(int32(3)), 0) })
	f("complete", func(s *set) { partition(s, new(int32(4)), 0) })
	f("complete", func(s *set) { partition(s, new(int32(9)), 0) }) // beyond the replicas
	f("progressing", func(s *set) { partition(s, new(int32(0)), 3) })
	f("complete", func(s *set) { partition(s, nil, 0) })
	f("progressing", func(s *set) { partition(s, new(int32(3)), 1); s.Status.ReadyReplicas = 3 })

	whole := func(s *set, current string) {
		s.Spec.UpdateStrategy.RollingUpdate, s.Status.CurrentRevision, s.Status.UpdateRevision = nil, current, "2"
	}
	f("complete", func(s *set) { whole(s, "2") })
	f("progressing", func(s *set) { whole(s, "1") })

	f("complete", func(s *set) {
		s.Spec.Replicas, s.Status = new(int32(0)), appsv1.StatefulSetStatus{ObservedGeneration: 3}
	})
	f("complete", func(s *set) { s.Spec.Replicas = nil })
	f("progressing", func(s *set) { s.Status = appsv1.StatefulSetStatus{} })

	f("", func(s *set) { s.Spec.UpdateStrategy = appsv1.StatefulSetUpdateStrategy{Type: "OnDelete"} })
	f("", func(s *set) { s.Spec.UpdateStrategy.Type = "OnDelete" })
	f("", func(s *set) { s.Spec.UpdateStrategy.Type = "" })
}

func TestDaemonSetRollout(t *testing.T) {
	f := func(want string, change func(*appsv1.DaemonSet)) {
		t.Helper()
		d := &appsv1.DaemonSet{
			ObjectMeta: metav1.ObjectMeta{Generation: 3},
			Spec:       appsv1.DaemonSetSpec{UpdateStrategy: appsv1.DaemonSetUpdateStrategy{Type: "RollingUpdate"}},
			Status: appsv1.DaemonSetStatus{
				ObservedGeneration: 3, DesiredNumberScheduled: 4, CurrentNumberScheduled: 4, UpdatedNumberScheduled: 4, NumberAvailable: 4, NumberReady: 4,
			},
		}
		change(d)
		var lines string
		if want != "" {
			lines = states(`kubestate_daemonset_rollout{namespace="shop",daemonset="a"`, want, "complete", "progressing")
		}
		if d := cmp.Diff(lines, rolloutOf(&generators.DaemonSets, "kubestate_daemonset_rollout", d)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	type set = appsv1.DaemonSet
	f("complete", func(*set) {})
	f("progressing", func(d *set) { d.Status.ObservedGeneration = 2 })
	f("progressing", func(d *set) { d.Status.UpdatedNumberScheduled = 3 })
	f("progressing", func(d *set) { d.Status.NumberAvailable = 3 })
	f("complete", func(d *set) { d.Status.NumberReady, d.Status.NumberUnavailable, d.Status.NumberMisscheduled = 3, 1, 1 })
	f("complete", func(d *set) { d.Status = appsv1.DaemonSetStatus{ObservedGeneration: 3} }) // no node
	f("progressing", func(d *set) { d.Status = appsv1.DaemonSetStatus{} })
	f("", func(d *set) { d.Spec.UpdateStrategy.Type = "OnDelete" })
	f("", func(d *set) { d.Spec.UpdateStrategy.Type = "" })
}
