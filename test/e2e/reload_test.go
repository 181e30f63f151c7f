package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
)

// reloading is how long TestReloads reloads for, if the environment does not say it
// in KUBESTATE_RELOADING.
const reloading = 10 * time.Second

// aReload is the time between two reloads.
const aReload = 100 * time.Millisecond

// usage is what a process uses that could leak, and how often it made pods anew.
type usage struct{ memory, goroutines, files, rebuilds float64 }

const rebuilds = "kubestate_resource_rebuilds_total"

func usageOf(t *testing.T, e *exporter.Exporter) usage {
	t.Helper()
	self, err := e.Self(t.Context())
	must(t, err)
	return usage{self["process_resident_memory_bytes"], self["go_goroutines"], self["process_open_fds"], self[rebuilds+`{resource="pods"}`]}
}

// TestReloads changes which labels of pods are exported, ten times a second, while
// a client scrapes without a pause: every answer has every pod, what the changes do
// not concern is left alone, what they do is made anew time and again, and nothing is
// left over.
func TestReloads(t *testing.T) {
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
		t.Errorf("pods were made anew %v times by one change", n)
	}

	before := usageOf(t, e)
	poller := startPolling(t, e, names)
	changes, seen := storm(t, e, path, lasting)
	allowlist(t, e, path) // the last of all
	poller.stop(t)

	log, err := os.ReadFile(e.Log)
	must(t, err)
	reloads := bytes.Count(log, []byte("took up the configuration file"))
	t.Logf("%d changes in %s, %d reloads; before %+v", changes, lasting, reloads, before)
	if reloads < changes/2 {
		t.Errorf("there were %d reloads", reloads)
	}
	for i, now := range seen {
		t.Logf("after %d of %d parts: %+v", i+1, len(seen), now)
		if i > 0 && now.rebuilds <= seen[i-1].rebuilds {
			t.Error("nothing was made anew")
		}
	}
	if middle, after := seen[len(seen)/2-1].memory, seen[len(seen)-1].memory; after > middle*1.25 {
		t.Errorf("memory has grown from %v to %v bytes", middle, after)
	}
	onlyPodsWereRebuilt(t, e)
	await(t, settling, func(context.Context) error {
		const slack = 5 // connections of clients
		if now := usageOf(t, e); now.goroutines > before.goroutines+slack || now.files > before.files+slack {
			return fmt.Errorf("before %+v, now %+v", before, now)
		}
		return nil
	}, e.Process)
}

// allowlist has a label of pods exported, and waits until it is.
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

// storm changes the configuration for some time, and gives how often, and what the
// exporter used in each of some parts of that time.
func storm(t *testing.T, e *exporter.Exporter, path string, lasting time.Duration) (changes int, seen []usage) {
	t.Helper()
	const parts = 4
	began := time.Now()
	for tick := time.NewTicker(aReload); len(seen) < parts; <-tick.C {
		changes++
		reconfigure(t, path, fmt.Sprintf("labels_allow_list: {pods: [change-%d]}", changes)) // which no pod has
		if time.Since(began) > lasting*time.Duration(len(seen)+1)/parts {
			seen = append(seen, usageOf(t, e))
		}
	}
	return changes, seen
}

// onlyPodsWereRebuilt checks the exporter's count of what was made anew, of every
// resource, and gives that of pods.
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
			t.Errorf("%s %v: changes that concern pods alone were to rebuild pods alone", series, n)
		}
	}
	pods = self[rebuilds+`{resource="pods"}`]
	t.Logf("pods were rebuilt %v times, of %d resources", pods, resources)
	if pods == 0 || resources < 30 {
		t.Error("pods, and of all resources pods alone, were to be rebuilt")
	}
	return pods
}

// reconfigure replaces the configuration by one with the setting.
func reconfigure(t *testing.T, path, setting string) {
	t.Helper()
	must(t, os.WriteFile(path+"~", []byte(setting+"\n"), 0o600))
	must(t, os.Rename(path+"~", path))
}
