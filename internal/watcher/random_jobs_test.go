package watcher_test

import (
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// A batchItem is the part of an item that is a Job or a CronJob.
type batchItem struct {
	kind    string // Job or CronJob; empty for others
	cronJob string // the name of a Job's CronJob, and its uid
	// started and ended are those of a Job, or ended that of the last success of a CronJob; zero if
	// there is none.
	started, ended time.Time
	failed         bool
}

// batchKind returns the kind if it is Job or CronJob.
func batchKind(kind string) string {
	if kind == "Job" || kind == "CronJob" {
		return kind
	}
	return ""
}

// batchObject returns the item as a Job or a CronJob.
func (o *item) batchObject() any {
	about := metav1.TypeMeta{APIVersion: "batch/v1", Kind: o.batch.kind}
	of := meta(o.namespace, o.name, o.uid, int64(o.version))
	of.ResourceVersion = fmt.Sprint(o.version)
	if o.batch.kind == "CronJob" {
		c := &batchv1.CronJob{TypeMeta: about, ObjectMeta: of}
		if !o.batch.ended.IsZero() {
			c.Status.LastSuccessfulTime = new(metav1.NewTime(o.batch.ended))
		}
		return c
	}
	j := &batchv1.Job{TypeMeta: about, ObjectMeta: of, Status: batchv1.JobStatus{StartTime: new(metav1.NewTime(o.batch.started))}}
	j.OwnerReferences = []metav1.OwnerReference{{Kind: "CronJob", Name: o.batch.cronJob, UID: types.UID(o.batch.cronJob), Controller: new(true)}}
	if o.batch.ended.IsZero() {
		return j
	}
	at, how := metav1.NewTime(o.batch.ended), batchv1.JobComplete
	if o.batch.failed {
		how = batchv1.JobFailed
	} else {
		j.Status.CompletionTime = &at
	}
	j.Status.Conditions = []batchv1.JobCondition{{Type: how, Status: corev1.ConditionTrue, LastTransitionTime: at}}
	return j
}

// cronJobs are the names of the CronJobs of changeJob, and their uids.
var cronJobNames = []string{"cron-0", "cron-1", "cron-2"}

// changeJob creates, ends, updates or deletes the Job of a name, or has a CronJob tell of its last
// success. Jobs that a CronJob's last success or failure is of are not deleted.
func (w *randomAPI) changeJob(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now().Truncate(time.Second)
	created := item{uid: fmt.Sprintf("uid-%d", w.rnd.Int64()), name: name, namespace: "n", batch: batchItem{
		kind: "Job", cronJob: cronJobNames[w.rnd.IntN(len(cronJobNames))], started: now,
	}}
	was := w.objects[created.key()]
	switch n := w.rnd.IntN(12); {
	case n == 0:
		c := item{uid: created.batch.cronJob, name: created.batch.cronJob, namespace: "n", batch: batchItem{kind: "CronJob"}}
		if last := w.lastOf(c.name, false); last != nil && w.rnd.IntN(2) == 0 {
			c.batch.ended = last.batch.ended
		}
		w.add("MODIFIED", c)
	case was == nil:
		w.add("ADDED", created)
	case was.batch.ended.IsZero():
		ended := *was
		ended.batch.ended, ended.batch.failed = now, w.rnd.IntN(2) == 0
		w.add("MODIFIED", ended)
	case n < 5 || w.lastOf(was.batch.cronJob, was.batch.failed) == was:
		w.add("MODIFIED", *was)
	default:
		w.add("DELETED", *was)
	}
	close(w.changed)
	w.changed = make(chan struct{})
}

// lastOf returns the Job of a CronJob that succeeded or failed last; of those of a second, the longest.
// The caller holds mu.
func (w *randomAPI) lastOf(cronJob string, failed bool) (last *item) {
	for _, o := range w.objects {
		if o.batch.kind != "Job" || o.batch.cronJob != cronJob || o.batch.ended.IsZero() || o.batch.failed != failed {
			continue
		}
		if last == nil || o.batch.ended.After(last.batch.ended) ||
			o.batch.ended.Equal(last.batch.ended) && o.batch.started.Before(last.batch.started) {
			last = o
		}
	}
	return last
}
