package results

import (
	"sync"
	"unique"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// An Index has the ends of Jobs by CronJob.
type Index struct {
	mu       sync.Mutex
	cronJobs map[cronJob]*entry
	objects  []*Objects // those with content
}

// NewIndex returns an empty index.
func NewIndex() *Index { return &Index{cronJobs: map[cronJob]*entry{}} }

// An entry is a CronJob that objects of sources are, or are controlled by.
type entry struct {
	ends
	objects int
}

// A cronJob identifies a CronJob; the zero value is none.
type cronJob = unique.Handle[identity]

// An identity is that of a CronJob. In files, several may have one uid, or none.
type identity struct{ namespace, name, uid string }

func identify(c *batchv1.CronJob) cronJob {
	return unique.Make(identity{c.Namespace, c.Name, string(c.UID)})
}

// cronJobKind is the kind of controllers that are CronJobs.
const cronJobKind = "CronJob"

// cronJobOf returns the CronJob of a Job, none if it is of another controller.
func cronJobOf(j *batchv1.Job) cronJob {
	if c := metav1.GetControllerOfNoCopy(j); c != nil && c.Kind == cronJobKind {
		return unique.Make(identity{j.Namespace, c.Name, string(c.UID)})
	}
	return cronJob{}
}

// endsIn returns the ends of a CronJob's Jobs.
func (x *Index) endsIn(c cronJob) ends {
	if e := x.cronJobs[c]; e != nil {
		return e.ends
	}
	return none
}

// hold adds an object of a CronJob.
func (x *Index) hold(c cronJob) {
	e := x.cronJobs[c]
	if e == nil {
		e = &entry{ends: none}
		x.cronJobs[c] = e
	}
	e.objects++
}

// release removes an object of a CronJob.
func (x *Index) release(c cronJob) {
	e := x.cronJobs[c]
	if e.objects--; e.objects == 0 {
		delete(x.cronJobs, c)
	}
}

// tell joins the ends of a report about a CronJob that has objects, and reports a change.
func (x *Index) tell(r report) (changed bool) {
	e := x.cronJobs[r.of]
	before := e.ends
	e.ends = e.join(r.ends)
	return e.ends != before
}

// Forget removes all ends. The sources must report them again.
func (x *Index) Forget() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, e := range x.cronJobs {
		e.ends = none
	}
}

// render renders those objects of changed CronJobs again whose verdict has changed.
func (x *Index) render(changed ...cronJob) {
	for _, s := range x.objects {
		for _, of := range changed {
			s.lines.refresh(s.partition.Update, &s.content, x, of)
		}
	}
}
