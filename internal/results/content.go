package results

import (
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
)

// A verdict is the value of the lines of an object.
type verdict struct {
	last          generators.JobResult // of a CronJob
	failedForGood bool                 // of a Job
}

// A record is an object whose verdict depends on a CronJob's Jobs.
type record struct {
	key    string
	of     cronJob
	isJob  bool   // and not the CronJob
	name   string // of a Job
	failed end    // of a Job
	shown  verdict
	next   *record // of the CronJob
}

// content is the objects of a partition whose verdict may change: CronJobs, and Jobs that failed for
// good and have a CronJob.
type content struct {
	records map[string]*record  // by key
	first   map[cronJob]*record // by CronJob
}

func newContent() content { return content{map[string]*record{}, map[cronJob]*record{}} }

// recordOf returns the record of an object, without a verdict. Of a Job that has not failed, failed
// is never.
func recordOf(key string, o metav1.Object) record {
	switch o := o.(type) {
	case *batchv1.CronJob:
		return record{key: key, of: identify(o)}
	case *batchv1.Job:
		return record{key: key, of: cronJobOf(o), isJob: true, name: o.Name, failed: endsOf(o).failed}
	default:
		panic("BUG: an object that is no Job and no CronJob")
	}
}

// judge returns the verdict of a record for the ends of the CronJob's Jobs.
func (r *record) judge(e ends) verdict {
	if r.isJob {
		return verdict{failedForGood: r.failed != never && !e.supersede(r.failed)}
	}
	return verdict{last: e.last()}
}

// settled reports whether the verdict does not change any more.
func (r *record) settled() bool {
	return r.of == (cronJob{}) || r.isJob && !r.shown.failedForGood
}

// set adds or replaces a record.
func (c *content) set(r record) {
	c.drop(r.key)
	if !r.settled() {
		r.next = c.first[r.of]
		c.records[r.key], c.first[r.of] = &r, &r
	}
}

// drop removes a record. It ignores an unknown key.
func (c *content) drop(key string) {
	r := c.records[key]
	if r == nil {
		return
	}
	delete(c.records, key)
	switch at := c.first[r.of]; {
	case at != r:
		for at.next != r {
			at = at.next
		}
		at.next = r.next
	case r.next != nil:
		c.first[r.of] = r.next
	default:
		delete(c.first, r.of)
	}
}

// addAll adds the records of other content, none of which c has.
func (c *content) addAll(other *content) {
	for _, r := range other.records {
		c.set(*r)
	}
}

// leave removes the records of keys.
func (c *content) leave(keys []string) {
	for _, key := range keys {
		c.drop(key)
	}
}

// retain removes the records for whose namespaces and keys keep returns false.
func (c *content) retain(keep func(namespace, key string) bool) {
	for key, r := range c.records {
		if !keep(r.of.Value().namespace, key) {
			c.drop(key)
		}
	}
}
