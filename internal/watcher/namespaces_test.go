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

// named makes the names of n namespaces.
func named(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprint("namespace-", i))
	}
	return names
}

// followNamespaces follows pods of n namespaces, and logs messages with their counts.
func followNamespaces(t *testing.T, n int) *following {
	f := &following{api: newAPI(t), registry: prometheus.NewRegistry(), log: &log{about: aboutCounts}}
	f.run(t, watcher.Config{Resources: []generators.Resource{pods}, Namespaces: named(n), Client: newClient(t, f.config())})
	return f
}

// aboutCounts is the numbers of a record.
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
		f := followNamespaces(t, 16)
		for range 32 {
			if q := f.next(t); q.verb() == "stream" {
				q.noStreams()
			}
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("the last request came after %v", took)
		}
		f.logged(t)
	})
}

// TestFollowManyNamespaces holds that many namespaces are watched by one request, and that
// objects of others never arrive.
func TestFollowManyNamespaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := followNamespaces(t, 17)
		q := f.next(t).want("stream " + anyPods).watch()
		f.logged(t, record{slog.LevelInfo, "resources=1 namespaces=17"})
		q.event("ADDED", served(pod("namespace-3", "x", "1", 1), "4"))
		q.event("ADDED", served(pod("other", "x", "2", 1), "5"))
		f.holds(t, "", podsUnsynced)
		q.event("BOOKMARK", listEnds("5"))
		f.holds(t, podText(`namespace="namespace-3",pod="x" 1`), nil)
		q.event("MODIFIED", served(pod("other", "x", "2", 2), "6"))
		q.event("DELETED", served(pod("other", "x", "2", 2), "7"))
		q.event("ADDED", served(pod("namespace-16", "y", "3", 1), "8"))
		f.holds(t, podText(`namespace="namespace-3",pod="x" 1`, `namespace="namespace-16",pod="y" 1`), nil)
		f.counted(t, watchOK+"1\n"+`kubestate_shard_skipped_objects_total{resource="pods"} 3`+"\n")
	})
}

// TestFollowOtherNamespaces holds that objects of other namespaces are signs of life.
func TestFollowOtherNamespaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := followNamespaces(t, 17)
		q := f.next(t).watch().event("BOOKMARK", listEnds("5"))
		for n := range 5 {
			time.Sleep(100 * time.Second)
			q.event("MODIFIED", served(pod("other", "x", "2", int64(n)), fmt.Sprint(6+n)))
		}
		f.holds(t, "", nil)
		f.counted(t, watchOK+"1\n"+`kubestate_shard_skipped_objects_total{resource="pods"} 5`+"\n")
	})
}

// TestFollowForbiddenNamespaces has a role for each of many namespaces: they are watched one by
// one, eight starts at a time, nothing is complete before, and logged are counts.
func TestFollowForbiddenNamespaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		f := followNamespaces(t, 20)
		q := f.next(t)
		for ; strings.HasSuffix(q.String(), anyPods); q = f.next(t) {
			q.fail(403, metav1.StatusReasonForbidden)
			f.holds(t, "", podsUnsynced)
		}
		if took := time.Since(start); took < 5*time.Second || took > 7*time.Second {
			t.Errorf("each namespace is watched after %s", took)
		}
		f.logged(t, record{slog.LevelInfo, "resources=1 namespaces=20"}, record{slog.LevelInfo, "resources=1 namespaces=20"})
		open := []*request{q.watch()}
		for n := 1; n < 20; n++ {
			if n >= 8 {
				f.holds(t, "", []string{"pods in 20 namespaces"})
				f.quiet(t)
				open[n-8].event("BOOKMARK", listEnds("5")) // makes room for another start
			}
			open = append(open, f.next(t).watch())
		}
		for _, q := range open[12:] {
			q.event("BOOKMARK", listEnds("5"))
		}
		f.holds(t, "", nil)
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
		f.logged(t, record{slog.LevelWarn, "synced=17 forbidden=3"})
	})
}
