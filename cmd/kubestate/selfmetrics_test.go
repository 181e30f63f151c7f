package main

import (
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/options"
	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/sharding/members"
	"github.com/kubestate/kubestate/internal/watcher"
)

// TestSelfMetricsAreDocumented holds docs/self-metrics.md to what is registered.
func TestSelfMetricsAreDocumented(t *testing.T) {
	const path, begin, end = "../../docs/self-metrics.md", "<!-- table -->\n", "<!-- end -->\n"
	registry := server.NewRegistry()
	metrics := watcher.NewMetrics(registry)
	w := watcher.New(watcher.Config{}, metrics, slog.Default())
	w.Register(registry)
	place := sharding.NewPlace(registry)
	custom := newCustomResources(builtin, registry, slog.Default())
	custom.register(registry, w)
	reload := newReloader(builtin, custom, nil, options.Options{TotalShards: 1}, w, place, registry, slog.Default())
	shard, err := members.New(members.Config{}, &rest.Config{}, registry, slog.Default())
	if err != nil {
		t.Fatal(err)
	}
	served := backend{w, custom, place, true, shard}
	server.Main(served, server.ScrapeConfig{Exceeded: tooOld(w, reload.maxStaleness)}, server.NewProbes(served.Checks), registry)

	server.Evictions(registry)
	server.Telemetry(served, server.TelemetryConfig{Own: registry}, server.NewProbes(served.Checks), registry)

	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(text), begin)
	got, after, ok := strings.Cut(rest, end)
	if !ok {
		t.Fatalf("%s has no table between %q and %q", path, begin, end)
	}
	want := "| metric | labels | meaning |\n| --- | --- | --- |\n" + strings.Join(rows(t, registry), "")
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

// described is the form in which the client library prints a description.
var described = regexp.MustCompile(`^Desc\{fqName: "([^"]*)", help: "(.*)", unit: "[^"]*", constLabels: \{(.*)\}, variableLabels: \{(.*)\}\}$`)

// rows describes what is registered, but for what any Go program has.
func rows(t *testing.T, registry *prometheus.Registry) []string {
	t.Helper()
	all := make(chan *prometheus.Desc)
	go func() {
		registry.Describe(all)
		close(all)
	}()
	var rows []string
	for d := range all {
		parts := described.FindStringSubmatch(d.String())
		if parts == nil {
			t.Errorf("cannot read %s", d)
			continue
		}
		name, help, labels := parts[1], parts[2], parts[4]
		for constant := range strings.SplitSeq(parts[3], `",`) {
			if key, _, ok := strings.Cut(constant, "="); ok {
				labels = strings.Trim(labels+","+key, ",")
			}
		}
		if strings.HasPrefix(name, "go_") || strings.HasPrefix(name, "process_") {
			continue
		}
		keys := strings.ReplaceAll(labels, ",", "`, `")
		if keys != "" {
			keys = "`" + keys + "`"
		}
		rows = append(rows, fmt.Sprintf("| `%s` | %s | %s |\n", name, keys, help))
	}
	slices.Sort(rows)
	return rows
}
