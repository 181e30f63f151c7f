package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/kubestate/kubestate/internal/options"
	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/watcher"
)

// goldenCustom has golden custom resources, each with a configuration and the response.
const goldenCustom = "../../internal/customresource/testdata"

// clusterOf returns the only cluster of a program.
func clusterOf(r *reloader) *cluster { return r.content.(*cluster) }

// newCustomReloader returns the reloader of a program started with args.
func newCustomReloader(t *testing.T, args ...string) *reloader {
	t.Helper()
	opts, err := options.Parse(builtin, args)
	check(t, err)
	registry, log := server.NewRegistry(), slog.New(slog.DiscardHandler)
	content, err := newCluster(builtin, opts, home(opts), registry, log)
	check(t, err)
	return newReloader(builtin, content, args, opts, sharding.NewStatus(registry), newReloadMetrics(registry), log)
}

// TestCustomResourcesOfSnapshots serves the golden custom resources from files.
func TestCustomResourcesOfSnapshots(t *testing.T) {
	for _, name := range []string{"crs-1", "crs-2"} {
		t.Run(name, func(t *testing.T) { wantCustom(t, filepath.Join(goldenCustom, name), "") })
	}
}

// wantCustom serves golden custom resources from files, without a family unless it is empty.
func wantCustom(t *testing.T, dir, without string, args ...string) {
	t.Helper()
	p := startProgram(t, append(args, "--snapshot", filepath.Join(dir, "snapshot"), "--custom-resource-state-only",
		"--custom-resource-state-config-file", filepath.Join(dir, "config.yaml"))...)
	text, err := os.ReadFile(filepath.Join(dir, "expected.prom"))
	check(t, err)
	golden := ""
	for line := range strings.Lines(string(text)) {
		if without == "" || !strings.Contains(line, without) {
			golden += line
		}
	}
	status, body := answerOf(t, "http://"+p.scrapes+"/metrics")
	if status != 200 {
		t.Fatalf("status %d: %s", status, body)
	}
	wantHeaders, want := headersAndSeries(t, golden)
	headers, series := headersAndSeries(t, body)
	if d := cmp.Diff(wantHeaders, headers); d != "" {
		t.Errorf("headers (-want +got):\n%s", d)
	}
	if d := cmp.Diff(want, series, cmpopts.EquateNaNs()); d != "" {
		t.Errorf("series (-want +got):\n%s", d)
	}
}

// headersAndSeries splits a response into the lines of headers and the values by series.
func headersAndSeries(t *testing.T, text string) (headers []string, series map[string]float64) {
	t.Helper()
	series = map[string]float64{}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			headers = append(headers, line)
			continue
		}
		at := strings.LastIndexByte(line, ' ')
		value, err := strconv.ParseFloat(line[at+1:], 64)
		check(t, err)
		if _, twice := series[line[:at]]; twice {
			t.Errorf("twice: %s", line)
		}
		series[line[:at]] = value
	}
	return headers, series
}

// TestSnapshotKeepsCustomResources has the reloader look for missing kinds: the kinds of the snapshot
// stay.
func TestSnapshotKeepsCustomResources(t *testing.T) {
	dir := filepath.Join(goldenCustom, "crs-1") // where some entries have no kind
	r := newCustomReloader(t, "--snapshot", filepath.Join(dir, "snapshot"), "--custom-resource-state-config-file", filepath.Join(dir, "config.yaml"))
	before := resourcesOfEntries(r)
	if !clusterOf(r).custom.incomplete() {
		t.Fatal("every entry has a kind")
	}
	clusterOf(r).findKinds(t.Context())
	if d := cmp.Diff(before, resourcesOfEntries(r)); d != "" {
		t.Errorf("resources of entries (-before +after):\n%s", d)
	}
}

// TestSelectorsOfSnapshots applies the selectors of an entry to objects from files.
func TestSelectorsOfSnapshots(t *testing.T) {
	const objects = `
{apiVersion: example.com/v1, kind: Widget, metadata: {name: a, namespace: x, labels: {tier: gold, odd: ""}}, spec: {size: 1, live: true, mode: fast}}
---
{apiVersion: example.com/v1, kind: Widget, metadata: {name: b, namespace: x, labels: {tier: silver}}, spec: {size: 2, live: false}}
---
{apiVersion: example.com/v1, kind: Widget, metadata: {name: c, namespace: z}, spec: {size: 3}}
---
{apiVersion: example.com/v1, kind: Widget, metadata: {name: d, namespace: z, labels: {tier: gold}}, spec: {size: 4}}
---
{apiVersion: example.com/v1, kind: Widget, metadata: {name: d, namespace: z, labels: {tier: lead}}, spec: {size: 4}}
`
	path := filepath.Join(t.TempDir(), "objects.yaml")
	write(t, path, []byte(objects))
	f := func(selectors, want string) {
		t.Helper()
		entry := "{groupVersionKind: {group: example.com}, " + selectors + ", metricNamePrefix: \"\", labelsFromPath: {name: [metadata, name]},\n" +
			"  metrics: [{name: size, each: {type: gauge, gauge: {path: [spec, size]}}}]}"
		p := startProgram(t, "--snapshot", path, "--custom-resource-state-only", "--custom-resource-state-config", "spec: {resources: ["+entry+"]}")
		_, body := answerOf(t, "http://"+p.scrapes+"/metrics")
		got := ""
		for _, name := range []string{"a", "b", "c", "d"} {
			if strings.Contains(body, `name="`+name+`"`) {
				got += name
			}
		}
		if got != want {
			t.Errorf("%s: %s, want %s", selectors, got, want)
		}
	}
	f(`labelSelector: ""`, "abcd")
	f(`labelSelector: tier=gold`, "a")
	f(`labelSelector: "tier in (gold, silver)"`, "ab")
	f(`labelSelector: "!tier"`, "c")
	f(`labelSelector: "tier, tier!=gold"`, "bd")
	f(`labelSelector: odd=`, "a")
	f(`fieldSelector: metadata.name=b`, "b")
	f(`fieldSelector: "metadata.namespace=z,metadata.name!=c"`, "d")
	f(`fieldSelector: spec.live=true`, "a")
	f(`fieldSelector: spec.size=3`, "c")
	f(`fieldSelector: spec.mode=`, "bcd")
	f(`labelSelector: tier, fieldSelector: spec.live!=true`, "bd")
}

// resourcesOfEntries returns the resources of each entry.
func resourcesOfEntries(r *reloader) [][]string {
	var all [][]string
	for _, e := range clusterOf(r).custom.entries() {
		all = append(all, e.Resources)
	}
	return all
}

// widgets is a configuration with one entry of a kind.
func widgets(kind string) string {
	return "spec: {resources: [{groupVersionKind: {group: example.com, version: v1, kind: " + kind + "},\n" +
		"  metrics: [{name: size, each: {type: gauge, gauge: {path: [spec, size]}}}]}]}\n"
}

// invalid is a configuration with a valid and an invalid entry.
const invalid = `spec:
  resources:
    - groupVersionKind: {group: example.com, version: v1, kind: Widget}
      metrics: [{name: size, each: {type: gauge, gauge: {path: [spec, size]}}}]
    - groupVersionKind: {group: example.com, version: v1, kind: Broken}
      metrics: [{name: size, each: {type: unheard-of}}]
`

// TestCustomReload changes the configuration files while the program runs; "" is a missing file.
func TestCustomReload(t *testing.T) {
	type files struct{ config, custom string }
	const all, nodes = "{}\n", "resources: [nodes]\n"
	f := func(name string, start, then files, refused string, kinds ...string) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			config, custom := filepath.Join(dir, "settings.yaml"), filepath.Join(dir, "custom.yaml")
			put := func(now files) {
				for path, text := range map[string]string{config: now.config, custom: now.custom} {
					if text != "" {
						write(t, path, []byte(text))
					} else if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
						check(t, err)
					}
				}
			}
			put(start)
			r := newCustomReloader(t, "--config", config, "--apiserver", "http://127.0.0.1:1",
				"--custom-resource-state-config-file", custom, "--continue-without-custom-resource-state-config-file")
			pollTwice(r)
			put(then)
			pollTwice(r)
			if !strings.Contains(r.lastErr, refused) || refused == "" && r.lastErr != "" {
				t.Errorf("refused: %q, want %q", r.lastErr, refused)
			}
			var got []string
			for _, e := range clusterOf(r).custom.entries() {
				got = append(got, e.Kind)
			}
			if d := cmp.Diff(kinds, got); d != "" {
				t.Errorf("entries (-want +got):\n%s", d)
			}
			if n := len(r.current.Load().Resources); (n == 1) != (refused == "" && then.config == nodes) {
				t.Errorf("%d built-in resources", n)
			}
		})
	}
	f("same", files{all, widgets("Widget")}, files{all, widgets("Widget")}, "", "Widget")
	f("changes", files{all, widgets("Widget")}, files{all, widgets("Gadget")}, "", "Gadget")
	f("broken", files{all, widgets("Widget")}, files{all, "spec: ["}, "custom.yaml", "Widget")
	f("becomes invalid", files{all, widgets("Widget")}, files{all, invalid}, "unheard-of", "Widget")
	f("goes", files{all, widgets("Widget")}, files{all, ""}, "no such file", "Widget")
	f("goes as the other changes", files{all, widgets("Widget")}, files{nodes, ""}, "no such file", "Widget")
	f("comes", files{all, ""}, files{all, widgets("Widget")}, "", "Widget")
	f("comes invalid", files{all, ""}, files{all, invalid}, "unheard-of")
	f("missing as the other changes", files{all, ""}, files{nodes, ""}, "")
	f("invalid as the other changes", files{all, invalid}, files{nodes, invalid}, "", "Widget")
	f("invalid, then valid", files{all, invalid}, files{all, widgets("Gadget")}, "", "Gadget")
}

// TestCustomPending has the initial definitions arrive step by step: custom resources are pending
// until the watcher serves them.
func TestCustomPending(t *testing.T) {
	path := filepath.Join(t.TempDir(), "custom.yaml")
	write(t, path, []byte(widgets("Widget")))
	r := newCustomReloader(t, "--apiserver", "http://127.0.0.1:1", "--custom-resource-state-config-file", path)
	f := func(step string, definitions bool, unserved []string, want ...string) {
		t.Helper()
		if d := cmp.Diff(want, clusterOf(r).custom.pending(definitions, func() []string { return unserved })); d != "" {
			t.Errorf("%s (-want +got):\n%s", step, d)
		}
	}
	f("definitions are not listed", false, nil) // which is checked like any list
	f("definitions are listed", true, nil, "custom resources")
	clusterOf(r).custom.refresh(t.Context(), *r.current.Load(), true)
	f("kinds are known", true, nil, "custom resources")
	clusterOf(r).custom.apply()
	f("tables are made", true, []string{"widgets"}, "widgets")
	f("all are served", true, nil)
	f("another comes", true, []string{"gadgets"})
}

// TestRolesOfEntries has entries for built-in resources: a role names each once, and with namespaces
// permits them there alone.
func TestRolesOfEntries(t *testing.T) {
	const config = `{spec: {resources: [
  {groupVersionKind: {group: "", kind: Pod, version: v1}, conditions: true},
  {groupVersionKind: {group: apps, kind: Deployment, version: v1}, conditions: true},
  {groupVersionKind: {group: "", kind: Node, version: v1}, conditions: true},
  {groupVersionKind: {group: batch}, conditions: true},
  {groupVersionKind: {group: example.com, kind: Pod, version: v1}, conditions: true}]}}`
	f := func(want string, args ...string) {
		t.Helper()
		opts, err := options.Parse(builtin, append([]string{"rbac", "--custom-resource-state-config", config}, args...))
		check(t, err)
		var roles strings.Builder
		check(t, writeRoles(builtin, &roles, opts))
		got := ""
		for document := range strings.SplitSeq(roles.String(), "---\n") {
			var role rbacv1.ClusterRole // or a Role, which has the same fields
			check(t, yaml.Unmarshal([]byte(document), &role))
			for _, rule := range role.Rules {
				got += fmt.Sprintln(role.Kind, role.Namespace, rule.APIGroups, rule.Resources)
			}
		}
		if d := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); d != "" {
			t.Errorf("%q (-want +got):\n%s", args, d)
		}
	}
	f(`ClusterRole  [] [nodes pods]
ClusterRole  [apiextensions.k8s.io] [customresourcedefinitions]
ClusterRole  [apps] [deployments]
ClusterRole  [batch] [*]
ClusterRole  [example.com] [pods]
`, "--resources=pods")
	f(`ClusterRole  [] [nodes]
ClusterRole  [apiextensions.k8s.io] [customresourcedefinitions]
ClusterRole  [batch] [*]
ClusterRole  [example.com] [pods]
Role shop [] [configmaps pods]
Role shop [apps] [deployments]
`, "--resources=pods,configmaps", "--namespaces=shop")
}

// TestCustomStatuses advances an incomplete custom resource from its definition to being served, at
// every point between the calls of statuses: it is always missing or pending.
func TestCustomStatuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "custom.yaml")
	write(t, path, []byte(widgets("Widget")))
	const steps, calls = 3, 4 // the last one is after all calls
	for n := range calls * calls * calls {
		when := [steps]int{n % calls, n / calls % calls, n / calls / calls}
		if when[0] > when[1] || when[1] > when[2] {
			continue // not in order
		}
		r := newCustomReloader(t, "--apiserver", "http://127.0.0.1:1", "--custom-resource-state-config-file", path)
		all := []watcher.Status{{Resource: definitions}}
		var unserved []string
		advance := [steps]func(){
			func() { all = []watcher.Status{{Resource: definitions, Complete: true}} },
			func() {
				clusterOf(r).custom.refresh(t.Context(), *r.current.Load(), true)
				clusterOf(r).custom.apply()
				unserved = []string{"widgets"}
			},
			func() { all, unserved = append(all, watcher.Status{Resource: "widgets"}), nil },
		}
		step, call := 0, 0
		next := func() {
			for ; step < steps && when[step] == call; step++ {
				advance[step]()
			}
			call++
		}
		statuses, pending := clusterOf(r).custom.statuses(
			func() []watcher.Status { next(); return slices.Clone(all) },
			func() []string { next(); return unserved },
		)
		isMissing := func(s watcher.Status) bool { return !s.Settled() }
		if !slices.ContainsFunc(statuses, isMissing) && len(pending) == 0 {
			t.Errorf("steps before calls %v: nothing is missing: %v", when, statuses)
		}
	}
}
