package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
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

// usage is what a process uses that could leak.
type usage struct{ memory, goroutines, files float64 }

func usageOf(t *testing.T, e *exporter.Exporter) usage {
	t.Helper()
	self, err := e.Self(t.Context())
	must(t, err)
	return usage{self["process_resident_memory_bytes"], self["go_goroutines"], self["process_open_fds"]}
}

// TestReloads changes which labels of pods are exported, ten times a second, while
// a client scrapes without a pause: every answer has every pod, what the changes do
// not concern is left alone, and nothing is left over.
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

	before := usageOf(t, e)

	poller := startPolling(t, e, names)
	began := time.Now()
	changes, middle := 0, usage{}
	for tick := time.NewTicker(aReload); time.Since(began) < lasting; <-tick.C {
		changes++
		reconfigure(t, path, fmt.Sprintf("labels_allow_list: {pods: [change-%d]}", changes))
		if middle.memory == 0 && time.Since(began) > lasting/2 {
			middle = usageOf(t, e)
		}
	}
	after := usageOf(t, e)
	reconfigure(t, path, "metric_denylist: [^kube_pod_created$]")
	await(t, settling, func(ctx context.Context) error {
		series, err := e.Scrape(ctx, "pods")
		if found := series.Containing("kube_pod_created{"); err == nil && found != nil {
			err = fmt.Errorf("still there: %s", found[0])
		}
		return err
	}, e.Process)
	poller.stop(t)

	log, err := os.ReadFile(e.Log)
	must(t, err)
	reloads := bytes.Count(log, []byte("took up the configuration file"))
	t.Logf("%d changes in %s, %d reloads; before %+v, in the middle %+v, at the end %+v", changes, lasting, reloads, before, middle, after)
	if reloads < changes/2 {
		t.Errorf("there were %d reloads", reloads)
	}
	if after.memory > middle.memory*1.25 {
		t.Errorf("memory has grown from %v to %v bytes", middle.memory, after.memory)
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

// onlyPodsWereRebuilt checks the exporter's count of what was made anew.
func onlyPodsWereRebuilt(t *testing.T, e *exporter.Exporter) {
	t.Helper()
	self, err := e.Self(t.Context())
	must(t, err)
	rebuilds := func(resource string) float64 {
		n, ok := self[fmt.Sprintf("kubestate_resource_rebuilds_total{resource=%q}", resource)]
		if !ok {
			t.Errorf("no count of rebuilds of %s", resource)
		}
		return n
	}
	pods, nodes, deployments := rebuilds("pods"), rebuilds("nodes"), rebuilds("deployments")
	t.Logf("rebuilt: pods %v times, nodes %v, deployments %v", pods, nodes, deployments)
	if pods == 0 || nodes != 0 || deployments != 0 {
		t.Error("changes that concern pods alone were to rebuild pods alone")
	}
}

// reconfigure replaces the configuration by one with the setting.
func reconfigure(t *testing.T, path, setting string) {
	t.Helper()
	must(t, os.WriteFile(path+"~", []byte("resources: [pods, nodes, deployments]\n"+setting+"\n"), 0o600))
	must(t, os.Rename(path+"~", path))
}
