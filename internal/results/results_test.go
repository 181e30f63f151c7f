package results_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/results"
)

// A scene has a source, and the objects of two partitions.
type scene struct {
	*testing.T
	index          *results.Index
	source         *results.Source
	jobs, cronJobs stored
}

func newScene(t *testing.T) *scene {
	x := results.NewIndex()
	s := &scene{t, x, x.Source(), newStored(x, &generators.Jobs), newStored(x, &generators.CronJobs)}
	s.jobs.list()
	s.cronJobs.list()
	return s
}

// set tells the source of an object, and puts it into its partition.
func (s *scene) set(all ...metav1.Object) {
	for _, o := range all {
		s.source.Set(string(o.GetUID()), o)
		if _, isJob := o.(*batchv1.Job); isJob {
			s.jobs.put(o)
		} else {
			s.cronJobs.put(o)
		}
	}
}

// remove removes a Job.
func (s *scene) remove(uid string) {
	s.source.Delete(uid)
	s.jobs.remove(uid)
}

// expect compares the verdicts of Jobs, as name and value, and the lines of CronJob a.
func (s *scene) expect(jobs []string, cronJob []string) {
	s.Helper()
	var want []string
	for _, j := range jobs {
		want = append(want, fmt.Sprintf("kubestate_job_failed_for_good{namespace=\"n\",job_name=%q} %s\n", j[:1], j[2:]))
	}
	if d := cmp.Diff(want, s.jobs.lines(s), cmpopts.EquateEmpty()); d != "" {
		s.Errorf("jobs (-want +got):\n%s", d)
	}
	if d := cmp.Diff(slices.Sorted(slices.Values(cronJob)), s.cronJobs.lines(s), cmpopts.EquateEmpty()); d != "" {
		s.Errorf("cron jobs (-want +got):\n%s", d)
	}
}

// lastResult are the lines of a CronJob, sorted; a duration below 0 has none.
func lastResult(namespace, name string, succeeded bool, time, duration int64) (lines []string) {
	value := map[bool]int{true: 1}
	lines = []string{
		fmt.Sprintf("kubestate_cronjob_last_result{namespace=%q,cronjob=%q,result=\"failed\"} %d\n", namespace, name, value[!succeeded]),
		fmt.Sprintf("kubestate_cronjob_last_result{namespace=%q,cronjob=%q,result=\"succeeded\"} %d\n", namespace, name, value[succeeded]),
	}
	if duration >= 0 {
		lines = append(lines, fmt.Sprintf("kubestate_cronjob_last_result_duration_seconds{namespace=%q,cronjob=%q} %d\n", namespace, name, duration))
	}
	lines = append(lines, fmt.Sprintf("kubestate_cronjob_last_result_time_seconds{namespace=%q,cronjob=%q} %d\n", namespace, name, time))
	return lines
}

// TestRetriedJob has a Job that fails, and a later one that succeeds and is deleted.
func TestRetriedJob(t *testing.T) {
	s := newScene(t)
	s.set(cronJob("a", "c", 0), job("1", "j1", "a", "c"))
	s.expect([]string{"1 0"}, nil)
	s.set(ended(job("1", "j1", "a", "c"), batchv1.JobFailed, 100, 130))
	s.expect([]string{"1 1"}, lastResult("n", "a", false, 130, 30))
	s.set(job("2", "j2", "a", "c"))
	s.expect([]string{"1 1", "2 0"}, lastResult("n", "a", false, 130, 30))
	s.set(ended(job("2", "j2", "a", "c"), batchv1.JobComplete, 140, 160))
	s.expect([]string{"1 0", "2 0"}, lastResult("n", "a", true, 160, 20))
	s.remove("j2")
	s.expect([]string{"1 0"}, lastResult("n", "a", true, 160, 20))
	s.set(ended(job("1", "j1", "a", "c"), batchv1.JobFailed, 100, 130)) // an update of its metadata
	s.set(cronJob("a", "c", 160))
	s.expect([]string{"1 0"}, lastResult("n", "a", true, 160, 20))
	s.set(ended(job("3", "j3", "a", "c"), batchv1.JobFailed, 200, 201))
	s.expect([]string{"1 0", "3 1"}, lastResult("n", "a", false, 201, 1))
	s.remove("j1")
	s.remove("j3")
	s.expect(nil, lastResult("n", "a", false, 201, 1))
}

// TestLastSuccessfulTime has CronJobs that tell of successes of which no Job is left.
func TestLastSuccessfulTime(t *testing.T) {
	s := newScene(t)
	s.set(ended(job("1", "j1", "a", "c"), batchv1.JobFailed, 100, 130))
	s.expect([]string{"1 1"}, nil)
	s.set(cronJob("a", "c", 129))
	s.expect([]string{"1 1"}, lastResult("n", "a", false, 130, 30))
	s.set(cronJob("a", "c", 130)) // in the same second
	s.expect([]string{"1 0"}, lastResult("n", "a", true, 130, -1))
	s.set(ended(job("2", "j2", "a", "c"), batchv1.JobComplete, 110, 130)) // whose time that was
	s.expect([]string{"1 0", "2 0"}, lastResult("n", "a", true, 130, 20))
}

// TestOtherControllers has failed Jobs that no success of the CronJob supersedes.
func TestOtherControllers(t *testing.T) {
	s := newScene(t)
	s.set(cronJob("a", "c", 900))
	failed := func(j *batchv1.Job) *batchv1.Job { return ended(j, batchv1.JobFailed, 100, 130) }
	workflow, owned := job("3", "j3", "a", "c"), job("4", "j4", "a", "c")
	workflow.OwnerReferences[0].Kind, owned.OwnerReferences[0].Controller = "Workflow", nil
	s.set(failed(job("1", "j1", "", "")), failed(job("2", "j2", "a", "of the same name")), failed(workflow), failed(owned), failed(job("5", "j5", "a", "c")))
	s.expect([]string{"1 1", "2 1", "3 1", "4 1", "5 0"}, lastResult("n", "a", true, 900, -1))
}

// TestCutJobs has a failed Job whose lines are deleted: they do not come back with a success.
func TestCutJobs(t *testing.T) {
	s := newScene(t)
	s.set(cronJob("a", "c", 0), ended(job("1", "j1", "a", "c"), batchv1.JobFailed, 100, 130), ended(job("2", "j2", "a", "c"), batchv1.JobFailed, 100, 131))
	s.jobs.cut("j1", "unknown")
	second := ended(job("2", "j2", "a", "c"), batchv1.JobFailed, 100, 131)
	s.jobs.SetWithout(rendered(second))
	s.set(cronJob("a", "c", 200))
	s.expect(nil, lastResult("n", "a", true, 200, -1))
	s.jobs.put(second)
	s.expect([]string{"2 0"}, lastResult("n", "a", true, 200, -1))
}

// TestListedTwice has a second source, as a reload does: what the first one knows of deleted Jobs
// stays.
func TestListedTwice(t *testing.T) {
	s := newScene(t)
	s.set(cronJob("a", "c", 0), ended(job("1", "j1", "a", "c"), batchv1.JobComplete, 100, 130))
	s.remove("j1")
	next := s.index.Source()
	abandoned := next.Begin()
	abandoned.Set("j9", ended(job("9", "j9", "a", "c"), batchv1.JobComplete, 100, 999))
	list := next.Begin()
	list.Set("c", cronJob("a", "c", 0))
	list.Set("j2", ended(job("2", "j2", "a", "c"), batchv1.JobComplete, 300, 400))
	list.Set("j3", ended(job("3", "j3", "a", "c"), batchv1.JobComplete, 300, 500))
	list.Set("j3", job("3", "j3", "", ""))
	list.Commit(func(namespace, key string) bool { return namespace == "n" && key != "j2" })
	s.source.Close()
	s.source.Set("j4", ended(job("4", "j4", "a", "c"), batchv1.JobComplete, 300, 400)) // too late
	s.expect(nil, lastResult("n", "a", true, 130, 30))
	next.Begin().Commit(nil)
	if got, want := s.index.Sizes(), [2]int{0, 2}; got != want {
		t.Errorf("without objects the index has %v, want %v", got, want)
	}
}

// TestForget has sources that tell less than before, as files may.
func TestForget(t *testing.T) {
	s := newScene(t)
	failed := ended(job("1", "j1", "a", "c"), batchv1.JobFailed, 100, 120)
	s.set(cronJob("a", "c", 130), failed)
	s.expect([]string{"1 0"}, lastResult("n", "a", true, 130, -1))
	s.index.Forget()
	s.jobs.list(failed)
	s.cronJobs.list(cronJob("a", "c", 90))
	s.source.Set("c", cronJob("a", "c", 90))
	s.source.Set("j1", failed)
	s.expect([]string{"1 1"}, lastResult("n", "a", false, 120, 20))
}

// TestVerdictsOfLists changes the results between the parts of a list.
func TestVerdictsOfLists(t *testing.T) {
	failed := ended(job("1", "j1", "a", "c"), batchv1.JobFailed, 100, 130)
	again := ended(job("2", "j2", "b", "d"), batchv1.JobFailed, 100, 130)
	for n := range 4 {
		s := newScene(t)
		s.set(cronJob("a", "c", 0), cronJob("b", "d", 140))
		succeed := func(at int) {
			if at == n {
				s.source.Set("c", cronJob("a", "c", 150))
			}
		}
		staged := s.jobs.partition().Begin()
		b := s.jobs.Begin(staged)
		succeed(0)
		b.Set(failed, rendered(failed))
		b.Set(again, rendered(again))
		succeed(1)
		b.Finish()
		staged.Finish()
		succeed(2)
		b.Commit(nil)
		succeed(3)
		s.expect([]string{"1 0", "2 0"}, slices.Concat(lastResult("n", "a", true, 150, -1), lastResult("n", "b", true, 140, -1)))
		if got := s.jobs.Sizes(); got != [2]int{} {
			t.Errorf("Jobs whose verdict is settled have records: %v", got)
		}
	}
}
