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
	Fetch:    Fetch[*batchv1.Job]{Reads: Fields{"spec.parallelism", "spec.completions", "spec.activeDeadlineSeconds", "status"}},
	Families: []Family[*batchv1.Job]{
		{Name: "kube_job_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "The annotations of the job that are let through, as labels.",
			Row:  annotations[*batchv1.Job]},

		{Name: "kube_job_labels", Type: Gauge, Stability: Stable, Labels: Labels{"label_*"},
			Help: "The labels of the job that are let through, as labels.",
			Row:  labels[*batchv1.Job]},

		{Name: "kube_job_info", Type: Gauge, Stability: Stable,
			Help: "That there is the job.",
			Row:  exists[*batchv1.Job]},

		{Name: "kube_job_created", Type: Gauge, Stability: Stable,
			Help: "When the job was created, in Unix seconds.",
			Row:  created[*batchv1.Job]},

		{Name: "kube_job_spec_parallelism", Type: Gauge, Stability: Stable,
			Help: "How many pods of the job may run at a time.",
			Row:  func(j *batchv1.Job, s *Samples) { s.Optional32(j.Spec.Parallelism) }},

		{Name: "kube_job_spec_completions", Type: Gauge, Stability: Stable,
			Help: "How many pods have to succeed for the job to be complete.",
			Row:  func(j *batchv1.Job, s *Samples) { s.Optional32(j.Spec.Completions) }},

		{Name: "kube_job_spec_active_deadline_seconds", Type: Gauge, Stability: Stable,
			Help: "How long the job may take before it is stopped, in seconds.",
			Row:  func(j *batchv1.Job, s *Samples) { s.Optional64(j.Spec.ActiveDeadlineSeconds) }},

		{Name: "kube_job_status_succeeded", Type: Gauge, Stability: Stable,
			Help: "How many pods of the job have succeeded.",
			Row:  func(j *batchv1.Job, s *Samples) { s.Int(int64(j.Status.Succeeded)) }},

		{Name: "kube_job_status_failed", Type: Gauge, Stability: Stable, Labels: Labels{"reason"}.Or(),
			Help: "Why the job has failed, or how many of its pods have if no known reason is given.",
			Row:  jobFailures},

		{Name: "kube_job_status_active", Type: Gauge, Stability: Stable,
			Help: "How many pods of the job are at work.",
			Row:  func(j *batchv1.Job, s *Samples) { s.Int(int64(j.Status.Active)) }},

		{Name: "kube_job_status_ready", Type: Gauge, Stability: Alpha,
			Help: "How many pods of the job are ready.",
			Row:  func(j *batchv1.Job, s *Samples) { s.Int(int64(value(j.Status.Ready))) }},

		{Name: "kube_job_complete", Type: Gauge, Stability: Stable, Labels: Labels{"condition"},
			Help: "Whether the job is complete, with 1 at the status of that condition.",
			Row:  eachJobCondition(batchv1.JobComplete, func(c *batchv1.JobCondition, s *Samples) { s.Status(string(c.Status)) })},

		{Name: "kube_job_failed", Type: Gauge, Stability: Stable, Labels: Labels{"condition"},
			Help: "Whether the job has failed, with 1 at the status of that condition.",
			Row:  eachJobCondition(batchv1.JobFailed, func(c *batchv1.JobCondition, s *Samples) { s.Status(string(c.Status)) })},

		{Name: "kube_job_status_start_time", Type: Gauge, Stability: Stable,
			Help: "When the job was started, in Unix seconds.",
			Row: func(j *batchv1.Job, s *Samples) {
				s.Time(j.Status.StartTime)
			}},

		{Name: "kube_job_status_completion_time", Type: Gauge, Stability: Stable,
			Help: "When the job was completed, in Unix seconds.",
			Row: func(j *batchv1.Job, s *Samples) {
				s.Time(j.Status.CompletionTime)
			}},

		{Name: "kube_job_status_suspended", Type: Gauge, Stability: Alpha,
			Help: "Whether the job is suspended.",
			Row:  eachJobCondition(batchv1.JobSuspended, func(c *batchv1.JobCondition, s *Samples) { s.Bool(c.Status == corev1.ConditionTrue) })},

		{Name: "kube_job_owner", Type: Gauge, Stability: Stable, Labels: Labels{"owner_kind", "owner_name", "owner_is_controller"},
			Help: "What owns the job.",
			Row:  ownersAndController[*batchv1.Job]},
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
