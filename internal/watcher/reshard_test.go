package watcher_test

import (
	"testing"
	"testing/synctest"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/watcher"
)

// completes checks what the watcher says of the last share.
func (f *following) completes(t *testing.T, want bool) {
	t.Helper()
	read()
	if got := f.w.Complete(); got != want {
		t.Errorf("complete: %v, want %v", got, want)
	}
}

// TestReshard begins with no share, takes one, and takes up another: all resources
// at the same time, and what there was is served until then.
func TestReshard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		both := watcher.Config{Resources: []generators.Resource{nodes, pods}, Shard: sharding.None()}
		f := follow(t, both)
		f.quiet(t)
		f.completes(t, true)
		f.w.Reshard(half)
		f.completes(t, false)
		ofPods, ofNodes := f.nextOf(t)
		ofPods.asks("shardSelector", half.Selector()).watch().
			event("ADDED", served(ours("a", "x", 0, 1), "5")).event("ADDED", served(theirs("b", "y", 0), "5")).event("BOOKMARK", listEnds("5"))
		f.holds(t, podText(), nil)
		f.completes(t, false)
		ofNodes.watch().event("BOOKMARK", nodesEnd())
		f.holds(t, podText(ax1), nil)
		f.completes(t, true)

		f.w.Reshard(sharding.All())
		q, n := f.nextOf(t)
		q.watch().event("ADDED", served(ours("a", "x", 0, 1), "6")).event("ADDED", served(theirs("b", "y", 0), "6")).event("BOOKMARK", listEnds("6"))
		f.holds(t, podText(ax1), nil)
		// A change of the configuration leaves the share as it is.
		f.change(t, both)
		f.completes(t, false)
		n.watch().event("BOOKMARK", nodesEnd())
		f.holds(t, podText(ax1, by1), nil)
		f.completes(t, true)
		f.quiet(t)
		f.logged(t)
	})
}

// TestDrop takes a part of the share away while it is watched, and while a larger one
// is under way: no reader gets it any more, and nothing is listed for that.
func TestDrop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		other := sharding.All().Minus(half)
		f := follow(t, watcher.Config{Shard: sharding.None()})
		f.w.Reshard(half)
		first := f.next(t).watch().event("ADDED", served(ours("a", "x", 0, 1), "5")).event("BOOKMARK", listEnds("5"))
		f.holds(t, podText(ax1), nil)
		f.w.Reshard(sharding.All())
		q := f.next(t).want("stream " + anyPods).watch()
		q.event("ADDED", served(ours("a", "x", 0, 1), "6")).event("ADDED", served(theirs("b", "y", 0), "6"))
		f.holds(t, podText(ax1), nil)

		f.w.Drop(half)
		f.holds(t, podText(), nil)
		first.event("MODIFIED", served(ours("a", "x", 0, 2), "7"))
		f.holds(t, podText(), nil)
		q.event("ADDED", served(ours("b", "x", 1, 1), "6")).event("BOOKMARK", listEnds("6"))
		f.holds(t, podText(by1), nil)
		f.completes(t, true)

		// The watch goes on with what is left.
		f.next(t).want("watch "+anyPods+" resourceVersion=6").asks("shardSelector", other.Selector()).watch()
		f.w.Reshard(other) // as it is
		f.quiet(t)
		f.holds(t, podText(by1), nil)
		f.logged(t)
	})
}
