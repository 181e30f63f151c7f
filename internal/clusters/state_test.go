package clusters_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/clusters"
	"github.com/kubestate/kubestate/internal/listwatch"
)

// TestHealthOf holds the health of a cluster by the states of its resources.
func TestHealthOf(t *testing.T) {
	began := time.Unix(1_700_000_000, 0)
	f := func(complete bool, states string, want clusters.Health) {
		t.Helper()
		var reports []listwatch.Report
		for i, state := range strings.Fields(states) {
			r := listwatch.Report{State: listwatch.State(state), Contact: began.Add(time.Duration(i) * time.Second)}
			if r.State == listwatch.Failing {
				r.Reason, r.Since = "Unreachable", began.Add(time.Minute)
			}
			if !complete {
				r.Contact = time.Time{}
			}
			reports = append(reports, r)
		}
		if d := cmp.Diff(want, clusters.HealthOf(complete, reports)); d != "" {
			t.Errorf("%t %q (-want +got):\n%s", complete, states, d)
		}
	}
	type h = clusters.Health
	failed := began.Add(time.Minute)
	f(true, "", h{State: clusters.Up}) // a snapshot
	f(true, "synced synced", h{State: clusters.Up, Contact: began})
	f(true, "synced syncing absent forbidden", h{State: clusters.Up, Contact: began})
	f(true, "synced error", h{State: clusters.Degraded, Reason: "Unreachable", Since: failed, Contact: began})
	f(true, "error error", h{State: clusters.Down, Reason: "Unreachable", Since: failed, Contact: began})
	f(true, "error absent forbidden", h{State: clusters.Down, Reason: "Unreachable", Since: failed, Contact: began})
	f(true, "absent forbidden", h{State: clusters.Degraded, Reason: "Forbidden", Contact: began})
	f(true, "absent", h{State: clusters.Up, Contact: began})
	f(false, "syncing synced", h{State: clusters.Syncing})
	f(false, "syncing error", h{State: clusters.Syncing, Reason: "Unreachable", Since: failed})
	f(false, "error error", h{State: clusters.Down, Reason: "Unreachable", Since: failed})
}
