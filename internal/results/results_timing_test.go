package results_test

import (
	"fmt"
	"testing"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/results"
)

// BenchmarkEnd has Jobs of 1,000 CronJobs end, one after another: the lines of each CronJob change.
func BenchmarkEnd(b *testing.B) {
	x := results.NewIndex()
	source, cronJobs := x.Source(), newStored(x, &generators.CronJobs)
	cronJobs.list()
	var jobs []*batchv1.Job
	for i := range 1000 {
		c := cronJob(fmt.Sprint("cron-", i), fmt.Sprint("c", i), 0)
		source.Set(string(c.UID), c)
		cronJobs.put(c)
		jobs = append(jobs, job(fmt.Sprint("job-", i), fmt.Sprint("j", i), c.Name, string(c.UID)))
	}
	b.ReportAllocs()
	for n := int64(1); b.Loop(); n++ {
		j := ended(jobs[n%1000], batchv1.JobComplete, n, n+1)
		source.Set(string(j.UID), j)
	}
}
