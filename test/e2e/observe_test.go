package e2e

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
)

//go:embed observe.yaml
var observeConfig string

// exampleAlerts are the alerts of the example cluster, served by two shards, and of a cluster without a
// usable kubeconfig. Its times lie months back: due jobs are late.
var exampleAlerts = []string{
	"ContainerCannotStart",
	"ContainerCrashLoops",
	"CronJobLate",
	"DaemonSetPodsMissing",
	"DeploymentReplicasMissing",
	"DeploymentRolloutStuck",
	"HorizontalPodAutoscalerAtMaximum",
	"JobFailed",
	"JobRunsLong",
	"KubestateClusterDown",
	"NamespaceStuckTerminating",
	"NodeCordoned",
	"NodeUnderPressure",
	"PersistentVolumeClaimPending",
	"PodDisruptionBudgetExhausted",
	"PodNotReady",
	"PodPending",
	"PodUnschedulable",
	"ResourceQuotaNearLimit",
}

// TestObserve runs the example cluster, two kubestates and a Prometheus with all rules: every query
// of the dashboards has data, and the rules alert about the cluster's faults.
func TestObserve(t *testing.T) {
	t.Parallel()
	c := cluster.Start(t, cluster.Options{})
	objects, err := cluster.Load("../../examples/cluster")
	must(t, err)
	must(t, c.Put(t.Context(), slices.Values(objects)))
	settings := filepath.Join(t.TempDir(), "settings.yaml")
	must(t, os.WriteFile(settings, []byte("object_limit: 0\n"), 0o600))
	// Configuration file and object limit have series of their own.
	const metrics = "--workload-metrics=attribution,counters,verdicts"
	first := start(t, c.Kubeconfig, "--shard=0", "--total-shards=2", "--config", settings, metrics)
	second := start(t, c.Kubeconfig, "--shard=1", "--total-shards=2", "--object-limit=1000", metrics)
	for _, e := range []*exporter.Exporter{first, second} {
		await(t, settling, e.Ready, e.Process)
	}
	hub := startHub(t, c)
	p := runPrometheus(t, observing(t, first, second)+fmt.Sprintf("- {job_name: hub, static_configs: [{targets: [%q]}]}\n", strings.TrimPrefix(hub.Telemetry, "http://")))

	t.Run("queries of dashboards have data", func(t *testing.T) {
		var lacking []func(context.Context) error
		for _, d := range readDashboards(t) {
			lacking = append(lacking, p.fills(d)...)
		}
		await(t, settling, func(ctx context.Context) error {
			var errs []error
			lacking = slices.DeleteFunc(lacking, func(filled func(context.Context) error) bool {
				err := filled(ctx)
				errs = append(errs, err)
				return err == nil // a late scrape may leave a gap later
			})
			return errors.Join(errs...)
		}, p.Process, first.Process, second.Process)
	})
	t.Run("rules are healthy", func(t *testing.T) {
		await(t, settling, p.rulesAre("ok", exampleAlerts), p.Process, first.Process, second.Process)
	})
	t.Run("names exist", func(t *testing.T) {
		known := knownNames(t, first)
		for _, rule := range readRules(t) {
			p.knows(t, rule.Alert+rule.Record, rule.Expr, known)
		}
		for _, d := range readDashboards(t) {
			for _, panel := range d.Panels {
				for _, target := range panel.Targets {
					p.knows(t, d.Title+": "+panel.Title, substitute(target.Expr), known)
				}
			}
		}
	})
}

// startHub starts a kubestate with --clusters, of which one has no usable kubeconfig.
func startHub(t *testing.T, c *cluster.Cluster) *exporter.Exporter {
	t.Helper()
	dir := t.TempDir()
	kubeconfig, err := os.ReadFile(c.Kubeconfig)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "fra1.kubeconfig"), kubeconfig, 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "lost.kubeconfig"), nil, 0o600))
	return serve(t, "--clusters", dir, "--resources=namespaces")
}

// observing returns the configuration of a Prometheus that scrapes both ports of the programs and
// has all rules.
func observing(t *testing.T, exporters ...*exporter.Exporter) string {
	t.Helper()
	rules, err := filepath.Abs("../../deploy/monitoring/rules/*.rules.yaml")
	must(t, err)
	var targets []string
	for _, e := range exporters {
		targets = append(targets, address(e), strings.TrimPrefix(e.Telemetry, "http://"))
	}
	return strings.NewReplacer("RULES", rules, "TARGETS", strings.Join(targets, ", ")).Replace(observeConfig)
}

// dashboard is the queried part of a dashboard.
type dashboard struct {
	Title      string
	Templating struct{ List []variable }
	Panels     []struct {
		Title   string
		Targets []target
	}
}

type variable struct {
	Name, Type string
	Query      json.RawMessage
}

type target struct {
	Expr           string
	Instant, Range bool
}

func readDashboards(t *testing.T) []dashboard {
	t.Helper()
	paths, err := filepath.Glob("../../deploy/monitoring/dashboards/*.json")
	must(t, err)
	if len(paths) == 0 {
		t.Fatal("no dashboards")
	}
	var dashboards []dashboard
	for _, path := range paths {
		content, err := os.ReadFile(path)
		must(t, err)
		var d dashboard
		must(t, json.Unmarshal(content, &d))
		dashboards = append(dashboards, d)
	}
	return dashboards
}

// substitute replaces variables as Grafana does for All.
func substitute(expr string) string {
	return strings.NewReplacer("$cluster", ".*", "$namespace", ".*", "$job", ".*", "$instance", ".*", "$__rate_interval", "4s").Replace(expr)
}

// labelValues matches Grafana's query for label values.
var labelValues = regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)

// fills returns conditions: each variable of the dashboard has values, and each query has data.
func (p *prometheus) fills(d dashboard) (conditions []func(context.Context) error) {
	add := func(what string, condition func(context.Context) error) {
		conditions = append(conditions, func(ctx context.Context) error {
			if err := condition(ctx); err != nil {
				return fmt.Errorf("%s: %s: %w", d.Title, what, err)
			}
			return nil
		})
	}
	for _, v := range d.Templating.List {
		add("variable "+v.Name, func(ctx context.Context) error { return p.offers(ctx, v) })
	}
	for _, panel := range d.Panels {
		for _, target := range panel.Targets {
			add(panel.Title, func(ctx context.Context) error { return p.hasData(ctx, target) })
		}
	}
	return conditions
}

// offers returns an error unless the variable has values.
func (p *prometheus) offers(ctx context.Context, v variable) error {
	if v.Type == "datasource" {
		return nil
	}
	var query struct{ Query string }
	if err := json.Unmarshal(v.Query, &query); err != nil {
		return err
	}
	match := labelValues.FindStringSubmatch(query.Query)
	if match == nil {
		return fmt.Errorf("unsupported query: %s", query.Query)
	}
	var values []string
	err := p.get(ctx, "/api/v1/label/"+match[2]+"/values", url.Values{"match[]": {substitute(match[1])}}, &values)
	if err == nil && len(values) == 0 {
		err = fmt.Errorf("no values: %s", query.Query)
	}
	return err
}

// hasData returns an error unless the query has data, now or within the last seconds.
func (p *prometheus) hasData(ctx context.Context, q target) error {
	path, params := "/api/v1/query", url.Values{"query": {substitute(q.Expr)}}
	if q.Range {
		path = "/api/v1/query_range"
		now := time.Now()
		params.Set("start", now.Add(-5*time.Second).Format(time.RFC3339))
		params.Set("end", now.Format(time.RFC3339))
		params.Set("step", "1")
	}
	var found struct{ Result []json.RawMessage }
	err := p.get(ctx, path, params, &found)
	if err == nil && len(found.Result) == 0 {
		err = fmt.Errorf("no data: %s", params.Get("query"))
	}
	return err
}

// rulesAre returns a condition: all rules have this health, all recording rules have series, and
// exactly these alerts are pending or firing.
func (p *prometheus) rulesAre(health string, alerts []string) func(context.Context) error {
	return func(ctx context.Context) error {
		var found struct {
			Groups []struct {
				Rules []struct{ Name, Type, Health, LastError, State string }
			}
		}
		if err := p.get(ctx, "/api/v1/rules", nil, &found); err != nil {
			return err
		}
		var errs []error
		active := map[string]bool{}
		for _, group := range found.Groups {
			for _, rule := range group.Rules {
				if rule.Health != health {
					errs = append(errs, fmt.Errorf("rule %s is %s: %s", rule.Name, rule.Health, rule.LastError))
				}
				if rule.Type == "recording" {
					errs = append(errs, p.has(ctx, rule.Name))
				} else if rule.State != "inactive" {
					active[rule.Name] = true
				}
			}
		}
		if diff := cmp.Diff(set(slices.Values(alerts)), active); diff != "" {
			errs = append(errs, fmt.Errorf("alerts (-want +got):\n%s", diff))
		}
		return errors.Join(errs...)
	}
}

func (p *prometheus) has(ctx context.Context, name string) error {
	samples, err := p.query(ctx, name)
	if err == nil && len(samples) == 0 {
		err = fmt.Errorf("%s has no series", name)
	}
	return err
}

// knows fails the test if the expression selects an unknown metric name.
func (p *prometheus) knows(t *testing.T, where, expr string, known map[string]bool) {
	t.Helper()
	var tree any
	must(t, p.get(t.Context(), "/api/v1/parse_query", url.Values{"query": {expr}}, &tree))
	names := selected(tree)
	if len(names) == 0 {
		t.Errorf("%s selects nothing: %s", where, expr)
	}
	for _, name := range names {
		if !known[name] {
			t.Errorf("%s: unknown metric %q", where, name)
		}
	}
}

// selected returns the metric names of a query that Prometheus has parsed.
func selected(tree any) []string {
	var names []string
	switch node := tree.(type) {
	case map[string]any:
		if kind := node["type"]; kind == "vectorSelector" || kind == "matrixSelector" {
			name, _ := node["name"].(string)
			names = append(names, name)
		}
		for _, child := range node {
			names = append(names, selected(child)...)
		}
	case []any:
		for _, child := range node {
			names = append(names, selected(child)...)
		}
	}
	return names
}

// selfMetric matches a name in the table of self-metrics.
var selfMetric = regexp.MustCompile("(?m)^\\| `(\\w+)`")

// knownNames returns the names of all families and self-metrics, of the Go client, of scrapes, and
// of recording rules.
func knownNames(t *testing.T, e *exporter.Exporter) map[string]bool {
	t.Helper()
	known := map[string]bool{"up": true, "scrape_duration_seconds": true, "scrape_timeout_seconds": true}
	for _, family := range catalogue(t) {
		known[family.Name] = true
	}
	page, err := os.ReadFile("../../docs/self-metrics.md")
	must(t, err)
	for _, match := range selfMetric.FindAllStringSubmatch(string(page), -1) {
		known[match[1]] = true
	}
	self, err := e.Self(t.Context())
	must(t, err)
	for series := range self {
		name, _, _ := strings.Cut(series, "{")
		known[name] = true
	}
	for _, rule := range readRules(t) {
		known[rule.Record] = true
	}
	return known
}
