package answers

import "time"

var (
	job     = []string{"cluster", "namespace", "job_name"}
	cronJob = []string{"cluster", "namespace", "cronjob"}
	forGood = series("kubestate_job_failed_for_good").ifAny()
)

// overdue is how late a CronJob may be.
const overdue = 5 * time.Minute

var jobs = question{
	name: "jobs-failed", title: "Jobs that failed or are overdue",
	resources: []string{"jobs", "cronjobs"}, inNamespaces: true, identity: append(job, "cronjob"),
	none: "No jobs.",
	bad:  "%d of %d jobs and cron jobs failed or overdue", by: "state", order: "since",
	causes: []cause{
		{Critical, label("state", "Failed", forGood.is("==", 1)), nil},
		{Critical, label("state", "Failed", unless(series("kube_job_failed").with("condition", "true").is("==", 1), job, forGood)), nil},
		{Critical, label("state", "InvalidSchedule", series("kube_cronjob_schedule_invalid").is("==", 1)), nil},
		{Warning, label("state", "Overdue", unless(unless(series("kube_cronjob_next_schedule_time").before(overdue),
			cronJob, series("kube_cronjob_spec_suspend").is("==", 1)),
			cronJob, series("kube_cronjob_status_active").is(">", 0))), nil},
	},
	active: series("kube_job_status_active").is(">", 0), counted: "Running jobs: %d.",
	columns: append(labels("namespace", "job_name"),
		lookups("cronjob", lookup{series("kube_job_owner").with("owner_kind", "CronJob"), job, ofLabel("owner_name")}),
		labels("state")[0],
		lookups("reason", lookup{series("kube_job_status_failed").without("reason", "").is(">", 0), job, ofLabel("reason")}),
		lookups("last success", lookup{series("kube_cronjob_status_last_successful_time"), cronJob, ofTime}),
		lookups("since",
			lookup{series("kube_job_status_start_time"), job, ofTime},
			lookup{series("kube_cronjob_next_schedule_time"), cronJob, ofTime})),
}
