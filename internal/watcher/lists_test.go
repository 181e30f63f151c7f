package watcher_test

import (
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/watcher"
)

// wantQuery checks a query parameter.
func (q *request) wantQuery(key, want string) *request {
	q.t.Helper()
	if got := q.r.URL.Query().Get(key); got != want {
		q.t.Errorf("%s: %s is %q, want %q", q, key, got, want)
	}
	return q
}

// expire ends a watch with 410 Gone.
func (q *request) expire() {
	q.event("ERROR", metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure, Code: 410, Reason: metav1.StatusReasonExpired,
	})
}

// takes checks the duration of f.
func takes(t *testing.T, want time.Duration, f func()) {
	t.Helper()
	began := time.Now()
	f()
	if took := time.Since(began); took != want {
		t.Errorf("took %s, want %s", took, want)
	}
}

// synced returns a watcher with the pods a/x and b/y, and its watch.
func synced(t *testing.T, config watcher.Config) (*harness, *request) {
	t.Helper()
	f := newHarness(t, config)
	q := f.next(t).want("stream " + anyPods).watch()
	q.event("ADDED", served(pod("b", "y", "2", 1), "2")).event("ADDED", served(pod("a", "x", "1", 1), "1"))
	q.event("BOOKMARK", listEnds("5"))
	f.expect(t, podText(by1, ax1), nil)
	return f, q
}

// TestStreamWithoutEnd has a streamed list that stalls: a list follows 30 seconds after its last
// object, and no streamed list for ten minutes.
func TestStreamWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{})
		q := f.next(t).want("stream " + anyPods).watch()
		for i := range 10 {
			q.event("ADDED", served(pod("a", "x", "1", 1), fmt.Sprint(1+i)))
			<-time.After(29 * time.Second)
		}
		takes(t, time.Second, func() { q = f.next(t).want("list " + anyPods) })
		f.expect(t, "", podsUnsynced)
		f.expectLog(t, record{slog.LevelWarn, ""})
		q.list("5", pod("a", "x", "1", 1))
		q = f.next(t).want("watch " + anyPods + " resourceVersion=5").watch()
		f.expect(t, podText(ax1), nil)
		q.expire()
		f.next(t).want("list "+anyPods).list("6", pod("a", "x", "1", 2))
		q = f.next(t).want("watch " + anyPods + " resourceVersion=6").watch()
		for i := range 10 {
			<-time.After(time.Minute)
			q.event("BOOKMARK", bookmark(fmt.Sprint(10+i)))
		}
		q.expire()
		f.next(t).want("stream " + anyPods + " resourceVersion=19")
		f.expect(t, podText(ax2), nil)
		f.expectLog(t)
	})
}

// TestChangesAreNoProgress has a streamed list without an end, of a resource that changes all the time: a list
// follows 30 seconds after the first change, whatever comes after that. Objects of other
// shards are objects, and their changes are changes.
func TestChangesAreNoProgress(t *testing.T) {
	for name, change := range map[string]func(q *request, i int){
		"changed":             func(q *request, i int) { q.event("MODIFIED", served(ours("a", "x", 0, 1), fmt.Sprint(10+i))) },
		"deleted":             func(q *request, i int) { q.event("DELETED", served(ours("a", "x", 0, 1), fmt.Sprint(10+i))) },
		"bookmarks":           func(q *request, i int) { q.event("BOOKMARK", bookmark(fmt.Sprint(10+i))) },
		"changes of others":   func(q *request, i int) { q.event("MODIFIED", served(theirs("a", "x", 0), fmt.Sprint(10+i))) },
		"deletions of others": func(q *request, i int) { q.event("DELETED", served(theirs("a", "x", 0), fmt.Sprint(10+i))) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newHarness(t, watcher.Config{Shard: half})
				q := f.next(t).want("stream "+anyPods).watch().event("ADDED", served(ours("a", "x", 0, 1), "1"))
				for i := range 3 { // objects of other shards
					<-time.After(5 * time.Second)
					q.event("ADDED", served(theirs("a", "x", i), fmt.Sprint(2+i)))
				}
				for i := range 6 { // two seconds later, and created objects beside the changes
					<-time.After(2 * time.Second)
					change(q, 2*i)
					q.event("ADDED", served(ours("a", "y", i, 1), fmt.Sprint(11+2*i))).event("ADDED", served(theirs("a", "y", i), fmt.Sprint(11+2*i)))
				}
				<-time.After(19 * time.Second)
				takes(t, time.Second, func() { q = f.next(t).want("list " + anyPods) })
				q.list("50", ours("a", "x", 0, 1))
				f.next(t).want("watch " + anyPods + " resourceVersion=50").watch()
				f.expect(t, podText(ax1), nil)
				f.expectLog(t, record{slog.LevelWarn, ""})
			})
		})
	}
}

// TestEndOfLongStream has a streamed list whose objects take three minutes: its end may take as long, since
// changes come before it.
func TestEndOfLongStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{})
		q := f.next(t).want("stream " + anyPods).watch()
		for i := range 10 {
			<-time.After(18 * time.Second)
			q.event("ADDED", served(pod("a", "x", "1", 1), fmt.Sprint(1+i)))
		}
		for i := range 10 {
			q.event("MODIFIED", served(pod("a", "x", "1", 1), fmt.Sprint(20+i)))
			<-time.After(17900 * time.Millisecond)
		}
		f.expect(t, "", podsUnsynced)
		q.event("BOOKMARK", listEnds("30"))
		f.expect(t, podText(ax1), nil)
		f.expectLog(t)
	})
}

// TestStreamWithoutResponse has a streamed list without a response.
func TestStreamWithoutResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{})
		f.next(t).want("stream " + anyPods)
		takes(t, 30*time.Second, func() { f.next(t).want("list " + anyPods) })
		f.expectMetrics(t, watchError+"1\n")
	})
}

// TestStreamBreaksOff has a streamed list whose connection breaks.
func TestStreamBreaksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{})
		q := f.next(t).want("stream "+anyPods).watch().event("ADDED", served(pod("b", "y", "2", 1), "2"))
		synctest.Wait()
		q.end()
		takes(t, 0, func() { q = f.next(t).want("list " + anyPods) })
		q.list("5", pod("a", "x", "1", 1))
		f.next(t).want("watch " + anyPods + " resourceVersion=5").watch()
		f.expect(t, podText(ax1), nil) // and nothing of what was streamed
	})
}

// TestPages lists in pages. No object is served before the last page.
func TestPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{})
		f.next(t).noStreams()
		f.next(t).want("list "+anyPods).wantQuery("limit", "500").wantQuery("continue", "").page("5", "one", pod("b", "y", "2", 1))
		f.next(t).want("list "+anyPods).wantQuery("limit", "500").wantQuery("continue", "one").page("5", "two", pod("a", "x", "1", 1))
		q := f.next(t).want("list "+anyPods).wantQuery("limit", "500").wantQuery("continue", "two")
		f.expect(t, "", podsUnsynced)
		q.list("5", pod("b", "z", "3", 1))
		f.next(t).want("watch " + anyPods + " resourceVersion=5").watch()
		f.expect(t, podText(by1, ax1, bz1), nil)
		f.expectMetrics(t, listOK+"1\n"+watchOK+"1\n")
	})
}

// TestPagesExpire has continue tokens expire: the list is restarted once, and then requested without
// pages.
func TestPagesExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{})
		f.next(t).noStreams()
		for range 2 {
			f.next(t).wantQuery("limit", "500").wantQuery("continue", "").page("5", "one", pod("b", "y", "2", 1))
			f.next(t).wantQuery("continue", "one").fail(410, metav1.StatusReasonExpired)
		}
		f.next(t).want("list "+anyPods).wantQuery("limit", "").wantQuery("continue", "").list("6", pod("a", "x", "1", 1))
		f.next(t).want("watch " + anyPods + " resourceVersion=6").watch()
		f.expect(t, podText(ax1), nil)
		f.expectMetrics(t, listOK+"1\n"+watchOK+"1\n")
		f.expectLog(t)
	})
}

// TestFromCache has a list from the API server's cache.
func TestFromCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{FromCache: true})
		f.next(t).want("stream " + anyPods).noStreams()
		f.next(t).want("list "+anyPods+" resourceVersion=0").page("5", "one", pod("b", "y", "2", 1))
		f.next(t).want("list "+anyPods).wantQuery("continue", "one").list("5", pod("a", "x", "1", 1))
		f.next(t).want("watch " + anyPods + " resourceVersion=5").watch()
		f.expect(t, podText(by1, ax1), nil)
	})
}

// TestObjectLimit has a limit for the list and later events.
func TestObjectLimit(t *testing.T) {
	const limits = `kube_state_metrics_list_objects{resource="*v1.Pod"} 2
kube_state_metrics_list_objects_limit{resource="*v1.Pod"} 2
`
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{ObjectLimit: 2})
		f.next(t).want("list "+anyPods).wantQuery("limit", "2").page("5", "more", pod("b", "y", "2", 1), pod("a", "x", "1", 1))
		q := f.next(t).want("watch " + anyPods + " resourceVersion=5").watch()
		f.expect(t, podText(by1, ax1), nil)
		f.expectMetrics(t, limits+listOK+"1\n"+watchOK+"1\n")
		f.expectLog(t, record{slog.LevelWarn, ""})
		q.event("ADDED", served(pod("b", "z", "3", 1), "6"))
		f.expect(t, podText(by1, ax1), nil)
		q.event("MODIFIED", served(pod("a", "x", "1", 2), "7"))
		f.expect(t, podText(by1, ax2), nil)
		q.event("DELETED", served(pod("b", "y", "2", 1), "8")).event("ADDED", served(pod("b", "z", "3", 1), "9"))
		f.expect(t, podText(bz1, ax2), nil)
		// The API server sends more than the limit.
		q.expire()
		f.next(t).want("list "+anyPods).wantQuery("limit", "2").list("9", pod("b", "y", "2", 1), pod("b", "z", "3", 1), pod("a", "x", "1", 1))
		f.next(t).want("watch " + anyPods + " resourceVersion=9").watch()
		f.expect(t, podText(bz1, by1), nil) // z keeps its slot
		f.expectMetrics(t, limits+listOK+"2\n"+watchOK+"2\n"+relisted("expired")+"1\n")
		f.expectLog(t)
	})
}

// TestObjectLimitOverPages has a limit larger than a page.
func TestObjectLimitOverPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{ObjectLimit: 502})
		var page []runtime.Object
		for i := range 500 {
			page = append(page, pod("a", fmt.Sprint(i), fmt.Sprint(i), 1))
		}
		f.next(t).wantQuery("limit", "500").page("5", "one", page...)
		f.next(t).wantQuery("limit", "2").wantQuery("continue", "one").list("5", pod("b", "y", "y", 1))
		f.next(t).want("watch " + anyPods + " resourceVersion=5").watch()
		f.expectLog(t)
		if n := f.w.Resources()[0].Stats().Objects; n != 501 {
			t.Errorf("%d objects", n)
		}
	})
}

// TestDisorder has events out of order.
func TestDisorder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, q := synced(t, watcher.Config{})
		// Neither a repeated event nor a late bookmark is disorder.
		q.event("MODIFIED", served(pod("a", "x", "1", 2), "7")).event("MODIFIED", served(pod("a", "x", "1", 2), "7"))
		q.event("BOOKMARK", bookmark("6"))
		f.expect(t, podText(by1, ax2), nil)
		f.expectMetrics(t, watchOK+"1\n")
		q.event("DELETED", served(pod("b", "y", "2", 1), "6"))
		f.next(t).want("stream " + anyPods + " resourceVersion=7")
		f.expect(t, podText(by1, ax2), nil)
		f.expectMetrics(t, watchOK+"1\n"+relisted("disorder")+"1\n")
		f.expectLog(t)
	})
}

// TestDisorderInStream has events out of order before a streamed list is complete.
func TestDisorderInStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{})
		q := f.next(t).want("stream " + anyPods).watch()
		q.event("ADDED", served(pod("b", "y", "2", 1), "3")).event("ADDED", served(pod("a", "x", "1", 1), "2"))
		q.event("MODIFIED", served(pod("a", "x", "1", 2), "7")).event("ADDED", served(pod("a", "x", "1", 1), "2"))
		f.next(t).want("list " + anyPods)
		f.expect(t, "", podsUnsynced)
	})
}

// TestForeignObject has a watch send an object of another resource.
func TestForeignObject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, q := synced(t, watcher.Config{})
		foreign := node("y", "9", 1)
		foreign.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Node"}
		q.event("ADDED", foreign)
		f.next(t).want("stream " + anyPods + " resourceVersion=5")
		f.expect(t, podText(by1, ax1), nil)
		f.expectMetrics(t, watchOK+"1\n"+relisted("error")+"1\n")
	})
}

// TestBusyStreamWithoutEnd has a streamed list that sends changes and never ends.
func TestBusyStreamWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{})
		q := f.next(t).want("stream "+anyPods).watch().event("ADDED", served(pod("a", "x", "1", 1), "1"))
		for i := range 5 {
			<-time.After(5 * time.Second)
			q.event("MODIFIED", served(pod("a", "x", "1", 1), fmt.Sprint(2+i)))
		}
		takes(t, 5*time.Second, func() { q = f.next(t).want("list " + anyPods) })
		q.list("9", pod("a", "x", "1", 2))
		f.next(t).want("watch " + anyPods + " resourceVersion=9")
		f.expect(t, podText(ax2), nil)
	})
}

// TestLimitOfNamespaces holds that gauges of limited lists sum namespaces, of served targets only.
func TestLimitOfNamespaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := watcher.Config{Namespaces: []string{"a", "b"}, ObjectLimit: 2, Resources: []generators.Resource{pods}}
		f := newHarness(t, config)
		for range 2 * len(config.Namespaces) { // each lists and watches
			switch q := f.next(t); q.String() {
			case "list /api/v1/namespaces/a/pods":
				q.list("5", pod("a", "x", "1", 1))
			case "list /api/v1/namespaces/b/pods":
				q.list("5", pod("b", "y", "2", 1), pod("b", "z", "3", 1))
			default:
				q.watch()
			}
		}
		want := `kube_state_metrics_list_objects{resource="*v1.Pod"} 3` + "\n" +
			`kube_state_metrics_list_objects_limit{resource="*v1.Pod"} 2` + "\n" + listOK + "2\n" + watchOK + "2\n"
		f.expectMetrics(t, want)
		config.ObjectLimit, config.Client = 0, newClient(t, f.config())
		f.w.Change(config) // the target being built has no gauges
		f.next(t)
		f.expectMetrics(t, want)
	})
}
