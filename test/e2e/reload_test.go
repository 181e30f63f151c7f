package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
)

// reloading is the duration of TestReloads without $KUBESTATE_RELOADING.
const reloading = 10 * time.Second

// aChange is the interval of changes.
const aChange = 100 * time.Millisecond

// usage is the usage of leakable resources, and the number of rebuilds of pods.
type usage struct{ memory, goroutines, files, rebuilds float64 }

const rebuilds = "kubestate_resource_rebuilds_total"

func usageOf(t *testing.T, e *exporter.Exporter) usage {
	t.Helper()
	self, err := e.Self(t.Context())
	must(t, err)
	return usage{self["process_resident_memory_bytes"], self["go_goroutines"], self["process_open_fds"], self[rebuilds+`{resource="pods"}`]}
}

// TestReloads changes the exported labels of pods ten times a second, by SIGHUP and under
// continuous scrapes: every response has every pod, only pods are rebuilt, and nothing leaks.
func TestReloads(t *testing.T) {
	t.Parallel()
	const pods = 1000
	lasting := reloading
	if text := os.Getenv("KUBESTATE_RELOADING"); text != "" {
		var err error
		lasting, err = time.ParseDuration(text)
		must(t, err)
	}
	c := cluster.Start(t, cluster.Options{})
	names, err := c.Populate(t.Context(), pods)
	must(t, err)
	path := filepath.Join(t.TempDir(), "settings.yaml")
	reconfigure(t, path, "")
	e := start(t, c.Kubeconfig, "--config", path)
	await(t, settling, e.Ready, e.Process)
	await(t, settling, func(ctx context.Context) error { return hasPods(ctx, e, names...) }, e.Process)
	allowlist(t, e, path)
	if n := onlyPodsWereRebuilt(t, e); n != 1 {
		t.Errorf("one change rebuilt pods %v times", n) // counted before they are served
	}

	before := usageOf(t, e)
	poller := pollPods(t, e, 0, names)
	changes, seen := storm(t, e, path, lasting)
	allowlist(t, e, path) // the last change
	poller.stop(t)

	t.Logf("%d changes; before %+v", changes, before)
	for i, now := range seen {
		t.Logf("at the end of part %d of %d, with the least memory: %+v", i+1, len(seen), now)
	}
	onlyPodsWereRebuilt(t, e)
	// A rebuild holds two copies for a moment: only lasting growth is a leak.
	middle := seen[len(seen)/2-1]
	await(t, settling, func(context.Context) error {
		const slack = 5 // connections of clients
		if now := usageOf(t, e); now.goroutines > before.goroutines+slack || now.files > before.files+slack || now.memory > middle.memory*1.25 {
			return fmt.Errorf("before %+v, in the middle %+v, now %+v", before, middle, now)
		}
		return nil
	}, e.Process)
}

// allowlist has a label of pods exported, and waits for it.
func allowlist(t *testing.T, e *exporter.Exporter, path string) {
	t.Helper()
	reconfigure(t, path, "labels_allow_list: {pods: [pod-template-hash]}")
	await(t, settling, func(ctx context.Context) error {
		series, err := e.Scrape(ctx, "pods")
		if err == nil && series.Containing("label_pod_template_hash=") == nil {
			err = errors.New("no pod has the label")
		}
		return err
	}, e.Process)
}

// storm changes the configuration for some time. It returns the number of changes, and the usage at
// the end of each part of that time, with the part's least memory. Each part has at least one
// rebuild: of several changes during a rebuild, only the last counts.
func storm(t *testing.T, e *exporter.Exporter, path string, lasting time.Duration) (changes int, seen []usage) {
	t.Helper()
	const parts = 4
	tick := time.NewTicker(aChange)
	defer tick.Stop()
	for range parts {
		began, first := time.Now(), usageOf(t, e)
		least := first.memory
		for now := first; time.Since(began) < lasting/parts || now.rebuilds == first.rebuilds; <-tick.C {
			changes++
			reconfigure(t, path, fmt.Sprintf("labels_allow_list: {pods: [change-%d]}", changes)) // a label of no pod
			must(t, e.Signal(syscall.SIGHUP))
			now = usageOf(t, e)
			least = min(least, now.memory)
			if time.Since(began) > lasting/parts+settling {
				t.Fatalf("no rebuild since %+v: %+v", first, now)
			}
		}
		last := usageOf(t, e)
		last.memory = least
		seen = append(seen, last)
	}
	return changes, seen
}

// onlyPodsWereRebuilt checks the counters of rebuilds, and returns that of pods.
func onlyPodsWereRebuilt(t *testing.T, e *exporter.Exporter) (pods float64) {
	t.Helper()
	self, err := e.Self(t.Context())
	must(t, err)
	resources := 0
	for series, n := range self {
		if !strings.HasPrefix(series, rebuilds) {
			continue
		}
		resources++
		if n != 0 && series != rebuilds+`{resource="pods"}` {
			t.Errorf("%s %v: changes of pods must rebuild only pods", series, n)
		}
	}
	pods = self[rebuilds+`{resource="pods"}`]
	t.Logf("pods were rebuilt %v times, of %d resources", pods, resources)
	if pods == 0 || resources < 30 {
		t.Error("want rebuilds of pods only")
	}
	return pods
}

// reconfigure replaces the configuration file by one with a setting.
func reconfigure(t *testing.T, path, setting string) {
	t.Helper()
	must(t, os.WriteFile(path+"~", []byte(setting+"\n"), 0o600))
	must(t, os.Rename(path+"~", path))
}
