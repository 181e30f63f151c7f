package results_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/results"
	"github.com/kubestate/kubestate/internal/store"
)

// verdicts selects the derived families of the group.
var verdicts = generators.Selection{Groups: []generators.Group{generators.Verdicts}}.Derived()

// other is the line of the other family of partitions.
const other = "other 1\n"

// stored are the objects of a partition, which has one other family.
type stored struct {
	*results.Objects
	resource *store.Resource
	others   []bool // marks the other family
}

func newStored(x *results.Index, r generators.Resource) stored {
	derived := r.Compile(verdicts)
	families, others := []store.Family{{Name: "other"}}, []bool{true}
	for _, name := range derived.Names() {
		families, others = append(families, store.Family{Name: name}), append(others, false)
	}
	resource := store.NewResource("x", families, 1)
	return stored{x.Objects(derived, 1, resource.Partitions()[0]), resource, others}
}

func (s stored) partition() *store.Partition { return s.resource.Partitions()[0] }

// rendered is an object with the line of the other family.
func rendered(o metav1.Object) *store.Rendered {
	return &store.Rendered{UID: string(o.GetUID()), Namespace: o.GetNamespace(), Text: []byte(other), Ends: []int{len(other)}}
}

// put adds or replaces an object.
func (s stored) put(o metav1.Object) { s.Set(o, rendered(o)) }

// cut deletes the lines of objects.
func (s stored) cut(keys ...string) {
	s.Leave(keys)
	s.partition().Cut(keys, s.others)
}

// remove removes an object.
func (s stored) remove(key string) {
	s.Delete(key)
	s.partition().Delete(key)
}

// list makes objects the content.
func (s stored) list(all ...metav1.Object) {
	staged := s.partition().Begin()
	b := s.Begin(staged)
	for _, o := range all {
		b.Set(o, rendered(o))
	}
	b.Finish()
	staged.Finish()
	b.Commit(nil)
}

// lines returns the lines of derived families, sorted.
func (s stored) lines(tb testing.TB) []string {
	tb.Helper()
	var b strings.Builder
	if err := store.NewResponse([]store.View{s.resource.View()}, "").WriteText(&b); err != nil {
		tb.Fatal(err)
	}
	all := slices.Sorted(strings.Lines(b.String()))
	return slices.DeleteFunc(all, func(line string) bool { return line == other })
}

// at is a time of API objects.
func at(seconds int64) metav1.Time {
	if seconds == 0 {
		return metav1.Time{}
	}
	return metav1.NewTime(time.Unix(seconds, 0))
}

// cronJob is a CronJob whose Job succeeded at a time last, 0 for none.
func cronJob(name, uid string, succeeded int64) *batchv1.CronJob {
	c := &batchv1.CronJob{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: name, UID: types.UID(uid)}}
	if succeeded != 0 {
		c.Status.LastSuccessfulTime = new(at(succeeded))
	}
	return c
}

// job is a Job of a CronJob, of none without a name.
func job(name, uid, cronJob, cronJobUID string) *batchv1.Job {
	j := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: name, UID: types.UID(uid)}}
	if cronJob != "" {
		j.OwnerReferences = []metav1.OwnerReference{{Kind: "CronJob", Name: cronJob, UID: types.UID(cronJobUID), Controller: new(true)}}
	}
	return j
}

// ended is a Job that ran from one time to another.
func ended(j *batchv1.Job, how batchv1.JobConditionType, from, to int64) *batchv1.Job {
	j.Status = batchv1.JobStatus{
		StartTime:  new(at(from)),
		Conditions: []batchv1.JobCondition{{Type: how, Status: corev1.ConditionTrue, LastTransitionTime: at(to)}},
	}
	if how == batchv1.JobComplete {
		j.Status.CompletionTime = new(at(to))
	}
	return j
}
