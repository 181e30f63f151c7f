package watcher_test

import (
	"testing"
	"testing/synctest"

	"github.com/kubestate/kubestate/internal/watcher"
)

// TestChangesDuringAStreamedList has changes and deletions in a streamed list. No object is served
// before its end.
func TestChangesDuringAStreamedList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{})
		q := f.next(t).want("stream " + anyPods).watch()
		q.event("ADDED", served(pod("a", "one", "1", 1), "1")).event("ADDED", served(pod("a", "two", "2", 1), "2"))
		q.event("ADDED", served(pod("a", "three", "3", 1), "3")).event("ADDED", served(pod("a", "four", "4", 1), "4"))
		q.event("MODIFIED", served(pod("a", "one", "1", 2), "5"))
		q.event("DELETED", served(pod("a", "two", "2", 1), "6"))
		q.event("ADDED", served(pod("a", "two", "22", 7), "7")) // another object of the name
		q.event("DELETED", served(pod("a", "three", "3", 1), "8"))
		q.event("DELETED", served(pod("a", "four", "4", 1), "9")).event("ADDED", served(pod("a", "four", "4", 5), "10"))
		f.expect(t, "", podsUnsynced)
		q.event("BOOKMARK", listEnds("10"))
		want := podText(`namespace="a",pod="one" 2`, `namespace="a",pod="four" 5`, `namespace="a",pod="two" 7`)
		f.expect(t, want, nil)

		// A stream that breaks off.
		q.expire()
		q = f.next(t).want("stream " + anyPods + " resourceVersion=10").watch()
		q.event("ADDED", served(pod("a", "ghost", "9", 1), "9")).event("ADDED", served(pod("a", "one", "1", 9), "11"))
		f.expect(t, want, nil)
		q.end()
		q = f.next(t).want("list " + anyPods)
		f.expect(t, want, nil)
		q.list("12", pod("a", "two", "22", 8))
		f.next(t).want("watch " + anyPods + " resourceVersion=12").watch()
		f.expect(t, podText(`namespace="a",pod="two" 8`), nil)
	})
}
