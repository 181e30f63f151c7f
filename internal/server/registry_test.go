package server_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/version"
)

func TestRegistry(t *testing.T) {
	families, err := server.NewRegistry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	type series struct {
		Labels map[string]string
		Value  float64
	}
	got := map[string][]series{}
	var names []string
	for _, family := range families {
		names = append(names, family.GetName())
		if !strings.HasPrefix(family.GetName(), "kube") {
			continue
		}
		for _, m := range family.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			got[family.GetName()] = append(got[family.GetName()], series{labels, m.GetGauge().GetValue()})
		}
	}
	v := version.Get()
	want := map[string][]series{
		"kube_state_metrics_build_info": {{map[string]string{
			"branch": v.Branch, "client_go_version": v.ClientGo, "goarch": v.Arch, "goos": v.OS,
			"goversion": v.GoVersion, "revision": v.Revision, "tags": v.Tags, "version": v.Version,
		}, 1}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	for _, name := range []string{"go_goroutines", "go_memstats_heap_inuse_bytes", "process_resident_memory_bytes", "process_start_time_seconds"} {
		if !slices.Contains(names, name) {
			t.Errorf("there is no %s among %q", name, names)
		}
	}
}
