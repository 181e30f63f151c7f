package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestCardinality(t *testing.T) {
	f := func(target, accept string, want answer) {
		t.Helper()
		got := ask(telemetryPort(prometheus.NewRegistry()), http.MethodGet, target, "Accept", accept)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s, %q (-want +got):\n%s", target, accept, d)
		}
	}
	table := answer{200, plain, strings.Join([]string{
		"    series        bytes  family  resource",
		"         2           30  pods    pods",
		"         1           15  nodes   nodes",
		"         1           14  jobs    jobs",
		"         0            0  leases  leases",
		"         4           59  in all",
		"",
	}, "\n")}
	list := answer{200, "application/json", `[{"family":"pods","resource":"pods","series":2,"bytes":30},` +
		`{"family":"nodes","resource":"nodes","series":1,"bytes":15},` +
		`{"family":"jobs","resource":"jobs","series":1,"bytes":14},` +
		`{"family":"leases","resource":"leases","series":0,"bytes":0}]` + "\n"}
	f("/debug/cardinality", "*/*", table)
	f("/debug/cardinality", "application/json", list)
	f("/debug/cardinality?format=json", "", list)
}

// TestStoreMetrics holds what the store is said to hold.
func TestStoreMetrics(t *testing.T) {
	reg := prometheus.NewRegistry()
	h := mainPort(reg)
	ask(h, http.MethodGet, "/metrics")
	want := `
# HELP kubestate_scrape_response_bytes Size of the last complete scrape response on the wire, in bytes.
# TYPE kubestate_scrape_response_bytes gauge
kubestate_scrape_response_bytes{encoding="identity"} 114
# HELP kubestate_store_blocks Blocks of stored series, by block state: packed or open.
# TYPE kubestate_store_blocks gauge
kubestate_store_blocks{resource="jobs",state="open"} 1
kubestate_store_blocks{resource="jobs",state="packed"} 0
kubestate_store_blocks{resource="leases",state="open"} 0
kubestate_store_blocks{resource="leases",state="packed"} 0
kubestate_store_blocks{resource="nodes",state="open"} 1
kubestate_store_blocks{resource="nodes",state="packed"} 0
kubestate_store_blocks{resource="pods",state="open"} 1
kubestate_store_blocks{resource="pods",state="packed"} 0
# HELP kubestate_store_objects Objects stored.
# TYPE kubestate_store_objects gauge
kubestate_store_objects{resource="jobs"} 1
kubestate_store_objects{resource="leases"} 0
kubestate_store_objects{resource="nodes"} 1
kubestate_store_objects{resource="pods"} 2
# HELP kubestate_store_series Series stored.
# TYPE kubestate_store_series gauge
kubestate_store_series{resource="jobs"} 1
kubestate_store_series{resource="leases"} 0
kubestate_store_series{resource="nodes"} 1
kubestate_store_series{resource="pods"} 2
# HELP kubestate_store_text_bytes Uncompressed size of the stored series, in bytes.
# TYPE kubestate_store_text_bytes gauge
kubestate_store_text_bytes{resource="jobs"} 14
kubestate_store_text_bytes{resource="leases"} 0
kubestate_store_text_bytes{resource="nodes"} 15
kubestate_store_text_bytes{resource="pods"} 30
`
	err := testutil.GatherAndCompare(reg, strings.NewReader(want), "kubestate_scrape_response_bytes", "kubestate_store_blocks",
		"kubestate_store_objects", "kubestate_store_series", "kubestate_store_text_bytes")
	if err != nil {
		t.Error(err)
	}
}
