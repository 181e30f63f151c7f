package server_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/store"
)

// checked is a server.Source of checks.
type checked []server.Check

func (checked) Resources() []*store.Resource { return nil }
func (c checked) Checks() []server.Check     { return c }
func (checked) Clusters() []server.Cluster   { return nil }
func (checked) Shard() string                { return "" }
func (checked) Open() bool                   { return true }

// TestVerboseReadiness holds the line of each check.
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

// TestReadyFollowsTheState holds that both ports report the present readiness.
func TestReadyFollowsTheState(t *testing.T) {
	s := &source{unsynced: []string{"pods"}}
	probes := server.NewProbes(s.Checks)
	h := telemetryOf(s, prometheus.NewRegistry(), probes)
	main := server.Main(s, server.ScrapeConfig{Exceeded: never}, probes, prometheus.NewRegistry())
	f := func(path string, want answer) {
		t.Helper()
		if d := cmp.Diff(want, ask(h, http.MethodGet, path)); d != "" {
			t.Errorf("%s without %q (-want +got):\n%s", path, s.unsynced, d)
		}
		if path == "/startupz" {
			return
		}
		if d := cmp.Diff(want, ask(main, http.MethodGet, path)); d != "" {
			t.Errorf("main port: %s without %q (-want +got):\n%s", path, s.unsynced, d)
		}
	}
	yes := answer{200, plain, "OK"}
	f("/readyz", answer{503, plain, "not synced yet: pods\n"})
	f("/startupz", answer{503, plain, "not synced yet: pods\n"})
	s.unsynced = nil
	f("/readyz", yes)
	f("/startupz", yes)
	// Once started, always started.
	s.unsynced = []string{"nodes"}
	f("/readyz", answer{503, plain, "not synced yet: nodes\n"})
	f("/startupz", yes)
	s.unsynced = nil
	f("/readyz", yes)
	// Who stops is not ready, but lives.
	probes.Stop()
	f("/readyz", answer{503, plain, "stopping\n"})
	f("/startupz", yes)
	f("/livez", yes)
}
