package e2e

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/test/process"
)

// TestComparingQueries scrapes two exporters as in docs/migrating.md, and evaluates its queries:
// without a result for equal objects, and with the differences of others.
func TestComparingQueries(t *testing.T) {
	t.Parallel()
	root, err := process.Root()
	must(t, err)
	namespace := func(created string) string {
		path := filepath.Join(t.TempDir(), "namespace.json")
		must(t, os.WriteFile(path, []byte(`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"a","creationTimestamp":"`+created+`"},"status":{"phase":"Active"}}`), 0o600))
		return path
	}
	queries := queriesIn(t, filepath.Join("docs", "migrating.md"))
	f := func(old, own []string, want map[string]map[string]float64) {
		t.Helper()
		if d := cmp.Diff(set(maps.Keys(want)), set(maps.Keys(queries))); d != "" {
			t.Fatalf("queries (-want +got):\n%s", d)
		}
		scrape := func(job string, args []string) string {
			e := serve(t, args...)
			return fmt.Sprintf("- job_name: %s\n  honor_labels: true\n  static_configs: [{targets: [%q]}]\n  metric_relabel_configs: [{action: keep, source_labels: [__name__], regex: (kube_.+)}]\n", job, address(e))
		}
		p := runPrometheus(t, "global: {scrape_interval: 1s}\nscrape_configs:\n"+scrape("kube-state-metrics", old)+scrape("kubestate", own))
		await(t, settling, func(ctx context.Context) error {
			scraped, err := p.query(ctx, `count by (job) (kube_namespace_created)`)
			if err == nil && len(scraped) != 2 {
				err = fmt.Errorf("jobs with series: %v", scraped)
			}
			return err
		}, p.Process)
		for heading, query := range queries {
			await(t, settling, func(ctx context.Context) error {
				got, err := p.query(ctx, query)
				got = anyInstance(got)
				if err == nil && !cmp.Equal(want[heading], got) {
					err = fmt.Errorf("%s (-want +got):\n%s", heading, cmp.Diff(want[heading], got))
				}
				return err
			}, p.Process)
		}
	}
	const lacks, more, values = "Series that kubestate lacks", "Series that only kubestate has", "Values that differ"
	example := []string{"--snapshot", filepath.Join(root, "examples", "cluster")}
	f(example, example, map[string]map[string]float64{lacks: {}, more: {}, values: {}})
	f([]string{"--snapshot", namespace("2020-01-01T00:00:00Z"), "--metric-allowlist=kube_namespace_created,kube_namespace_status_phase"},
		[]string{"--snapshot", namespace("2020-01-01T00:00:01Z"), "--metric-allowlist=kube_namespace_created,kube_namespace_annotations", "--metric-annotations-allowlist=namespaces=[*]"},
		map[string]map[string]float64{
			lacks: {
				`__name__="kube_namespace_status_phase", family="kube_namespace_status_phase", instance="*", job="kube-state-metrics", namespace="a", phase="Active"`:      1,
				`__name__="kube_namespace_status_phase", family="kube_namespace_status_phase", instance="*", job="kube-state-metrics", namespace="a", phase="Terminating"`: 0,
			},
			more:   {`__name__="kube_namespace_annotations", family="kube_namespace_annotations", instance="*", job="kubestate", namespace="a"`: 1},
			values: {`__name__="kube_namespace_created", family="kube_namespace_created", namespace="a"`: 1577836801},
		})
}

// anyInstance returns the result of a query with * for instances.
func anyInstance(result map[string]float64) map[string]float64 {
	all := map[string]float64{}
	for labels, value := range result {
		all[instanceLabel.ReplaceAllString(labels, `instance="*"`)] = value
	}
	return all
}

var instanceLabel = regexp.MustCompile(`\binstance="[^"]*"`)
