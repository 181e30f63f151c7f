package generators_test

import (
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
)

// unix returns a time, in Unix seconds.
func unix(seconds int64) metav1.Time { return metav1.Unix(seconds, 0) }

// TestPodFinished has pods that have finished or not.
func TestPodFinished(t *testing.T) {
	finished := generators.Pods.Recipe().Finished
	f := func(at int64, reason string, phase corev1.PodPhase, change func(*corev1.Pod)) {
		t.Helper()
		p := &corev1.Pod{Status: corev1.PodStatus{Phase: phase}}
		change(p)
		expectFinished(t, finished, p, at, reason)
	}
	ended := func(s int64) corev1.ContainerStatus {
		return corev1.ContainerStatus{State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{FinishedAt: unix(s)}}}
	}
	running := corev1.ContainerStatus{State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: unix(3)}}}
	changed := func(s int64) corev1.PodCondition { return corev1.PodCondition{LastTransitionTime: unix(s)} }
	containers := func(all ...corev1.ContainerStatus) func(*corev1.Pod) {
		return func(p *corev1.Pod) { p.CreationTimestamp, p.Status.ContainerStatuses = unix(1), all }
	}

	for _, phase := range []corev1.PodPhase{"", corev1.PodPending, corev1.PodRunning, corev1.PodUnknown, "Other"} {
		f(notFinished, "", phase, containers(ended(5)))
	}
	f(5, "Succeeded", corev1.PodSucceeded, containers(ended(5)))
	f(5, "Failed", corev1.PodFailed, containers(ended(5)))
	f(7, "Succeeded", corev1.PodSucceeded, containers(ended(5), ended(7), ended(6)))
	f(5, "Failed", corev1.PodFailed, containers(running, ended(5)))
	f(9, "Failed", corev1.PodFailed, func(p *corev1.Pod) { // a failed init container
		p.Status.InitContainerStatuses, p.Status.ContainerStatuses = []corev1.ContainerStatus{ended(4), ended(9)}, []corev1.ContainerStatus{{}}
	})
	f(8, "NodeLost", corev1.PodFailed, func(p *corev1.Pod) { // only an init container was seen to end
		p.Status.InitContainerStatuses, p.Status.ContainerStatuses = []corev1.ContainerStatus{ended(4)}, []corev1.ContainerStatus{running}
		p.Status.Conditions, p.Status.Reason = []corev1.PodCondition{changed(2), changed(8), changed(3)}, "NodeLost"
	})
	f(6, "Evicted", corev1.PodFailed, func(p *corev1.Pod) { // before any container
		p.Status.Conditions, p.Status.Reason, p.Status.StartTime = []corev1.PodCondition{changed(6)}, "Evicted", new(unix(7))
	})
	f(7, "Evicted", corev1.PodFailed, func(p *corev1.Pod) {
		p.Status.Reason, p.Status.StartTime, p.CreationTimestamp = "Evicted", new(unix(7)), unix(1)
	})
	f(1, "Preempting", corev1.PodFailed, func(p *corev1.Pod) { p.Status.Reason, p.CreationTimestamp = "Preempting", unix(1) })
	f(1, "Succeeded", corev1.PodSucceeded, func(p *corev1.Pod) { // without times of ends
		p.CreationTimestamp, p.Status.ContainerStatuses = unix(1), []corev1.ContainerStatus{{State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}}}
	})
	f(0, "Succeeded", corev1.PodSucceeded, func(*corev1.Pod) {})
	f(-5, "Succeeded", corev1.PodSucceeded, containers(ended(-5)))
}

// TestJobFinished has jobs that have finished or not.
func TestJobFinished(t *testing.T) {
	finished := generators.Jobs.Recipe().Finished
	f := func(at int64, reason string, status batchv1.JobStatus) {
		t.Helper()
		j := &batchv1.Job{Status: status}
		j.CreationTimestamp = unix(1)
		expectFinished(t, finished, j, at, reason)
	}
	condition := func(kind batchv1.JobConditionType, status corev1.ConditionStatus, s int64, reason string) batchv1.JobCondition {
		c := batchv1.JobCondition{Type: kind, Status: status, Reason: reason}
		if s > 0 {
			c.LastTransitionTime = unix(s)
		}
		return c
	}
	with := func(all ...batchv1.JobCondition) batchv1.JobStatus {
		return batchv1.JobStatus{Conditions: all, StartTime: new(unix(2)), CompletionTime: new(unix(4))}
	}

	f(notFinished, "", batchv1.JobStatus{})
	f(notFinished, "", with())
	f(notFinished, "", with(condition(batchv1.JobSuspended, corev1.ConditionTrue, 5, "JobSuspended")))
	f(notFinished, "", with(condition(batchv1.JobSuccessCriteriaMet, corev1.ConditionTrue, 5, "SuccessPolicy")))
	f(notFinished, "", with(condition(batchv1.JobFailureTarget, corev1.ConditionTrue, 5, "BackoffLimitExceeded")))
	f(notFinished, "", with(condition(batchv1.JobComplete, corev1.ConditionFalse, 5, "")))
	f(notFinished, "", with(condition(batchv1.JobFailed, corev1.ConditionUnknown, 5, "")))
	f(5, "Complete", with(condition(batchv1.JobComplete, corev1.ConditionTrue, 5, "CompletionsReached")))
	f(6, "Complete", with(condition(batchv1.JobSuccessCriteriaMet, corev1.ConditionTrue, 5, "SuccessPolicy"),
		condition(batchv1.JobComplete, corev1.ConditionTrue, 6, "SuccessPolicy")))
	f(4, "Complete", with(condition(batchv1.JobComplete, corev1.ConditionTrue, 0, "")))
	f(5, "BackoffLimitExceeded", with(condition(batchv1.JobFailed, corev1.ConditionTrue, 5, "BackoffLimitExceeded")))
	f(6, "DeadlineExceeded", with(condition(batchv1.JobFailureTarget, corev1.ConditionTrue, 5, "DeadlineExceeded"),
		condition(batchv1.JobFailed, corev1.ConditionTrue, 6, "DeadlineExceeded")))
	f(5, "Failed", with(condition(batchv1.JobFailed, corev1.ConditionTrue, 5, "")))
	f(2, "Failed", batchv1.JobStatus{StartTime: new(unix(2)), Conditions: []batchv1.JobCondition{condition(batchv1.JobFailed, corev1.ConditionTrue, 0, "")}})
	f(1, "Failed", batchv1.JobStatus{Conditions: []batchv1.JobCondition{condition(batchv1.JobFailed, corev1.ConditionTrue, 0, "")}})
}

// notFinished stands for the time of an object that has not finished.
const notFinished = -1 << 62

func expectFinished(t *testing.T, finished func(metav1.Object) (time.Time, string), o metav1.Object, want int64, wantReason string) {
	t.Helper()
	end, reason := finished(o)
	got := int64(notFinished)
	if !end.IsZero() {
		got = end.Unix()
	}
	if got != want || reason != wantReason {
		t.Errorf("finished at %d, %q; want %d, %q", got, reason, want, wantReason)
	}
}

// TestFinishedReads holds that Finished needs only the fields that are fetched, and those of an object
// without the fields of SpecOnly families, and that it allocates nothing.
func TestFinishedReads(t *testing.T) {
	ended := map[string]int{}
	for _, r := range registry.Resources() {
		recipe := r.Recipe()
		if recipe.Finished == nil {
			continue
		}
		name, whole := r.Describe().Name, cutterOf(t, r)
		for _, o := range manyObjects(t, r) {
			o = unmarshal(t, r, wireForm(t, o))
			want, wantReason := recipe.Finished(o)
			wire := cutForm(whole, wireForm(t, o))
			if len(recipe.Mixed) > 0 {
				wire = cutForm(narrowOf(t, r, recipe.Mixed), wire)
			}
			got, reason := recipe.Finished(unmarshal(t, r, wire))
			if !got.Equal(want) || reason != wantReason {
				t.Errorf("%s: %v, %q; without other fields %v, %q", name, want, wantReason, got, reason)
			}
			if !want.IsZero() {
				ended[name]++
			}
			if n := testing.AllocsPerRun(1, func() { recipe.Finished(o) }); n > 0 {
				t.Errorf("%s: %v allocations", name, n)
			}
		}
	}
	if ended["pods"] == 0 || ended["jobs"] == 0 || len(ended) != 2 {
		t.Errorf("finished objects by resource: %v", ended)
	}
}

// TestExtendedFinished holds that a table of further families leaves Finished as it is.
func TestExtendedFinished(t *testing.T) {
	p := &corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodFailed, StartTime: new(unix(7))}}
	expectFinished(t, generators.Extend(&generators.Pods, &generators.Nodes).Recipe().Finished, p, 7, "Failed")
}
