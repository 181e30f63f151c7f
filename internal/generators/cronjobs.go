package generators

import batchv1 "k8s.io/api/batch/v1"

// CronJobs is the table of batch/v1 CronJob families.
var CronJobs = Table[*batchv1.CronJob]{
	Resource: batchv1.SchemeGroupVersion.WithResource("cronjobs"),
	Kind:     "CronJob",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("cronjob")},
	Fetch: Fetch[*batchv1.CronJob]{
		Reads: Fields{
			"spec.schedule", "spec.timeZone", "spec.startingDeadlineSeconds", "spec.concurrencyPolicy", "spec.suspend",
			"spec.successfulJobsHistoryLimit", "spec.failedJobsHistoryLimit", "status",
		},
		Older: []string{"v1beta1"},
	},
	Families: []Family[*batchv1.CronJob]{
		{Name: "kube_cronjob_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "Annotations of the cron job selected by the allowlist.",
			Row:  annotations[*batchv1.CronJob]},

		{Name: "kube_cronjob_labels", Type: Gauge, Stability: Stable, Labels: Labels{"label_*"},
			Help: "Labels of the cron job selected by the allowlist.",
			Row:  labels[*batchv1.CronJob]},

		{Name: "kube_cronjob_info", Type: Gauge, Stability: Stable, Labels: Labels{"schedule", "concurrency_policy", "timezone"},
			Help: "Schedule, concurrency policy and time zone of the cron job.",
			Row: func(c *batchv1.CronJob, s *Samples) {
				zone := "local"
				if z := c.Spec.TimeZone; z != nil {
					zone = *z
				}
				s.One(c.Spec.Schedule, string(c.Spec.ConcurrencyPolicy), zone)
			}},

		{Name: "kube_cronjob_created", Type: Gauge, Stability: Stable,
			Help: "Creation timestamp of the cron job, Unix seconds.",
			Row:  created[*batchv1.CronJob]},

		{Name: "kube_cronjob_status_active", Type: Gauge, Stability: Stable,
			Help: "Active jobs of the cron job.",
			Row:  func(c *batchv1.CronJob, s *Samples) { s.Int(int64(len(c.Status.Active))) }},

		{Name: "kube_cronjob_status_last_schedule_time", Type: Gauge, Stability: Stable,
			Help: "Last schedule time of the cron job, Unix seconds.",
			Row: func(c *batchv1.CronJob, s *Samples) {
				s.Time(c.Status.LastScheduleTime)
			}},

		{Name: "kube_cronjob_status_last_successful_time", Type: Gauge, Stability: Stable,
			Help: "Completion time of the cron job's last successful job, Unix seconds.",
			Row: func(c *batchv1.CronJob, s *Samples) {
				s.Time(c.Status.LastSuccessfulTime)
			}},

		{Name: "kube_cronjob_spec_suspend", Type: Gauge, Stability: Stable,
			Help: "Whether the cron job is suspended.",
			Row:  func(c *batchv1.CronJob, s *Samples) { s.Bool(value(c.Spec.Suspend)) }},

		{Name: "kube_cronjob_spec_starting_deadline_seconds", Type: Gauge, Stability: Stable,
			Help: "Starting deadline of the cron job, seconds.",
			Row:  func(c *batchv1.CronJob, s *Samples) { s.Optional64(c.Spec.StartingDeadlineSeconds) }},

		{Name: "kube_cronjob_next_schedule_time", Type: Gauge, Stability: Stable,
			Help: "Next schedule time of the cron job after the last one or its creation, Unix seconds.",
			Row:  nextSchedule},

		{Name: "kube_cronjob_schedule_invalid", Type: Gauge, Stability: Alpha,
			Help: "Invalid schedule or time zone of the cron job (always 1).",
			Row: func(c *batchv1.CronJob, s *Samples) {
				if s.schedules.parse(c.Spec.Schedule, c.Spec.TimeZone) == nil {
					s.One()
				}
			}},

		{Name: "kube_cronjob_metadata_resource_version", Type: Gauge, Stability: Stable,
			Help: "Resource version of the cron job.",
			Row:  resourceVersion[*batchv1.CronJob]},

		{Name: "kube_cronjob_spec_successful_job_history_limit", Type: Gauge, Stability: Alpha,
			Help: "Successful job history limit of the cron job.",
			Row:  func(c *batchv1.CronJob, s *Samples) { s.Optional32(c.Spec.SuccessfulJobsHistoryLimit) }},

		{Name: "kube_cronjob_spec_failed_job_history_limit", Type: Gauge, Stability: Alpha,
			Help: "Failed job history limit of the cron job.",
			Row:  func(c *batchv1.CronJob, s *Samples) { s.Optional32(c.Spec.FailedJobsHistoryLimit) }},

		{Name: "kubestate_cronjob_last_result", Type: Gauge, Stability: Alpha, Sparse: true, Group: Verdicts, Labels: Labels{"result"},
			Help:    "Result of the last finished job of the cron job (1 for the result).",
			Derived: derive(lastResult)},

		{Name: "kubestate_cronjob_last_result_time_seconds", Type: Gauge, Stability: Alpha, Group: Verdicts,
			Help:    "Finish time of the last finished job of the cron job, Unix seconds.",
			Derived: derive(lastResultTime)},

		{Name: "kubestate_cronjob_last_result_duration_seconds", Type: Gauge, Stability: Alpha, Group: Verdicts,
			Help:    "Duration of the last finished job of the cron job, seconds.",
			Derived: derive(lastResultDuration)},
	},
}

// skippedDays is 2012 in Unix seconds. Schedule.Next does not terminate on a day that a
// time zone skips; the last one was 2011-12-30 in Pacific/Apia. No CronJob is that old.
const skippedDays = 1325376000

// nextSchedule adds the first activation of the schedule after the last run, or after
// the creation. The time depends on the object alone, so it is in the past after missed
// runs. A schedule that never fires adds nothing.
func nextSchedule(c *batchv1.CronJob, s *Samples) {
	schedule := s.schedules.parse(c.Spec.Schedule, c.Spec.TimeZone)
	if schedule == nil || value(c.Spec.Suspend) {
		return
	}
	last := c.Status.LastScheduleTime
	if last.IsZero() {
		last = &c.CreationTimestamp
	}
	if last.Unix() < skippedDays {
		return
	}
	if next := schedule.Next(last.Time); !next.IsZero() {
		s.Int(next.Unix())
	}
}
