package members

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/sharding/handover"
)

func TestNumberOf(t *testing.T) {
	f := func(pod, set string, want int, wantErr string) {
		t.Helper()
		got, err := numberOf(pod, set)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if got != want || text != wantErr {
			t.Errorf("%s of %s: %d, %q", pod, set, got, text)
		}
	}
	f("kubestate-0", "kubestate", 0, "")
	f("kubestate-12", "kubestate", 12, "")
	f("a-3-7", "a-3", 7, "")
	for _, name := range []string{"kubestate", "kubestate-", "kubestate-a", "kubestate-1a", "kubestate-01", "kubestate--1", "other-1", "kubestate-x-1"} {
		f(name, "kubestate", 0, "pod "+name+" does not have the name of StatefulSet kubestate and a number")
	}
}

func TestAssignmentOf(t *testing.T) {
	f := func(spec appsv1.StatefulSetSpec, want handover.Assignment) {
		t.Helper()
		if got := assignmentOf(&appsv1.StatefulSet{Spec: spec}, 1); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	f(appsv1.StatefulSetSpec{}, handover.Assignment{Total: 1})
	f(appsv1.StatefulSetSpec{Replicas: new(int32)}, handover.Assignment{})
	f(appsv1.StatefulSetSpec{Replicas: new(int32(4)), Ordinals: &appsv1.StatefulSetOrdinals{Start: 2}}, handover.Assignment{Start: 2, Total: 4})
}

func TestPodOf(t *testing.T) {
	f := func(pod corev1.Pod, want handover.Pod) {
		t.Helper()
		if got := *podOf(&pod); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	at := metav1.Unix(1e9, 0)
	meta := metav1.ObjectMeta{UID: "u"}
	ready := func(s corev1.ConditionStatus) corev1.PodStatus {
		return corev1.PodStatus{Conditions: []corev1.PodCondition{
			{Type: corev1.PodScheduled, Status: corev1.ConditionTrue}, {Type: corev1.PodReady, Status: s, LastTransitionTime: at},
		}}
	}
	f(corev1.Pod{ObjectMeta: meta}, handover.Pod{UID: "u"})
	f(corev1.Pod{ObjectMeta: meta, Status: ready("False")}, handover.Pod{UID: "u", Since: "2001-09-09T01:46:40Z"})
	f(corev1.Pod{ObjectMeta: meta, Status: ready("Unknown")}, handover.Pod{UID: "u", Since: "2001-09-09T01:46:40Z"})
	f(corev1.Pod{ObjectMeta: meta, Status: ready("True")}, handover.Pod{UID: "u", Ready: true, Since: "2001-09-09T01:46:40Z"})
	evicted := ready("True")
	evicted.Phase = corev1.PodFailed
	f(corev1.Pod{ObjectMeta: meta, Status: evicted}, handover.Pod{UID: "u", Since: "2001-09-09T01:46:40Z"})
	meta.DeletionTimestamp = &at
	f(corev1.Pod{ObjectMeta: meta}, handover.Pod{UID: "u", Ending: true})
}

func TestSetOf(t *testing.T) {
	f := func(pod, want string) {
		t.Helper()
		if got, err := SetOf(pod); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v, want %q", pod, got, err, want)
		}
	}
	f("kubestate-0", "kubestate")
	f("a-3-17", "a-3")
	for _, pod := range []string{"", "kubestate", "-1", "kubestate-", "kubestate-01", "kubestate-a", "7"} {
		f(pod, "")
	}
}
