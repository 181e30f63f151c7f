package generators

import (
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// Jobs is the table of batch/v1 Job families.
var Jobs = Table[*batchv1.Job]{
	Resource: batchv1.SchemeGroupVersion.WithResource("jobs"),
	Kind:     "Job",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("job_name")},
	Reads:    Fields{"spec.parallelism", "spec.completions", "spec.activeDeadlineSeconds", "status"},
	Families: []Family[*batchv1.Job]{
		{"kube_job_annotations", Gauge, Alpha, Labels{"annotation_*"},
			"The annotations of the job that are let through, as labels.",
			annotations[*batchv1.Job]},

		{"kube_job_labels", Gauge, Stable, Labels{"label_*"},
			"The labels of the job that are let through, as labels.",
			labels[*batchv1.Job]},

		{"kube_job_info", Gauge, Stable, nil,
			"That there is the job.",
			exists[*batchv1.Job]},

		{"kube_job_created", Gauge, Stable, nil,
			"When the job was created, in Unix seconds.",
			created[*batchv1.Job]},

		{"kube_job_spec_parallelism", Gauge, Stable, nil,
			"How many pods of the job may run at a time.",
			func(j *batchv1.Job, s *Samples) { s.Optional32(j.Spec.Parallelism) }},

		{"kube_job_spec_completions", Gauge, Stable, nil,
			"How many pods have to succeed for the job to be complete.",
			func(j *batchv1.Job, s *Samples) { s.Optional32(j.Spec.Completions) }},

		{"kube_job_spec_active_deadline_seconds", Gauge, Stable, nil,
			"How long the job may take before it is stopped, in seconds.",
			func(j *batchv1.Job, s *Samples) { s.Optional64(j.Spec.ActiveDeadlineSeconds) }},

		{"kube_job_status_succeeded", Gauge, Stable, nil,
			"How many pods of the job have succeeded.",
			func(j *batchv1.Job, s *Samples) { s.Int(int64(j.Status.Succeeded)) }},

		{"kube_job_status_failed", Gauge, Stable, Labels{"reason"}.Or(),
			"Why the job has failed, or how many of its pods have if no known reason is given.",
			jobFailures},

		{"kube_job_status_active", Gauge, Stable, nil,
			"How many pods of the job are at work.",
			func(j *batchv1.Job, s *Samples) { s.Int(int64(j.Status.Active)) }},

		{"kube_job_status_ready", Gauge, Alpha, nil,
			"How many pods of the job are ready.",
			func(j *batchv1.Job, s *Samples) { s.Int(int64(value(j.Status.Ready))) }},

		{"kube_job_complete", Gauge, Stable, Labels{"condition"},
			"Whether the job is complete, with 1 at the status of that condition.",
			eachJobCondition(batchv1.JobComplete, func(c *batchv1.JobCondition, s *Samples) { s.Status(string(c.Status)) })},

		{"kube_job_failed", Gauge, Stable, Labels{"condition"},
			"Whether the job has failed, with 1 at the status of that condition.",
			eachJobCondition(batchv1.JobFailed, func(c *batchv1.JobCondition, s *Samples) { s.Status(string(c.Status)) })},

		{"kube_job_status_start_time", Gauge, Stable, nil,
			"When the job was started, in Unix seconds.",
			func(j *batchv1.Job, s *Samples) {
				s.Time(j.Status.StartTime)
			}},

		{"kube_job_status_completion_time", Gauge, Stable, nil,
			"When the job was completed, in Unix seconds.",
			func(j *batchv1.Job, s *Samples) {
				s.Time(j.Status.CompletionTime)
			}},

		{"kube_job_status_suspended", Gauge, Alpha, nil,
			"Whether the job is suspended.",
			eachJobCondition(batchv1.JobSuspended, func(c *batchv1.JobCondition, s *Samples) { s.Bool(c.Status == corev1.ConditionTrue) })},

		{"kube_job_owner", Gauge, Stable, Labels{"owner_kind", "owner_name", "owner_is_controller"},
			"What owns the job.",
			ownersAndController[*batchv1.Job]},
	},
}

// eachJobCondition lifts a row about a condition of the given type to a row
// about a job.
func eachJobCondition(t batchv1.JobConditionType, f func(*batchv1.JobCondition, *Samples)) func(*batchv1.Job, *Samples) {
	return func(j *batchv1.Job, s *Samples) {
		for i := range j.Status.Conditions {
			if c := &j.Status.Conditions[i]; c.Type == t {
				f(c, s)
			}
		}
	}
}

var jobFailureReasons = []string{"BackoffLimitExceeded", "DeadlineExceeded", "Evicted"}

// jobFailures adds the reasons of a failed job, with 1 at the one it has. The
// number of failed pods stands without a reason, unless one is known.
func jobFailures(j *batchv1.Job, s *Samples) {
	if j.Status.Failed == 0 {
		s.Int(0)
		return
	}
	known := false
	for i := range j.Status.Conditions {
		c := &j.Status.Conditions[i]
		if c.Type != batchv1.JobFailed {
			continue
		}
		s.OneOf(c.Reason, jobFailureReasons)
		for _, reason := range jobFailureReasons {
			known = known || c.Reason == reason
		}
	}
	if !known {
		s.Int(int64(j.Status.Failed), "")
	}
}
