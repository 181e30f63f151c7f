package generators

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// A CronJobResult is a CronJob with the result of its Job that finished last.
type CronJobResult struct {
	metav1.ObjectMeta // of the CronJob, of which only namespace and name are set
	Result            JobResult
}

// A JobResult is the result of a Job. The zero value is that of no Job.
type JobResult struct {
	Finished, Succeeded bool
	Time                int64 // of the end, in Unix seconds
	Duration            int64 // in seconds, UnknownDuration if unknown
}

// UnknownDuration is the duration of a Job of which only the end is known.
const UnknownDuration = -1

// A JobVerdict is a Job with its verdict.
type JobVerdict struct {
	metav1.ObjectMeta // of the Job, of which only namespace and name are set
	FailedForGood     bool
}

// Results of jobs.
const (
	succeeded = "succeeded"
	failed    = "failed"
)

func lastResult(c *CronJobResult, s *Samples) {
	if c.Result.Finished {
		s.Bool(c.Result.Succeeded, succeeded)
		s.Bool(!c.Result.Succeeded, failed)
	}
}

func lastResultTime(c *CronJobResult, s *Samples) {
	if c.Result.Finished {
		s.Int(c.Result.Time)
	}
}

func lastResultDuration(c *CronJobResult, s *Samples) {
	if c.Result.Finished && c.Result.Duration != UnknownDuration {
		s.Int(c.Result.Duration)
	}
}

func failedForGood(v *JobVerdict, s *Samples) { s.Bool(v.FailedForGood) }
