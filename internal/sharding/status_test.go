package sharding_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/kubestate/kubestate/internal/sharding"
)

func TestStatus(t *testing.T) {
	registry := prometheus.NewRegistry()
	s := sharding.NewStatus(registry)
	f := func(wantWords string, wantSeries ...string) {
		t.Helper()
		if got := s.String(); got != wantWords {
			t.Errorf("%q, want %q", got, wantWords)
		}
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		for _, family := range families {
			if _, err := expfmt.MetricFamilyToText(&text, family); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		for line := range strings.Lines(text.String()) {
			if !strings.HasPrefix(line, "#") {
				got = append(got, strings.TrimSpace(line))
			}
		}
		if d := cmp.Diff(wantSeries, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	f("", `kube_state_metrics_shard_ordinal{shard_ordinal="0"} 0`, "kube_state_metrics_total_shards 1",
		"kubestate_shard_assignment_generation 0", `kubestate_shard_info{assignment="none",scope="all"} 1`, "kubestate_shard_owned_ratio 1")
	s.SetInfo(sharding.Info{Scope: "node/worker-1", Assignment: "flags"})
	s.Set(sharding.Static(3, 4))
	f("Shard 3 of 0 to 3: 25.0 % of all objects, those whose uids have hashes in [0xc000000000000000,0x10000000000000000).",
		`kube_state_metrics_shard_ordinal{shard_ordinal="3"} 3`, "kube_state_metrics_total_shards 4",
		"kubestate_shard_assignment_generation 0", `kubestate_shard_info{assignment="flags",scope="node/worker-1"} 1`, "kubestate_shard_owned_ratio 0.25")
	s.Set(sharding.Assignment{Ordinal: 0, Total: 4, Ranges: sharding.All(), Generation: 7})
	f("Shard 0 of 0 to 3: 100.0 % of all objects, those whose uids have hashes in all.",
		`kube_state_metrics_shard_ordinal{shard_ordinal="0"} 0`, "kube_state_metrics_total_shards 4",
		"kubestate_shard_assignment_generation 7", `kubestate_shard_info{assignment="flags",scope="node/worker-1"} 1`, "kubestate_shard_owned_ratio 1")
}

// TestStatusIsConsistent collects while the assignment changes: all metrics are of one assignment.
func TestStatusIsConsistent(t *testing.T) {
	registry := prometheus.NewRegistry()
	s := sharding.NewStatus(registry)
	done := make(chan struct{})
	var changing sync.WaitGroup
	changing.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-done:
				return
			default:
				s.Set(sharding.Assignment{Ordinal: n % 7, Total: n%7 + 1, Ranges: sharding.All(), Generation: int64(n % 7)})
			}
		}
	})
	for range 1000 {
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]float64{}
		for _, family := range families {
			for _, m := range family.GetMetric() {
				got[family.GetName()] += m.GetGauge().GetValue()
			}
		}
		n := got["kubestate_shard_assignment_generation"]
		want := map[string]float64{
			"kube_state_metrics_shard_ordinal": n, "kube_state_metrics_total_shards": n + 1,
			"kubestate_shard_assignment_generation": n, "kubestate_shard_owned_ratio": 1, "kubestate_shard_info": 1,
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
			break
		}
	}
	close(done)
	changing.Wait()
}
