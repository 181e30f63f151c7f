package main

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/kubestate/kubestate/internal/options"
	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/sharding"
)

// TestReloadOfClusters has reloads read lists of clusters. The log says what of a reload is in force, each time;
// the time of the last success is that of the last list in use.
func TestReloadOfClusters(t *testing.T) {
	const (
		refused    = `level=ERROR msg="list of clusters refused, keeping the current one" err="--clusters: LIST: line 1: clusters: want a list"` + "\n"
		applied    = `level=INFO msg="list of clusters applied" clusters=0` + "\n"
		ofSettings = `level=INFO msg="configuration file applied" rebuilding=""` + "\n"
	)
	dir := t.TempDir()
	list, settings := filepath.Join(dir, "list.yaml"), filepath.Join(dir, "settings.yaml")
	f := func(withSettings string, args ...string) {
		t.Helper()
		write(t, list, []byte("clusters: []\n"))
		write(t, settings, []byte("resources: [pods]\n"))
		args = slices.Concat([]string{"--clusters", list}, args)
		opts, err := options.Parse(builtin, args)
		check(t, err)
		registry := server.NewRegistry()
		metrics := newReloadMetrics(registry)
		var log bytes.Buffer
		s, err := newClusterSet(builtin, opts, metrics, timeless(&log))
		check(t, err)
		r := newReloader(builtin, s, args, opts, sharding.NewStatus(registry), metrics, timeless(&log))
		successful, when := metrics.successful.WithLabelValues(list, clustersType), metrics.when.WithLabelValues(list, clustersType)
		pollLists := func() { s.relist(); s.relist() }
		pollLists()
		began := float64(time.Now().Unix())
		step := func(name, text string, do func(), success float64, want string) {
			t.Helper()
			log.Reset()
			before := testutil.ToFloat64(when)
			if text != "" {
				write(t, list, []byte(text))
			}
			do()
			got := string(bytes.ReplaceAll(log.Bytes(), []byte(list), []byte("LIST")))
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s: log (-want +got):\n%s", name, d)
			}
			if got := testutil.ToFloat64(successful); got != success {
				t.Errorf("%s: success is %v, want %v", name, got, success)
			}
			if after := testutil.ToFloat64(when); success == 0 && after != before || after < began-1 {
				t.Errorf("%s: time of the last success is %v, was %v", name, after, before)
			}
		}
		step("the same list", "", r.reload, 1, applied+withSettings)
		step("a wrong list", "clusters: 1\n", r.reload, 0, refused+withSettings)
		step("again", "", r.reload, 0, refused+withSettings)
		step("polls", "", pollLists, 0, "")
		step("a right list", "clusters: []\n", pollLists, 1, applied)
		step("a wrong list found by polls", "clusters: 1\n", pollLists, 0, refused)
		step("a right list at a reload", "clusters: []\n", r.reload, 1, applied+withSettings)
	}
	f("")
	f(ofSettings, "--config", settings)
}
