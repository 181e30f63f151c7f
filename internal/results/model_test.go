package results_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/results"
)

// A namespace has CronJobs and their Jobs, which one goroutine changes; two sources of them, of which
// the second one is late; and partitions. Only the index is shared.
type namespace struct {
	name           string
	rnd            *rand.Rand
	index          *results.Index
	first, late    *results.Source
	jobs, cronJobs stored
	clock          int64
	created        int

	objects   map[string]metav1.Object // what the first source and the partitions have, by uid
	lateHas   map[string]metav1.Object
	cut       map[string]bool     // Jobs without a line
	histories map[string]*history // of CronJobs, by uid
}

// A history has the ends that sources have reported of a CronJob. It is removed with the last object.
type history struct{ succeeded, failed []result }

type result struct{ time, duration int64 }

func (a result) compare(b result) int {
	if a.time != b.time {
		return int(a.time - b.time)
	}
	return int(a.duration - b.duration)
}

const (
	perNamespace = 4
	jobName      = "job-%d"
)

func newNamespace(x *results.Index, n int, seed uint64) *namespace {
	return &namespace{
		name: fmt.Sprint("n", n), rnd: rand.New(rand.NewPCG(seed, uint64(n))), index: x, first: x.Source(), late: x.Source(),
		jobs: newStored(x, &generators.Jobs), cronJobs: newStored(x, &generators.CronJobs), clock: 1000,
		objects: map[string]metav1.Object{}, lateHas: map[string]metav1.Object{}, cut: map[string]bool{}, histories: map[string]*history{},
	}
}

// cronJobOf returns the uid of the CronJob that an object tells of.
func cronJobOf(o metav1.Object) string {
	if c := metav1.GetControllerOf(o); c != nil {
		return string(c.UID)
	}
	if _, isJob := o.(*batchv1.Job); isJob {
		return ""
	}
	return string(o.GetUID())
}

// told adds the ends of an object to the history of its CronJob.
func (n *namespace) told(o metav1.Object) {
	uid := cronJobOf(o)
	if uid == "" {
		return
	}
	if n.histories[uid] == nil {
		n.histories[uid] = &history{}
	}
	h := n.histories[uid]
	switch o := o.(type) {
	case *batchv1.CronJob:
		if t := o.Status.LastSuccessfulTime; t != nil {
			h.succeeded = append(h.succeeded, result{t.Unix(), -1})
		}
	case *batchv1.Job:
		for _, c := range o.Status.Conditions {
			r := result{c.LastTransitionTime.Unix(), c.LastTransitionTime.Unix() - o.Status.StartTime.Unix()}
			if c.Type == batchv1.JobComplete {
				h.succeeded = append(h.succeeded, r)
			} else {
				h.failed = append(h.failed, r)
			}
		}
	}
}

// forget forgets the histories of CronJobs without objects.
func (n *namespace) forget() {
	held := map[string]bool{}
	for _, o := range slices.Concat(slices.Collect(maps.Values(n.objects)), slices.Collect(maps.Values(n.lateHas))) {
		held[cronJobOf(o)] = true
	}
	maps.DeleteFunc(n.histories, func(uid string, _ *history) bool { return !held[uid] })
}

// set adds or replaces an object.
func (n *namespace) set(o metav1.Object) {
	uid := string(o.GetUID())
	n.objects[uid] = o
	n.first.Set(uid, o)
	n.told(o)
	delete(n.cut, uid)
	if _, isJob := o.(*batchv1.Job); !isJob {
		n.cronJobs.put(o)
	} else if n.rnd.IntN(10) == 0 {
		n.cut[uid] = true
		n.jobs.SetWithout(rendered(o))
	} else {
		n.jobs.put(o)
	}
}

// delete removes an object.
func (n *namespace) delete(uid string) {
	n.jobs.remove(uid)
	n.cronJobs.remove(uid)
	n.first.Delete(uid)
	delete(n.objects, uid)
	delete(n.cut, uid)
}

// newJob returns a Job of a CronJob, or of another controller.
func (n *namespace) newJob() *batchv1.Job {
	n.created++
	j := job(fmt.Sprintf(jobName, n.created), fmt.Sprintf("%s-j%d", n.name, n.created), "", "")
	if c := n.rnd.IntN(perNamespace + 1); c < perNamespace {
		j = job(j.Name, string(j.UID), fmt.Sprint("cron-", c), fmt.Sprint(n.name, "-c", c))
	}
	j.Namespace = n.name
	return j
}

// step changes something.
func (n *namespace) step() {
	n.clock += n.rnd.Int64N(3)
	uids := slices.Sorted(maps.Keys(n.objects))
	one := func() string { return uids[n.rnd.IntN(len(uids))] }
	switch k := n.rnd.IntN(24); {
	case k < 4 || len(uids) == 0:
		n.set(n.newJob())
	case k < 13: // a Job ends, or is updated
		if j, isJob := n.objects[one()].(*batchv1.Job); isJob {
			if j = j.DeepCopy(); len(j.Status.Conditions) == 0 {
				how := []batchv1.JobConditionType{batchv1.JobComplete, batchv1.JobFailed}[n.rnd.IntN(2)]
				ended(j, how, n.clock-n.rnd.Int64N(5), n.clock)
			}
			n.set(j)
		}
	case k < 15: // a CronJob is created, or tells of a success
		c := n.rnd.IntN(perNamespace)
		o := cronJob(fmt.Sprint("cron-", c), fmt.Sprint(n.name, "-c", c), n.clock-n.rnd.Int64N(5))
		o.Namespace = n.name
		n.set(o)
	case k < 18:
		n.delete(one())
	case k < 19: // finished Jobs leave
		if j, isJob := n.objects[one()].(*batchv1.Job); isJob {
			n.cut[string(j.UID)] = true
			n.jobs.cut(string(j.UID), "unknown")
		}
	case k < 21: // the late source follows
		uid := one()
		n.lateHas[uid] = n.objects[uid]
		n.late.Set(uid, n.objects[uid])
		n.told(n.objects[uid])
	case k < 22:
		for uid := range n.lateHas {
			n.late.Delete(uid)
			delete(n.lateHas, uid)
			break
		}
	case k < 23:
		n.relist()
	default:
		n.reload()
	}
	n.forget()
}

// relist lists all objects, to the partitions and one of the sources.
func (n *namespace) relist() {
	to := n.first
	if n.rnd.IntN(2) == 0 {
		to, n.lateHas = n.late, maps.Clone(n.objects)
	}
	b := to.Begin()
	for uid, o := range n.objects {
		b.Set(uid, o)
		n.told(o)
	}
	gone := cronJob("gone", "gone", n.clock)
	b.Set("gone", gone)
	b.Commit(func(_, key string) bool { return key != "gone" })
	n.fill()
}

// fill lists all objects to the partitions.
func (n *namespace) fill() {
	var jobs, cronJobs []metav1.Object
	for _, o := range n.objects {
		if _, isJob := o.(*batchv1.Job); isJob {
			jobs = append(jobs, o)
		} else {
			cronJobs = append(cronJobs, o)
		}
	}
	n.jobs.list(jobs...)
	n.cronJobs.list(cronJobs...)
	clear(n.cut)
}

// reload replaces the first source, and the partitions by merged ones.
func (n *namespace) reload() {
	before := n.first
	n.first = n.index.Source()
	for uid, o := range n.objects {
		n.first.Set(uid, o)
		n.told(o)
	}
	before.Close()
	jobs, cronJobs, empty := newStored(n.index, &generators.Jobs), newStored(n.index, &generators.CronJobs), newStored(n.index, &generators.Jobs)
	jobs.Merge(n.jobs.Objects, empty.Objects)
	cronJobs.Merge(n.cronJobs.Objects)
	n.jobs.Close()
	n.cronJobs.Close()
	n.jobs, n.cronJobs = jobs, cronJobs
}

// want computes the lines from the histories.
func (n *namespace) want() (jobs, cronJobs []string) {
	latest := func(all []result) (last result, ok bool) {
		if len(all) == 0 {
			return result{}, false
		}
		return slices.MaxFunc(all, result.compare), true
	}
	for uid, o := range n.objects {
		h := n.histories[cronJobOf(o)]
		if h == nil {
			h = &history{}
		}
		succeeded, hasSucceeded := latest(h.succeeded)
		failed, hasFailed := latest(h.failed)
		if j, isJob := o.(*batchv1.Job); isJob {
			value := 0
			for _, c := range j.Status.Conditions {
				if c.Type == batchv1.JobFailed && (!hasSucceeded || succeeded.time < c.LastTransitionTime.Unix()) {
					value = 1
				}
			}
			if !n.cut[uid] {
				jobs = append(jobs, fmt.Sprintf("kubestate_job_failed_for_good{namespace=%q,job_name=%q} %d\n", n.name, j.Name, value))
			}
			continue
		}
		switch {
		case hasSucceeded && (!hasFailed || succeeded.time >= failed.time):
			cronJobs = append(cronJobs, lastResult(n.name, o.GetName(), true, succeeded.time, succeeded.duration)...)
		case hasFailed:
			cronJobs = append(cronJobs, lastResult(n.name, o.GetName(), false, failed.time, failed.duration)...)
		}
	}
	slices.Sort(jobs)
	slices.Sort(cronJobs)
	return jobs, cronJobs
}

func (n *namespace) check(t *testing.T) {
	jobs, cronJobs := n.want()
	if d := cmp.Diff(jobs, n.jobs.lines(t), cmpopts.EquateEmpty()); d != "" {
		t.Errorf("%s: jobs (-want +got):\n%s", n.name, d)
	}
	if d := cmp.Diff(cronJobs, n.cronJobs.lines(t), cmpopts.EquateEmpty()); d != "" {
		t.Errorf("%s: cron jobs (-want +got):\n%s", n.name, d)
	}
}

// TestModel has namespaces that change concurrently, and holds the lines to a computation over all
// that sources have reported.
func TestModel(t *testing.T) {
	seeds := uint64(8)
	if testing.Short() {
		seeds = 4
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			x := results.NewIndex()
			var all []*namespace
			var running sync.WaitGroup
			for i := range 3 {
				n := newNamespace(x, i, seed)
				all = append(all, n)
				running.Go(func() {
					n.fill()
					for range 250 {
						n.step()
						if n.check(t); t.Failed() {
							return
						}
					}
				})
			}
			running.Wait()
			for _, n := range all {
				for uid := range n.objects {
					n.delete(uid)
				}
				n.late.Close()
				if got := [][2]int{n.jobs.Sizes(), n.cronJobs.Sizes()}; got[0] != [2]int{} || got[1] != [2]int{} {
					t.Errorf("partitions without objects have %v", got)
				}
				n.jobs.Close()
				n.cronJobs.Close()
			}
			if got := x.Sizes(); got != [2]int{} {
				t.Errorf("an index without objects has %v", got)
			}
		})
	}
}
