package results

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
)

var compareEnds = cmp.AllowUnexported(ends{}, end{})

func TestEndsOf(t *testing.T) {
	f := func(want ends, status batchv1.JobStatus) {
		t.Helper()
		j := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: *unix(100)}, Status: status}
		if d := cmp.Diff(want, endsOf(j), compareEnds); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	type status = batchv1.JobStatus
	condition := func(of batchv1.JobConditionType, is corev1.ConditionStatus, at int64) batchv1.JobCondition {
		return batchv1.JobCondition{Type: of, Status: is, LastTransitionTime: *unix(at)}
	}
	conditions := func(all ...batchv1.JobCondition) []batchv1.JobCondition { return all }
	completed := func(time, duration int64) ends { return ends{end{time, duration}, never} }
	failed := func(time, duration int64) ends { return ends{never, end{time, duration}} }

	f(none, status{})
	f(none, status{StartTime: unix(110), Failed: 3, Succeeded: 1})
	f(none, status{Conditions: conditions(condition("Complete", "False", 200), condition("Failed", "Unknown", 200))})
	f(none, status{Conditions: conditions(condition("FailureTarget", "True", 200), condition("SuccessCriteriaMet", "True", 200), condition("Suspended", "True", 200))})

	f(completed(201, 91), status{StartTime: unix(110), CompletionTime: unix(201), Conditions: conditions(condition("Complete", "True", 202))})
	f(completed(202, 92), status{StartTime: unix(110), Conditions: conditions(condition("Complete", "True", 202))})
	f(completed(201, -1), status{CompletionTime: unix(201), Conditions: conditions(condition("Complete", "True", 202))})
	f(completed(110, 0), status{StartTime: unix(110), Conditions: conditions(condition("Complete", "True", 0))})
	f(completed(100, -1), status{Conditions: conditions(condition("Complete", "True", 0))})
	f(completed(201, 0), status{StartTime: unix(300), CompletionTime: unix(201), Conditions: conditions(condition("Complete", "True", 202))})
	f(completed(202, -1), status{Conditions: conditions(condition("SuccessCriteriaMet", "True", 200), condition("Complete", "True", 202))})

	f(failed(202, 92), status{StartTime: unix(110), Conditions: conditions(condition("Failed", "True", 202))})
	f(failed(202, 92), status{StartTime: unix(110), CompletionTime: unix(201), Conditions: conditions(condition("FailureTarget", "True", 200), condition("Failed", "True", 202))})
	f(failed(100, -1), status{Conditions: conditions(condition("Failed", "True", 0))})
}

// unix is a time, the zero time for 0.
func unix(seconds int64) *metav1.Time {
	if seconds == 0 {
		return &metav1.Time{}
	}
	return new(metav1.NewTime(time.Unix(seconds, 0)))
}

func TestEndsOfLast(t *testing.T) {
	f := func(want ends, last *metav1.Time) {
		t.Helper()
		c := &batchv1.CronJob{Status: batchv1.CronJobStatus{LastScheduleTime: unix(50), LastSuccessfulTime: last}}
		if d := cmp.Diff(want, endsOfLast(c), compareEnds); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	f(none, nil)
	f(none, unix(0))
	f(ends{end{90, -1}, never}, unix(90))
}

// TestJoin joins ends in both orders, and with themselves.
func TestJoin(t *testing.T) {
	f := func(a, b, want end) {
		t.Helper()
		for _, got := range []end{a.join(b), b.join(a), a.join(b).join(a), a.join(b).join(b)} {
			if got != want {
				t.Errorf("%v and %v are joined to %v, want %v", a, b, got, want)
			}
		}
	}
	f(never, never, never)
	f(never, end{5, -1}, end{5, -1})
	f(never, end{math.MinInt64 + 1, -1}, end{math.MinInt64 + 1, -1})
	f(end{5, 3}, end{6, -1}, end{6, -1})
	f(end{5, -1}, end{5, 0}, end{5, 0})
	f(end{5, 3}, end{5, 2}, end{5, 3})
}

func TestLast(t *testing.T) {
	f := func(succeeded, failed end, want generators.JobResult) {
		t.Helper()
		if d := cmp.Diff(want, ends{succeeded, failed}.last()); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	result := func(succeeded bool, time, duration int64) generators.JobResult {
		return generators.JobResult{Finished: true, Succeeded: succeeded, Time: time, Duration: duration}
	}
	f(never, never, generators.JobResult{})
	f(end{5, 2}, never, result(true, 5, 2))
	f(never, end{5, 2}, result(false, 5, 2))
	f(end{5, 2}, end{4, 3}, result(true, 5, 2))
	f(end{5, 2}, end{5, 3}, result(true, 5, 2))
	f(end{5, 2}, end{6, 3}, result(false, 6, 3))
	f(end{5, -1}, end{4, 3}, result(true, 5, generators.UnknownDuration))
}
