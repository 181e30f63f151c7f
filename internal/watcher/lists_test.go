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

// asks checks what a list is asked for besides.
func (q *request) asks(key, want string) *request {
	q.t.Helper()
	if got := q.r.URL.Query().Get(key); got != want {
		q.t.Errorf("%s: %s is %q, want %q", q, key, got, want)
	}
	return q
}

// expire ends a watch as too far behind.
func (q *request) expire() {
	q.event("ERROR", metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure, Code: 410, Reason: metav1.StatusReasonExpired,
	})
}

// waits checks how long something takes.
func waits(t *testing.T, want time.Duration, f func()) {
	t.Helper()
	began := time.Now()
	f()
	if took := time.Since(began); took != want {
		t.Errorf("it took %s, want %s", took, want)
	}
}

// synced brings a watcher of pods to where a and b are watched.
func synced(t *testing.T, config watcher.Config) (*following, *request) {
	t.Helper()
	f := follow(t, config)
	q := f.next(t).want("stream " + anyPods).watch()
	q.event("ADDED", served(pod("b", "y", "2", 1), "2")).event("ADDED", served(pod("a", "x", "1", 1), "1"))
	q.event("BOOKMARK", listEnds("5"))
	f.holds(t, podText(by1, ax1), nil)
	return f, q
}

// TestStreamWithoutEnd has a streamed list that stops: 30 seconds after its last
// object there is a list, and for ten minutes there are no streamed lists.
func TestStreamWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{})
		q := f.next(t).want("stream " + anyPods).watch()
		for i := range 10 {
			q.event("ADDED", served(pod("a", "x", "1", 1), fmt.Sprint(1+i)))
			<-time.After(29 * time.Second) // slow, and going on
		}
		waits(t, time.Second, func() { q = f.next(t).want("list " + anyPods) })
		f.holds(t, "", podsUnsynced)
		f.logged(t, record{slog.LevelWarn, ""})
		q.list("5", pod("a", "x", "1", 1))
		q = f.next(t).want("watch " + anyPods + " resourceVersion=5").watch()
		f.holds(t, podText(ax1), nil)
		q.expire()
		f.next(t).want("list "+anyPods).list("6", pod("a", "x", "1", 2))
		q = f.next(t).want("watch " + anyPods + " resourceVersion=6").watch()
		for i := range 10 {
			<-time.After(time.Minute)
			q.event("BOOKMARK", bookmark(fmt.Sprint(10+i)))
		}
		q.expire()
		f.next(t).want("stream " + anyPods + " resourceVersion=19")
		f.holds(t, podText(ax2), nil)
		f.logged(t)
	})
}

// TestStreamWithoutAnswer has an API server that does not even begin to answer.
func TestStreamWithoutAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{})
		f.next(t).want("stream " + anyPods)
		waits(t, 30*time.Second, func() { f.next(t).want("list " + anyPods) })
		f.counted(t, watchError+"1\n")
	})
}

// TestStreamBreaksOff has a streamed list whose connection ends.
func TestStreamBreaksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{})
		q := f.next(t).want("stream "+anyPods).watch().event("ADDED", served(pod("b", "y", "2", 1), "2"))
		synctest.Wait()
		q.end()
		waits(t, 0, func() { q = f.next(t).want("list " + anyPods) })
		q.list("5", pod("a", "x", "1", 1))
		f.next(t).want("watch " + anyPods + " resourceVersion=5").watch()
		f.holds(t, podText(ax1), nil) // and nothing of what was streamed
	})
}

// TestPages lists in pages, of which nothing is to be seen before the last.
func TestPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{})
		f.next(t).noStreams()
		f.next(t).want("list "+anyPods).asks("limit", "500").asks("continue", "").page("5", "one", pod("b", "y", "2", 1))
		f.next(t).want("list "+anyPods).asks("limit", "500").asks("continue", "one").page("5", "two", pod("a", "x", "1", 1))
		q := f.next(t).want("list "+anyPods).asks("limit", "500").asks("continue", "two")
		f.holds(t, "", podsUnsynced)
		q.list("5", pod("b", "z", "3", 1))
		f.next(t).want("watch " + anyPods + " resourceVersion=5").watch()
		f.holds(t, podText(by1, ax1, bz1), nil)
		f.counted(t, listOK+"1\n"+watchOK+"1\n")
	})
}

// TestPagesExpire has the API server forget the state that a list is of: it is
// begun again, and at last asked for as a whole.
func TestPagesExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{})
		f.next(t).noStreams()
		for range 2 {
			f.next(t).asks("limit", "500").asks("continue", "").page("5", "one", pod("b", "y", "2", 1))
			f.next(t).asks("continue", "one").fail(410, metav1.StatusReasonExpired)
		}
		f.next(t).want("list "+anyPods).asks("limit", "").asks("continue", "").list("6", pod("a", "x", "1", 1))
		f.next(t).want("watch " + anyPods + " resourceVersion=6").watch()
		f.holds(t, podText(ax1), nil)
		f.counted(t, listOK+"1\n"+watchOK+"1\n")
		f.logged(t)
	})
}

// TestFromCache holds that lists may come from the API server's memory.
func TestFromCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{FromCache: true})
		f.next(t).want("stream " + anyPods).noStreams()
		f.next(t).want("list "+anyPods+" resourceVersion=0").page("5", "one", pod("b", "y", "2", 1))
		f.next(t).want("list "+anyPods).asks("continue", "one").list("5", pod("a", "x", "1", 1))
		f.next(t).want("watch " + anyPods + " resourceVersion=5").watch()
		f.holds(t, podText(by1, ax1), nil)
	})
}

// TestObjectLimit holds a limit over the total: of the list, and of what comes
// later.
func TestObjectLimit(t *testing.T) {
	const limits = `kube_state_metrics_list_objects{resource="*v1.Pod"} 2
kube_state_metrics_list_objects_limit{resource="*v1.Pod"} 2
`
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{ObjectLimit: 2})
		f.next(t).want("list "+anyPods).asks("limit", "2").page("5", "more", pod("b", "y", "2", 1), pod("a", "x", "1", 1))
		q := f.next(t).want("watch " + anyPods + " resourceVersion=5").watch()
		f.holds(t, podText(by1, ax1), nil)
		f.counted(t, limits+listOK+"1\n"+watchOK+"1\n")
		f.logged(t, record{slog.LevelWarn, ""})
		q.event("ADDED", served(pod("b", "z", "3", 1), "6"))
		f.holds(t, podText(by1, ax1), nil)
		q.event("MODIFIED", served(pod("a", "x", "1", 2), "7"))
		f.holds(t, podText(by1, ax2), nil)
		q.event("DELETED", served(pod("b", "y", "2", 1), "8")).event("ADDED", served(pod("b", "z", "3", 1), "9"))
		f.holds(t, podText(bz1, ax2), nil)
		// An API server may send more than it was asked for.
		q.expire()
		f.next(t).want("list "+anyPods).asks("limit", "2").list("9", pod("b", "y", "2", 1), pod("b", "z", "3", 1), pod("a", "x", "1", 1))
		f.next(t).want("watch " + anyPods + " resourceVersion=9").watch()
		f.holds(t, podText(bz1, by1), nil) // z keeps its place
		f.counted(t, limits+listOK+"2\n"+watchOK+"2\n"+relisted("expired")+"1\n")
		f.logged(t)
	})
}

// TestObjectLimitOverPages has a limit beyond a page.
func TestObjectLimitOverPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{ObjectLimit: 502})
		var page []runtime.Object
		for i := range 500 {
			page = append(page, pod("a", fmt.Sprint(i), fmt.Sprint(i), 1))
		}
		f.next(t).asks("limit", "500").page("5", "one", page...)
		f.next(t).asks("limit", "2").asks("continue", "one").list("5", pod("b", "y", "y", 1))
		f.next(t).want("watch " + anyPods + " resourceVersion=5").watch()
		f.logged(t)
		if n := f.w.Resources()[0].Stats().Objects; n != 501 {
			t.Errorf("%d objects", n)
		}
	})
}

// TestDisorder has a watch tell of changes in another order than they happened.
func TestDisorder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, q := synced(t, watcher.Config{})
		// Twice is no disorder, nor is a bookmark that comes late.
		q.event("MODIFIED", served(pod("a", "x", "1", 2), "7")).event("MODIFIED", served(pod("a", "x", "1", 2), "7"))
		q.event("BOOKMARK", bookmark("6"))
		f.holds(t, podText(by1, ax2), nil)
		f.counted(t, watchOK+"1\n")
		q.event("DELETED", served(pod("b", "y", "2", 1), "6"))
		f.next(t).want("stream " + anyPods + " resourceVersion=7")
		f.holds(t, podText(by1, ax2), nil)
		f.counted(t, watchOK+"1\n"+relisted("disorder")+"1\n")
		f.logged(t)
	})
}

// TestDisorderInStream has disorder before a streamed list is complete.
func TestDisorderInStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{})
		q := f.next(t).want("stream " + anyPods).watch()
		q.event("ADDED", served(pod("b", "y", "2", 1), "3")).event("ADDED", served(pod("a", "x", "1", 1), "2"))
		q.event("MODIFIED", served(pod("a", "x", "1", 2), "7")).event("ADDED", served(pod("a", "x", "1", 1), "2"))
		f.next(t).want("list " + anyPods)
		f.holds(t, "", podsUnsynced)
	})
}

// TestStranger has a watch tell of what is of another resource.
func TestStranger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, q := synced(t, watcher.Config{})
		stranger := node("y", "9", 1)
		stranger.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Node"}
		q.event("ADDED", stranger)
		f.next(t).want("stream " + anyPods + " resourceVersion=5")
		f.holds(t, podText(by1, ax1), nil)
		f.counted(t, watchOK+"1\n"+relisted("error")+"1\n")
	})
}

// TestBusyStreamWithoutEnd has a streamed list that goes on with changes and never ends.
func TestBusyStreamWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{})
		q := f.next(t).want("stream "+anyPods).watch().event("ADDED", served(pod("a", "x", "1", 1), "1"))
		for i := range 5 {
			<-time.After(5 * time.Second)
			q.event("MODIFIED", served(pod("a", "x", "1", 1), fmt.Sprint(2+i)))
		}
		waits(t, 5*time.Second, func() { q = f.next(t).want("list " + anyPods) })
		q.list("9", pod("a", "x", "1", 2))
		f.next(t).want("watch " + anyPods + " resourceVersion=9")
		f.holds(t, podText(ax2), nil)
	})
}

// TestLimitOfNamespaces holds that the gauges of limited lists are of all namespaces, and of
// what is served.
func TestLimitOfNamespaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := watcher.Config{Namespaces: []string{"a", "b"}, ObjectLimit: 2, Resources: []generators.Resource{pods}}
		f := follow(t, config)
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
		f.counted(t, want)
		config.ObjectLimit, config.Client = 0, newClient(t, f.config())
		f.w.Change(config) // what is being built does not show
		f.next(t)
		f.counted(t, want)
	})
}
