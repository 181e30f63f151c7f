package results

import (
	"math"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
)

// An end is the end of a Job.
type end struct{ time, duration int64 }

// never is the end of no Job.
var never = end{math.MinInt64, generators.UnknownDuration}

// join returns the later end; of two ends at a time, that of the longer Job: the duration may be unknown.
func (e end) join(o end) end {
	if o.time > e.time || o.time == e.time && o.duration > e.duration {
		return o
	}
	return e
}

// ends are the last ends of a CronJob's Jobs.
type ends struct{ succeeded, failed end }

// none are the ends of a CronJob without Jobs.
var none = ends{never, never}

func (e ends) join(o ends) ends { return ends{e.succeeded.join(o.succeeded), e.failed.join(o.failed)} }

// last returns the last result.
func (e ends) last() generators.JobResult {
	last, succeeded := e.failed, e.supersede(e.failed)
	if succeeded {
		last = e.succeeded
	}
	if last == never {
		return generators.JobResult{}
	}
	return generators.JobResult{Finished: true, Succeeded: succeeded, Time: last.time, Duration: last.duration}
}

// supersede reports whether a Job has succeeded since another one failed.
func (e ends) supersede(failed end) bool { return e.succeeded.time >= failed.time }

// endsOf returns the end of a Job, if it is complete or failed.
func endsOf(j *batchv1.Job) ends {
	for i := range j.Status.Conditions {
		c := &j.Status.Conditions[i]
		switch {
		case c.Status != corev1.ConditionTrue:
		case c.Type == batchv1.JobComplete:
			return ends{succeeded: endAt(j, j.Status.CompletionTime, &c.LastTransitionTime), failed: never}
		case c.Type == batchv1.JobFailed:
			return ends{succeeded: never, failed: endAt(j, &c.LastTransitionTime)}
		}
	}
	return none
}

// endAt returns the end of a Job at the first of times that is set, or else at its start or creation.
func endAt(j *batchv1.Job, times ...*metav1.Time) end {
	var at time.Time
	for _, t := range append(times, j.Status.StartTime, &j.CreationTimestamp) {
		if at.IsZero() && !t.IsZero() {
			at = t.Time
		}
	}
	e := end{at.Unix(), generators.UnknownDuration}
	if start := j.Status.StartTime; !start.IsZero() {
		e.duration = max(0, e.time-start.Unix())
	}
	return e
}

// endsOfLast returns the last success in the status of a CronJob.
func endsOfLast(c *batchv1.CronJob) ends {
	if t := c.Status.LastSuccessfulTime; !t.IsZero() {
		return ends{succeeded: end{t.Unix(), generators.UnknownDuration}, failed: never}
	}
	return none
}
