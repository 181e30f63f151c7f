package server_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/store"
)

// checked is a source of no resources, with checks.
type checked []server.Check

func (checked) Resources() []*store.Resource { return nil }
func (c checked) Checks() []server.Check     { return c }
func (checked) Shard() string                { return "" }
func (checked) Open() bool                   { return true }

// TestVerboseReadiness holds what is said of each thing that is waited for.
func TestVerboseReadiness(t *testing.T) {
	f := func(want answer, checks ...server.Check) {
		t.Helper()
		s := checked(checks)
		h := telemetryOf(s, prometheus.NewRegistry(), server.NewProbes(s.Checks))
		if d := cmp.Diff(want, ask(h, http.MethodGet, "/readyz?verbose")); d != "" {
			t.Errorf("%+v (-want +got):\n%s", checks, d)
		}
		if d := cmp.Diff(want, ask(mainOf(s, server.Limits{}, never, prometheus.NewRegistry()), http.MethodGet, "/readyz?verbose")); d != "" {
			t.Errorf("main port: %+v (-want +got):\n%s", checks, d)
		}
	}
	pods := server.Check{Name: "pods", Passed: true, Detail: "synced for 5s"}
	nodes := server.Check{Name: "nodes", Excluded: true, Detail: "forbidden (Forbidden) for 1m0s"}
	jobs := server.Check{Name: "jobs in a", Detail: "syncing for 3s"}
	const ok, out, no = "[+]pods ok: synced for 5s\n", "[+]nodes excluded: forbidden (Forbidden) for 1m0s\n", "[-]jobs in a failed: syncing for 3s\n"
	f(answer{200, plain, "readyz check passed\n"})
	f(answer{200, plain, ok + out + "readyz check passed\n"}, pods, nodes)
	f(answer{503, plain, no + ok + "readyz check failed\n"}, jobs, pods)
}

// TestTooOld holds that a scrape fails as a whole when something that is asked
// for is too old.
func TestTooOld(t *testing.T) {
	exceeded := func(wanted func(string) bool) string {
		if wanted("pods") {
			return "pods are " + time.Hour.String() + " old"
		}
		return ""
	}
	h := mainOf(&source{resources: resources}, server.Limits{}, exceeded, prometheus.NewRegistry())
	f := func(path string, want answer) {
		t.Helper()
		if d := cmp.Diff(want, ask(h, http.MethodGet, path)); d != "" {
			t.Errorf("%s (-want +got):\n%s", path, d)
		}
	}
	old := answer{503, plain, "pods are 1h0m0s old\n"}
	f("/metrics", old)
	f("/metrics?resources=pods", old)
	f("/metrics?resources=nodes", answer{200, plainText, nodes})
	f("/metrics?exclude_resources=pods", answer{200, plainText, nodes + jobs})
	f("/livez", answer{200, plain, "OK"})
	f("/healthz", answer{200, plain, "OK"})
}
