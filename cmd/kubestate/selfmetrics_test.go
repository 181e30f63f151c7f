package main

import (
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/authfilter"
	"github.com/kubestate/kubestate/internal/clusters"
	"github.com/kubestate/kubestate/internal/options"
	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/sharding/members"
	"github.com/kubestate/kubestate/internal/standby"
	"github.com/kubestate/kubestate/internal/watcher"
)

// TestSelfMetricsAreDocumented holds docs/self-metrics.md to what is registered.
func TestSelfMetricsAreDocumented(t *testing.T) {
	const path, begin, end = "../../docs/self-metrics.md", "<!-- table -->\n", "<!-- end -->\n"
	registry := selfMetrics(t)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(text), begin)
	got, after, ok := strings.Cut(rest, end)
	if !ok {
		t.Fatalf("%s has no table between %q and %q", path, begin, end)
	}
	want := "| metric | labels | meaning |\n| --- | --- | --- |\n"
	for _, d := range descriptions(registry) {
		keys := strings.Join(slices.Concat(d.variable, d.constant), "`, `")
		if keys != "" {
			keys = "`" + keys + "`"
		}
		want += fmt.Sprintf("| `%s` | %s | %s |\n", d.name, keys, d.help)
	}
	if *update {
		if err := os.WriteFile(path, []byte(before+begin+want+end+after), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("docs/self-metrics.md is stale; go test ./cmd/kubestate -run SelfMetrics -update writes it (-want +got):\n%s", d)
	}
}

// TestSelfMetricsLint runs the checks of promtool check metrics over all self-metrics, with no
// exception for the names that alert rules in the field read.
func TestSelfMetricsLint(t *testing.T) {
	registry := selfMetrics(t)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range descriptions(registry) {
		if !slices.ContainsFunc(families, func(f *dto.MetricFamily) bool { return f.GetName() == d.name }) {
			// The collectors of resources have gauges only, and none without resources.
			families = append(families, &dto.MetricFamily{
				Name: &d.name, Help: &d.help, Type: dto.MetricType_GAUGE.Enum(), Metric: []*dto.Metric{{}},
			})
		}
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	if len(problems) > 0 {
		t.Errorf("%+v", problems)
	}
}

// selfMetrics registers all self-metrics.
func selfMetrics(t *testing.T) childRegistry {
	t.Helper()
	registry := childRegistry{server.NewRegistry()}
	content := &cluster{custom: newCustomResources(builtin, registry, slog.Default()), watched: watcher.New(watcher.Config{}, watcher.NewMetrics(registry), slog.Default())}
	content.register(registry)
	registry.MustRegister(clusterCollector{&clusterSet{set: clusters.New[*ofSet](slog.Default())}})
	status := sharding.NewStatus(registry)
	reload := newReloader(builtin, content, nil, options.Options{TotalShards: 1}, status, newReloadMetrics(registry), slog.Default())
	shard, err := members.New(members.Config{}, &rest.Config{}, registry, slog.Default())
	if err != nil {
		t.Fatal(err)
	}
	replica, err := standby.New(standby.Config{Duration: time.Minute}, &rest.Config{}, registry, slog.Default())
	if err != nil {
		t.Fatal(err)
	}
	served := backend{content, status, true, shard, replica}
	server.Main(served, server.ScrapeConfig{Exceeded: func(wanted func(string) bool) string { return content.exceeded(reload.maxStaleness(), wanted) }}, server.NewProbes(served.Checks), registry)

	if _, err := authfilter.New(&rest.Config{}, nil, registry, slog.Default()); err != nil {
		t.Fatal(err)
	}
	server.Evictions(registry)
	server.Telemetry(served, server.TelemetryConfig{Own: registry}, server.NewProbes(served.Checks), registry)
	return registry
}

// A childRegistry gives each vector one series, so that Gather returns all of them.
type childRegistry struct{ *prometheus.Registry }

func (r childRegistry) MustRegister(all ...prometheus.Collector) {
	for _, c := range all {
		if err := r.Register(c); err != nil {
			panic(err)
		}
	}
}

func (r childRegistry) Register(c prometheus.Collector) error {
	descs := make(chan *prometheus.Desc, 1000) // more than any collector has
	c.Describe(descs)
	values := make([]string, len(parse(<-descs).variable))
	switch c := c.(type) {
	case *prometheus.CounterVec:
		c.WithLabelValues(values...)
	case *prometheus.GaugeVec:
		c.WithLabelValues(values...)
	case *prometheus.HistogramVec:
		c.WithLabelValues(values...)
	}
	return r.Registry.Register(c)
}

// A description is what the client library prints of a prometheus.Desc.
type description struct {
	name, help         string
	constant, variable []string // labels
}

var described = regexp.MustCompile(`^Desc\{fqName: "([^"]*)", help: "(.*)", unit: "[^"]*", constLabels: \{(.*)\}, variableLabels: \{(.*)\}\}$`)

func parse(d *prometheus.Desc) description {
	parts := described.FindStringSubmatch(d.String())
	if parts == nil {
		panic("cannot read " + d.String())
	}
	parsed := description{name: parts[1], help: parts[2]}
	for constant := range strings.SplitSeq(parts[3], `",`) {
		if key, _, ok := strings.Cut(constant, "="); ok {
			parsed.constant = append(parsed.constant, key)
		}
	}
	if parts[4] != "" {
		parsed.variable = strings.Split(parts[4], ",")
	}
	return parsed
}

// descriptions gives the registered metrics but those of every Go program, by name.
func descriptions(registry prometheus.Collector) []description {
	descs := make(chan *prometheus.Desc)
	go func() {
		registry.Describe(descs)
		close(descs)
	}()
	var all []description
	for d := range descs {
		if parsed := parse(d); !strings.HasPrefix(parsed.name, "go_") && !strings.HasPrefix(parsed.name, "process_") {
			all = append(all, parsed)
		}
	}
	slices.SortFunc(all, func(a, b description) int { return strings.Compare(a.name, b.name) })
	return all
}
