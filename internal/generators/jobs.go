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
	Finished: jobFinished,
	Fetch:    Fetch[*batchv1.Job]{Reads: Fields{"spec.parallelism", "spec.completions", "spec.activeDeadlineSeconds", "status"}},
	Memo:     &jobMemo,
	Families: []Family[*batchv1.Job]{
		{Name: "kube_job_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "Annotations of the job selected by the allowlist.",
			Row:  annotations[*batchv1.Job]},

		{Name: "kube_job_labels", Type: Gauge, Stability: Stable, Labels: Labels{"label_*"},
			Help: "Labels of the job selected by the allowlist.",
			Row:  labels[*batchv1.Job]},

		{Name: "kube_job_info", Type: Gauge, Stability: Stable,
			Help: "Presence of the job (always 1).",
			Row:  exists[*batchv1.Job]},

		{Name: "kube_job_created", Type: Gauge, Stability: Stable,
			Help: "Creation timestamp of the job, Unix seconds.",
			Row:  created[*batchv1.Job]},

		{Name: "kube_job_spec_parallelism", Type: Gauge, Stability: Stable,
			Help: "Parallelism of the job, pods.",
			Row:  func(j *batchv1.Job, s *Samples) { s.Optional32(j.Spec.Parallelism) }},

		{Name: "kube_job_spec_completions", Type: Gauge, Stability: Stable,
			Help: "Desired completions of the job, pods.",
			Row:  func(j *batchv1.Job, s *Samples) { s.Optional32(j.Spec.Completions) }},

		{Name: "kube_job_spec_active_deadline_seconds", Type: Gauge, Stability: Stable,
			Help: "Active deadline of the job, seconds.",
			Row:  func(j *batchv1.Job, s *Samples) { s.Optional64(j.Spec.ActiveDeadlineSeconds) }},

		{Name: "kube_job_status_succeeded", Type: Gauge, Stability: Stable,
			Help: "Succeeded pods of the job.",
			Row:  func(j *batchv1.Job, s *Samples) { s.Int(int64(j.Status.Succeeded)) }},

		{Name: "kube_job_status_failed", Type: Gauge, Stability: Stable, Labels: Labels{"reason"}.Or(),
			Help: "Failed pods of the job (1 for the failure reason if known).",
			Row:  jobFailures},

		{Name: "kube_job_status_active", Type: Gauge, Stability: Stable,
			Help: "Active pods of the job.",
			Row:  func(j *batchv1.Job, s *Samples) { s.Int(int64(j.Status.Active)) }},

		{Name: "kube_job_status_ready", Type: Gauge, Stability: Alpha,
			Help: "Ready pods of the job.",
			Row:  func(j *batchv1.Job, s *Samples) { s.Int(int64(value(j.Status.Ready))) }},

		{Name: "kube_job_complete", Type: Gauge, Stability: Stable, Sparse: true, Labels: Labels{"condition"},
			Help: "Complete condition of the job (1 for the current status).",
			Row:  eachJobCondition(batchv1.JobComplete, func(c *batchv1.JobCondition, s *Samples) { s.Status(string(c.Status)) })},

		{Name: "kube_job_failed", Type: Gauge, Stability: Stable, Sparse: true, Labels: Labels{"condition"},
			Help: "Failed condition of the job (1 for the current status).",
			Row:  eachJobCondition(batchv1.JobFailed, func(c *batchv1.JobCondition, s *Samples) { s.Status(string(c.Status)) })},

		{Name: "kube_job_status_start_time", Type: Gauge, Stability: Stable,
			Help: "Start time of the job, Unix seconds.",
			Row: func(j *batchv1.Job, s *Samples) {
				s.Time(j.Status.StartTime)
			}},

		{Name: "kube_job_status_completion_time", Type: Gauge, Stability: Stable,
			Help: "Completion time of the job, Unix seconds.",
			Row: func(j *batchv1.Job, s *Samples) {
				s.Time(j.Status.CompletionTime)
			}},

		{Name: "kube_job_status_suspended", Type: Gauge, Stability: Alpha,
			Help: "Whether the job is suspended.",
			Row:  eachJobCondition(batchv1.JobSuspended, func(c *batchv1.JobCondition, s *Samples) { s.Bool(c.Status == corev1.ConditionTrue) })},

		{Name: "kube_job_owner", Type: Gauge, Stability: Stable, Labels: Labels{"owner_kind", "owner_name", "owner_is_controller"},
			Help: "Owners of the job.",
			Row:  ownersAndController[*batchv1.Job]},

		{Name: "kubestate_workload_replicas", Type: Gauge, Stability: Alpha, Group: Attribution, Identity: workload("Job"), Labels: Labels{"state"},
			Help: "Replicas of the workload, by state.",
			Row:  jobReplicas},

		{Name: "kubestate_job_failed_for_good", Type: Gauge, Stability: Alpha, Group: Verdicts,
			Help:    "Whether the job has failed and no job of its cron job has succeeded since.",
			Derived: derive(failedForGood)},
	},
}

// eachJobCondition makes a row of jobs from a row of their conditions of a type.
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

// jobFailures adds the known failure reasons (1 for the job's), or the number of failed
// pods with an empty reason.
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
