package generators_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
)

// verdicts selects the derived families of the group.
var verdicts = generators.Selection{Groups: []generators.Group{generators.Verdicts}}.Derived()

func TestCronJobResults(t *testing.T) {
	f := func(result generators.JobResult, want string) {
		t.Helper()
		c := &generators.CronJobResult{ObjectMeta: metav1.ObjectMeta{Namespace: "ops", Name: "a"}, Result: result}
		got, _ := generators.CronJobs.Compile(verdicts).Render(nil, nil, c)
		if d := cmp.Diff(want, string(got)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	f(generators.JobResult{}, "")
	f(generators.JobResult{Finished: true, Succeeded: true, Time: 1700000000, Duration: 90}, ""+
		`kubestate_cronjob_last_result{namespace="ops",cronjob="a",result="succeeded"} 1`+"\n"+
		`kubestate_cronjob_last_result{namespace="ops",cronjob="a",result="failed"} 0`+"\n"+
		`kubestate_cronjob_last_result_time_seconds{namespace="ops",cronjob="a"} 1700000000`+"\n"+
		`kubestate_cronjob_last_result_duration_seconds{namespace="ops",cronjob="a"} 90`+"\n")
	f(generators.JobResult{Finished: true, Duration: generators.UnknownDuration}, ""+
		`kubestate_cronjob_last_result{namespace="ops",cronjob="a",result="succeeded"} 0`+"\n"+
		`kubestate_cronjob_last_result{namespace="ops",cronjob="a",result="failed"} 1`+"\n"+
		`kubestate_cronjob_last_result_time_seconds{namespace="ops",cronjob="a"} 0`+"\n")
}

func TestJobVerdicts(t *testing.T) {
	f := func(failed bool, want string) {
		t.Helper()
		v := &generators.JobVerdict{ObjectMeta: metav1.ObjectMeta{Namespace: "ops", Name: "a"}, FailedForGood: failed}
		got, _ := generators.Jobs.Compile(verdicts).Render(nil, nil, v)
		if d := cmp.Diff(want, string(got)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	f(false, `kubestate_job_failed_for_good{namespace="ops",job_name="a"} 0`+"\n")
	f(true, `kubestate_job_failed_for_good{namespace="ops",job_name="a"} 1`+"\n")
}
