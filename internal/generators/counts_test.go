package generators_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
)

// TestCountsOfOwners compares the lines of counters and histograms in both formats.
func TestCountsOfOwners(t *testing.T) {
	f := func(table generators.Resource, c *generators.Counts, text, typed string) {
		t.Helper()
		r := table.Compile(generators.Selection{Groups: generators.Groups(), Extra: []generators.ExtraLabel{{Name: "e", Value: "f"}}})
		lines, ends := r.Render(nil, nil, c)
		var got [2]string
		start := 0
		for i, format := range r.Formats() {
			h := r.Headers()[i]
			got[format-generators.TextFormat] += string(h.Text) + string(lines[start:ends[i]])
			start = ends[i]
		}
		if d := cmp.Diff([2]string{text, typed}, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	series := func(r generators.Resource, o metav1.Object) (counts []generators.Count, histograms []generators.Histogram) {
		m := r.Recipe().Memo
		m.Count("", string(m.Append(nil, "", o, true)), func(i generators.Increment) {
			switch {
			case i.Of.IsHistogram():
				histograms = append(histograms, generators.Histogram{Series: i.Series, Buckets: []uint64{0, 2, 1}, Sum: i.Value, Created: 1700000000000})
			case !slices.ContainsFunc(counts, func(c generators.Count) bool { return c.Series == i.Series }):
				counts = append(counts, generators.Count{Series: i.Series, Value: uint64(len(counts)), Created: 1500})
			}
		})
		return counts, histograms
	}
	jobs, _ := series(&generators.Jobs, jobOf(true))
	nodes, _ := series(&generators.Nodes, nodeOf("1", "True"))
	ready := podOf()
	ready.Status.Conditions = []corev1.PodCondition{condition("Ready", "True", 115, "")}
	_, startup := series(&generators.Pods, ready)
	startupAlone := generators.PodCounts
	startupAlone.Families = startupAlone.Families[len(startupAlone.Families)-1:]
	f(&generators.JobCounts, &generators.Counts{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: "c"}, OwnerKind: "CronJob", Counters: jobs},
		`# HELP kubestate_job_results_total Finished jobs of the owner, by result and reason.
# TYPE kubestate_job_results_total counter
kubestate_job_results_total{e="f",namespace="n",owner_kind="CronJob",owner="c",result="succeeded",reason="Complete"} 0
kubestate_job_results_total{e="f",namespace="n",owner_kind="CronJob",owner="c",result="failed",reason="BackoffLimitExceeded"} 1
kubestate_job_results_total{e="f",namespace="n",owner_kind="CronJob",owner="c",result="failed",reason="DeadlineExceeded"} 2
`, `# HELP kubestate_job_results Finished jobs of the owner, by result and reason.
# TYPE kubestate_job_results counter
kubestate_job_results_total{e="f",namespace="n",owner_kind="CronJob",owner="c",result="succeeded",reason="Complete"} 0
kubestate_job_results_created{e="f",namespace="n",owner_kind="CronJob",owner="c",result="succeeded",reason="Complete"} 1.5
kubestate_job_results_total{e="f",namespace="n",owner_kind="CronJob",owner="c",result="failed",reason="BackoffLimitExceeded"} 1
kubestate_job_results_created{e="f",namespace="n",owner_kind="CronJob",owner="c",result="failed",reason="BackoffLimitExceeded"} 1.5
kubestate_job_results_total{e="f",namespace="n",owner_kind="CronJob",owner="c",result="failed",reason="DeadlineExceeded"} 2
kubestate_job_results_created{e="f",namespace="n",owner_kind="CronJob",owner="c",result="failed",reason="DeadlineExceeded"} 1.5
`)
	f(&generators.NodeCounts, &generators.Counts{ObjectMeta: metav1.ObjectMeta{Name: "m"}, Counters: nodes[:1]},
		`# HELP kubestate_node_condition_changes_total Changes of a condition of the node to a status.
# TYPE kubestate_node_condition_changes_total counter
kubestate_node_condition_changes_total{e="f",node="m",condition="Ready",status="true"} 0
`, `# HELP kubestate_node_condition_changes Changes of a condition of the node to a status.
# TYPE kubestate_node_condition_changes counter
kubestate_node_condition_changes_total{e="f",node="m",condition="Ready",status="true"} 0
kubestate_node_condition_changes_created{e="f",node="m",condition="Ready",status="true"} 1.5
`)
	f(&startupAlone, &generators.Counts{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: "w"}, OwnerKind: "Deployment", Histograms: startup, Bounds: []float64{1, 2.5}},
		`# HELP kubestate_workload_pod_startup_seconds Time from the creation of pods of the workload to a phase, seconds.
# TYPE kubestate_workload_pod_startup_seconds histogram
kubestate_workload_pod_startup_seconds_bucket{e="f",namespace="n",workload_kind="Deployment",workload="w",phase="ready",le="1"} 0
kubestate_workload_pod_startup_seconds_bucket{e="f",namespace="n",workload_kind="Deployment",workload="w",phase="ready",le="2.5"} 2
kubestate_workload_pod_startup_seconds_bucket{e="f",namespace="n",workload_kind="Deployment",workload="w",phase="ready",le="+Inf"} 3
kubestate_workload_pod_startup_seconds_sum{e="f",namespace="n",workload_kind="Deployment",workload="w",phase="ready"} 15
kubestate_workload_pod_startup_seconds_count{e="f",namespace="n",workload_kind="Deployment",workload="w",phase="ready"} 3
`, `# HELP kubestate_workload_pod_startup_seconds Time from the creation of pods of the workload to a phase, seconds.
# TYPE kubestate_workload_pod_startup_seconds histogram
kubestate_workload_pod_startup_seconds_bucket{e="f",namespace="n",workload_kind="Deployment",workload="w",phase="ready",le="1.0"} 0
kubestate_workload_pod_startup_seconds_bucket{e="f",namespace="n",workload_kind="Deployment",workload="w",phase="ready",le="2.5"} 2
kubestate_workload_pod_startup_seconds_bucket{e="f",namespace="n",workload_kind="Deployment",workload="w",phase="ready",le="+Inf"} 3
kubestate_workload_pod_startup_seconds_sum{e="f",namespace="n",workload_kind="Deployment",workload="w",phase="ready"} 15
kubestate_workload_pod_startup_seconds_count{e="f",namespace="n",workload_kind="Deployment",workload="w",phase="ready"} 3
kubestate_workload_pod_startup_seconds_created{e="f",namespace="n",workload_kind="Deployment",workload="w",phase="ready"} 1700000000
`)
}
