package watcher_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/watcher"
)

// named returns the names of n namespaces.
func named(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprint("namespace-", i))
	}
	return names
}

// newNamespacesHarness watches pods of n namespaces, and records the counts of log messages.
func newNamespacesHarness(t *testing.T, n int) *harness {
	f := &harness{api: newAPI(t), registry: prometheus.NewRegistry(), log: &log{about: aboutCounts}}
	f.run(t, watcher.Config{Resources: []generators.Resource{pods}, Namespaces: named(n), Client: newClient(t, f.config())})
	return f
}

// aboutCounts returns the integers of a record.
func aboutCounts(r slog.Record) string {
	var counts []string
	r.Attrs(func(a slog.Attr) bool {
		if a.Value.Kind() == slog.KindInt64 {
			counts = append(counts, a.String())
		}
		return true
	})
	return strings.Join(counts, " ")
}

// TestFollowFewNamespaces holds that loops of few namespaces do not wait for one another.
func TestFollowFewNamespaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		f := newNamespacesHarness(t, 16)
		for range 32 {
			if q := f.next(t); q.verb() == "stream" {
				q.noStreams()
			}
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("the last request came after %v", took)
		}
		f.expectLog(t)
	})
}

// TestFollowManyNamespaces holds that many namespaces share one watch, and that objects of others
// are dropped.
func TestFollowManyNamespaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newNamespacesHarness(t, 17)
		q := f.next(t).want("stream " + anyPods).watch()
		f.expectLog(t, record{slog.LevelInfo, "resources=1 namespaces=17"})
		q.event("ADDED", served(pod("namespace-3", "x", "1", 1), "4"))
		q.event("ADDED", served(pod("other", "x", "2", 1), "5"))
		f.expect(t, "", podsUnsynced)
		q.event("BOOKMARK", listEnds("5"))
		f.expect(t, podText(`namespace="namespace-3",pod="x" 1`), nil)
		q.event("MODIFIED", served(pod("other", "x", "2", 2), "6"))
		q.event("DELETED", served(pod("other", "x", "2", 2), "7"))
		q.event("ADDED", served(pod("namespace-16", "y", "3", 1), "8"))
		f.expect(t, podText(`namespace="namespace-3",pod="x" 1`, `namespace="namespace-16",pod="y" 1`), nil)
		f.expectMetrics(t, watchOK+"1\n"+`kubestate_shard_skipped_objects_total{resource="pods"} 3`+"\n")
	})
}

// TestFollowOtherNamespaces holds that a watch with objects of other namespaces is not silent.
func TestFollowOtherNamespaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newNamespacesHarness(t, 17)
		q := f.next(t).watch().event("BOOKMARK", listEnds("5"))
		for n := range 5 {
			time.Sleep(100 * time.Second)
			q.event("MODIFIED", served(pod("other", "x", "2", int64(n)), fmt.Sprint(6+n)))
		}
		f.expect(t, "", nil)
		f.expectMetrics(t, watchOK+"1\n"+`kubestate_shard_skipped_objects_total{resource="pods"} 5`+"\n")
	})
}

// TestFollowForbiddenNamespaces has a role for each of many namespaces: each has a watch, eight
// start at a time, and the log has counts of namespaces.
func TestFollowForbiddenNamespaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		f := newNamespacesHarness(t, 20)
		q := f.next(t)
		for ; strings.HasSuffix(q.String(), anyPods); q = f.next(t) {
			q.fail(403, metav1.StatusReasonForbidden)
			f.expect(t, "", podsUnsynced)
		}
		if took := time.Since(start); took < 5*time.Second || took > 7*time.Second {
			t.Errorf("namespaces have watches of their own after %s", took)
		}
		f.expectLog(t, record{slog.LevelInfo, "resources=1 namespaces=20"}, record{slog.LevelInfo, "resources=1 namespaces=20"})
		open := []*request{q.watch()}
		for n := 1; n < 20; n++ {
			if n >= 8 {
				f.expect(t, "", []string{"pods in 20 namespaces"})
				f.expectNoRequest(t)
				open[n-8].event("BOOKMARK", listEnds("5")) // admits another start
			}
			open = append(open, f.next(t).watch())
		}
		for _, q := range open[12:] {
			q.event("BOOKMARK", listEnds("5"))
		}
		f.expect(t, "", nil)
		seen := map[string]bool{}
		for _, q := range open {
			seen[q.String()] = true
		}
		for _, name := range named(20) {
			delete(seen, "stream /api/v1/namespaces/"+name+"/pods")
		}
		if d := cmp.Diff(map[string]bool{}, seen); d != "" {
			t.Errorf("requests (-want +got):\n%s", d)
		}
		open[7].event("ADDED", served(pod("namespace-7", "x", "1", 1), "6"))
		for _, q := range open[:3] {
			q.end()
		}
		for range 3 {
			f.next(t).fail(403, metav1.StatusReasonForbidden)
		}
		time.Sleep(800 * time.Millisecond)
		f.expectLog(t, record{slog.LevelWarn, "synced=17 forbidden=3"})
	})
}
