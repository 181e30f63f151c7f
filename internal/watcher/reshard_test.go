package watcher_test

import (
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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
		other := sharding.All().Minus(half)
		q, n := f.nextOf(t) // of what is lacking
		q.asks("shardSelector", other.Selector()).watch().
			event("ADDED", served(theirs("b", "y", 0), "6")).event("BOOKMARK", listEnds("6"))
		f.holds(t, podText(ax1), nil)
		// A change of the configuration leaves the share as it is.
		f.change(t, both)
		f.completes(t, false)
		if ofPods.over() || ofNodes.over() {
			t.Error("what is served is watched no more")
		}
		n.asks("shardSelector", other.Selector()).watch().event("BOOKMARK", nodesEnd())
		f.holds(t, podText(ax1, by1), nil)
		f.completes(t, true)

		// One watch each goes on from the lower of the two versions.
		seen := map[string]*request{}
		for range 2 {
			r := f.next(t).asks("shardSelector", "")
			seen[r.String()] = r
		}
		q = seen["watch "+anyPods+" resourceVersion=5"]
		if q == nil || seen["watch /api/v1/nodes resourceVersion=5"] == nil {
			t.Fatalf("asked for %v", seen)
		}
		for _, r := range []*request{ofPods, ofNodes, n} {
			if !r.over() {
				t.Errorf("%s goes on", r)
			}
		}
		q.watch().event("MODIFIED", served(ours("a", "x", 0, 2), "7"))
		f.holds(t, podText(ax2, by1), nil)
		f.quiet(t)
		f.rebuilt(t, "nodes I, pods I") // when there was nothing
		f.logged(t)
	})
}

// grown is a watcher of half of the pods that has been given all, and the watch that
// goes on when both halves are there: the one up to version 10, the other up to 20.
func grown(t *testing.T) (*following, *request) {
	t.Helper()
	f := follow(t, watcher.Config{Shard: sharding.None()})
	f.w.Reshard(half)
	f.next(t).watch().event("ADDED", served(ours("a", "x", 0, 1), "5")).event("BOOKMARK", listEnds("5")).
		event("BOOKMARK", bookmark("10"))
	f.holds(t, podText(ax1), nil)
	f.w.Reshard(sharding.All())
	f.next(t).asks("shardSelector", sharding.All().Minus(half).Selector()).watch().
		event("ADDED", served(theirs("b", "y", 0), "18")).event("BOOKMARK", listEnds("20"))
	f.holds(t, podText(ax1, by1), nil)
	return f, f.next(t).want("watch " + anyPods + " resourceVersion=10")
}

// TestGrowAcrossPositions tells a watch that goes on from two positions of changes
// before, between and after them: each half takes what it does not have yet.
func TestGrowAcrossPositions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, q := grown(t)
		q.watch()
		f.holds(t, podText(ax1, by1), nil)
		q.event("ADDED", served(theirs("b", "z", 1), "11")) // and is gone by 20
		q.event("MODIFIED", served(ours("a", "x", 0, 2), "12"))
		f.holds(t, podText(ax2, by1), nil)
		q.event("DELETED", served(theirs("b", "z", 1), "13"))
		q.event("DELETED", served(theirs("b", "y", 2), "14")) // of which y has the name
		q.event("DELETED", served(ours("a", "x", 0, 2), "15"))
		q.event("ADDED", served(ours("b", "z", 1, 1), "16"))
		q.event("ADDED", served(theirs("b", "y", 0), "17"))
		f.holds(t, podText(bz1, by1), nil)
		// Resumed in between, it goes on where it was.
		q.end()
		q = f.next(t).want("watch " + anyPods + " resourceVersion=17").watch()
		q.event("DELETED", served(ours("b", "z", 1, 1), "19"))
		q.event("DELETED", served(theirs("b", "y", 0), "21"))
		f.holds(t, podText(), nil)
		q.event("ADDED", served(theirs("a", "x", 0), "22"))
		f.holds(t, podText(ax1), nil)
		f.logged(t)
	})
}

// TestGrowAndExpire has the API server have forgotten the lower position: all of the
// share is listed, and served as it was meanwhile.
func TestGrowAndExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, q := grown(t)
		q.fail(410, metav1.StatusReasonExpired)
		q = f.next(t).want("stream "+anyPods+" resourceVersion=10").asks("shardSelector", "").watch()
		q.event("ADDED", served(theirs("b", "z", 3), "30"))
		f.holds(t, podText(ax1, by1), nil)
		q.event("BOOKMARK", listEnds("30"))
		f.holds(t, podText(bz1), nil)
		f.completes(t, true)
		f.logged(t, failing("Expired"), answering)
	})
}

// TestGrowAgain asks for more while more is under way, and then for what there was.
// What is under way counts if it is part of the next share.
func TestGrowAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quarter := func(i int) sharding.Ranges { return sharding.Even(i, 4) }
		f := follow(t, watcher.Config{Shard: sharding.None()})
		f.w.Reshard(quarter(0))
		first := f.next(t).watch().event("ADDED", served(in(quarter(0), "a", "x"), "5")).event("BOOKMARK", listEnds("5"))
		f.holds(t, podText(ax1), nil)
		f.w.Reshard(half)
		second := f.next(t).asks("shardSelector", quarter(1).Selector()).watch()
		f.w.Reshard(half.Union(quarter(2)))
		third := f.next(t).asks("shardSelector", quarter(2).Selector()).watch()
		third.event("ADDED", served(in(quarter(2), "b", "z"), "6")).event("BOOKMARK", listEnds("6"))
		f.holds(t, podText(ax1), nil)
		f.w.Reshard(quarter(0).Union(quarter(2)))
		f.holds(t, podText(ax1, bz1), nil)
		if !first.over() || !second.over() || !third.over() {
			t.Error("there is more than one watch")
		}
		f.next(t).want("watch "+anyPods+" resourceVersion=5").asks("shardSelector", quarter(0).Union(quarter(2)).Selector()).watch()
		f.w.Reshard(sharding.All())
		f.next(t).asks("shardSelector", quarter(1).Union(quarter(3)).Selector())
		f.w.Reshard(quarter(0).Union(quarter(2)))
		f.completes(t, true)
		f.quiet(t)
		f.logged(t)
	})
}

// TestGrowAndDropAll takes away what is being added: there is nothing to wait for, and
// what is served is watched as before.
func TestGrowAndDropAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{Shard: sharding.None()})
		f.w.Reshard(half)
		first := f.next(t).watch().event("ADDED", served(ours("a", "x", 0, 1), "5")).event("BOOKMARK", listEnds("5"))
		f.holds(t, podText(ax1), nil)
		f.w.Reshard(sharding.All())
		more := f.next(t).watch().event("ADDED", served(theirs("b", "y", 0), "6"))
		f.holds(t, podText(ax1), nil)
		f.w.Drop(sharding.All().Minus(half))
		f.completes(t, true)
		if !more.over() {
			t.Error("what nobody wants is listed on")
		}
		if first.over() { // it is resumed for what it has
			f.next(t).want("watch "+anyPods+" resourceVersion=5").asks("shardSelector", half.Selector()).watch()
		}
		f.holds(t, podText(ax1), nil)
		f.quiet(t)
	})
}

// TestGrowRefused has the API server refuse the list of what lacks. The share is not complete
// before that may be read again, and what there is stays.
func TestGrowRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{Shard: sharding.None()})
		f.w.Reshard(half)
		first := f.next(t).watch().event("ADDED", served(ours("a", "x", 0, 1), "5")).event("BOOKMARK", listEnds("5"))
		f.holds(t, podText(ax1), nil)
		f.w.Reshard(sharding.All())
		lacking := sharding.All().Minus(half).Selector()
		for began := time.Now(); time.Since(began) < time.Minute; {
			f.next(t).want("stream "+anyPods).asks("shardSelector", lacking).fail(403, metav1.StatusReasonForbidden)
			first.event("BOOKMARK", bookmark("5")) // else it ends as silent in the meantime
			f.completes(t, false)
			f.holds(t, podText(ax1), nil)
		}
		f.next(t).asks("shardSelector", lacking).watch().event("ADDED", served(theirs("b", "y", 0), "8")).event("BOOKMARK", listEnds("9"))
		f.holds(t, podText(ax1, by1), nil)
		f.completes(t, true)
	})
}

// TestGrowAndChange changes the configuration while a share grows: the whole of the
// next share is listed by that.
func TestGrowAndChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := watcher.Config{Resources: []generators.Resource{pods}, Shard: sharding.None()}
		f := follow(t, config)
		f.w.Reshard(half)
		f.next(t).watch().event("ADDED", served(ours("a", "x", 0, 1), "5")).event("BOOKMARK", listEnds("5"))
		f.holds(t, podText(ax1), nil)
		f.w.Reshard(sharding.All())
		more := f.next(t).watch()
		f.holds(t, podText(ax1), nil)
		config.Selection = without("pod_last")
		f.change(t, config, "pods")
		q := f.next(t).want("stream "+anyPods).asks("shardSelector", "").watch()
		if !more.over() {
			t.Error("what lacked is listed on")
		}
		q.event("ADDED", served(theirs("b", "y", 0), "7"))
		f.holds(t, podText(ax1), nil)
		q.event("BOOKMARK", listEnds("7"))
		f.holds(t, "pod_generation{namespace=\"b\",pod=\"y\"} 1\n", nil)
		f.completes(t, true)
	})
}

// TestGrowWithLimit lists all where the number of objects is limited.
func TestGrowWithLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{Shard: sharding.None(), ObjectLimit: 1})
		f.w.Reshard(half)
		f.next(t).want("list "+anyPods).list("5", ours("a", "x", 0, 1))
		f.next(t).want("watch " + anyPods + " resourceVersion=5").watch()
		f.holds(t, podText(ax1), nil)
		f.w.Reshard(sharding.All())
		f.next(t).want("list "+anyPods).asks("shardSelector", "").page("6", "more", ours("a", "x", 0, 1))
		f.holds(t, podText(ax1), nil)
	})
}

// in is a pod of which the ranges have the uid.
func in(r sharding.Ranges, namespace, name string) *corev1.Pod {
	return pod(namespace, name, uidIn(r, 0), 1)
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
		q := f.next(t).want("stream "+anyPods).asks("shardSelector", other.Selector()).watch()
		q.event("ADDED", served(theirs("b", "y", 0), "6"))
		f.holds(t, podText(ax1), nil)

		f.w.Drop(half)
		f.holds(t, podText(), nil)
		if !first.over() {
			t.Error("there is a watch of nothing")
		}
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

// TestDropOften takes parts away one after the other while nothing happens: the watch
// is resumed each time, and nothing is listed.
func TestDropOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{Shard: sharding.All()})
		f.next(t).watch().event("BOOKMARK", listEnds("5"))
		left := sharding.All()
		for i := range 8 {
			read()
			f.w.Drop(sharding.Even(i, 12))
			left = left.Minus(sharding.Even(i, 12))
			f.next(t).want("watch "+anyPods+" resourceVersion=5").asks("shardSelector", left.Selector()).watch()
		}
		// No selector chooses no objects: an empty share is not asked for.
		read()
		f.w.Drop(left)
		f.quiet(t)
		f.completes(t, true)
		f.logged(t)
	})
}
