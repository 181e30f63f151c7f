package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kubestate/kubestate/internal/options"
	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/watcher"
)

// goldenCustom has golden custom resources, each with a configuration and the answer.
const goldenCustom = "../../internal/customresource/testdata"

// newCustomReloader makes the reloader of a program that has just started with args.
func newCustomReloader(t *testing.T, args ...string) *reloader {
	t.Helper()
	opts, err := options.Parse(builtin, args)
	check(t, err)
	registry, log := server.NewRegistry(), slog.New(slog.DiscardHandler)
	custom := newCustomResources(builtin, registry, log)
	w, err := newWatcher(t.Context(), builtin, custom, opts, watcher.NewMetrics(registry), log)
	check(t, err)
	return newReloader(builtin, custom, args, opts, w, sharding.NewPlace(registry), registry, log)
}

// TestCustomResourcesOfSnapshots serves the golden custom resources from files: the headers in
// order, and every series.
func TestCustomResourcesOfSnapshots(t *testing.T) {
	for _, name := range []string{"crs-1", "crs-2"} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(goldenCustom, name)
			p := startProgram(t, "--snapshot", filepath.Join(dir, "snapshot"), "--custom-resource-state-only",
				"--custom-resource-state-config-file", filepath.Join(dir, "config.yaml"))
			text, err := os.ReadFile(filepath.Join(dir, "expected.prom"))
			check(t, err)
			status, body := answerOf(t, "http://"+p.scrapes+"/metrics")
			if status != 200 {
				t.Fatalf("status %d: %s", status, body)
			}
			wantHeaders, want := headersAndSeries(t, string(text))
			headers, series := headersAndSeries(t, body)
			if d := cmp.Diff(wantHeaders, headers); d != "" {
				t.Errorf("headers (-want +got):\n%s", d)
			}
			if d := cmp.Diff(want, series, cmpopts.EquateNaNs()); d != "" {
				t.Errorf("series (-want +got):\n%s", d)
			}
		})
	}
}

// headersAndSeries splits an answer into the lines of headers and the values by series.
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

// TestSnapshotKeepsCustomResources has the reloader look for kinds that are missing, as it does
// after the start and once a minute: the kinds of the snapshot stay.
func TestSnapshotKeepsCustomResources(t *testing.T) {
	dir := filepath.Join(goldenCustom, "crs-1") // where some entries have no kind
	r := newCustomReloader(t, "--snapshot", filepath.Join(dir, "snapshot"), "--custom-resource-state-config-file", filepath.Join(dir, "config.yaml"))
	before := resourcesOfEntries(r)
	if !r.custom.incomplete() {
		t.Fatal("every entry has a kind")
	}
	r.findKinds(t.Context())
	if d := cmp.Diff(before, resourcesOfEntries(r)); d != "" {
		t.Errorf("resources of entries (-before +after):\n%s", d)
	}
}

// resourcesOfEntries gives the resources that each entry has come to.
func resourcesOfEntries(r *reloader) [][]string {
	var all [][]string
	for _, e := range r.custom.entries() {
		all = append(all, e.Resources)
	}
	return all
}
