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

// expectComplete checks Complete.
func (f *harness) expectComplete(t *testing.T, want bool) {
	t.Helper()
	read()
	if got := f.w.Complete(); got != want {
		t.Errorf("complete: %v, want %v", got, want)
	}
}

// TestReshard begins with an empty shard, gets half, and then all. All resources change at once;
// the old content is served until then.
func TestReshard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		both := watcher.Config{Resources: []generators.Resource{nodes, pods}, Shard: sharding.None()}
		f := newHarness(t, both)
		f.expectNoRequest(t)
		f.expectComplete(t, true)
		f.w.Reshard(half)
		f.expectComplete(t, false)
		podsRequest, nodesRequest := f.nextOf(t)
		podsRequest.wantQuery("shardSelector", half.Selector()).watch().
			event("ADDED", served(ours("a", "x", 0, 1), "5")).event("ADDED", served(theirs("b", "y", 0), "5")).event("BOOKMARK", listEnds("5"))
		f.expect(t, podText(), nil)
		f.expectComplete(t, false)
		nodesRequest.watch().event("BOOKMARK", nodesEnd())
		f.expect(t, podText(ax1), nil)
		f.expectComplete(t, true)

		f.w.Reshard(sharding.All())
		other := sharding.All().Minus(half)
		q, n := f.nextOf(t) // of the lacking half
		q.wantQuery("shardSelector", other.Selector()).watch().
			event("ADDED", served(theirs("b", "y", 0), "6")).event("BOOKMARK", listEnds("6"))
		f.expect(t, podText(ax1), nil)
		// A change of the configuration keeps the shard.
		f.change(t, both)
		f.expectComplete(t, false)
		if podsRequest.canceled() || nodesRequest.canceled() {
			t.Error("a served watch is canceled")
		}
		n.wantQuery("shardSelector", other.Selector()).watch().event("BOOKMARK", nodesEnd())
		f.expect(t, podText(ax1, by1), nil)
		f.expectComplete(t, true)

		// One watch each resumes from the lower of the two versions.
		seen := map[string]*request{}
		for range 2 {
			r := f.next(t).wantQuery("shardSelector", "")
			seen[r.String()] = r
		}
		q = seen["watch "+anyPods+" resourceVersion=5"]
		if q == nil || seen["watch /api/v1/nodes resourceVersion=5"] == nil {
			t.Fatalf("requests: %v", seen)
		}
		for _, r := range []*request{podsRequest, nodesRequest, n} {
			if !r.canceled() {
				t.Errorf("%s is not canceled", r)
			}
		}
		q.watch().event("MODIFIED", served(ours("a", "x", 0, 2), "7"))
		f.expect(t, podText(ax2, by1), nil)
		f.expectNoRequest(t)
		f.expectRebuilds(t, "nodes I, pods I") // of the empty shard
		f.expectLog(t)
	})
}

// watchHalf returns a watcher of half of the pods, with the pod a/x, and its watch.
func watchHalf(t *testing.T) (*harness, *request) {
	t.Helper()
	f := newHarness(t, watcher.Config{Shard: sharding.None()})
	f.w.Reshard(half)
	q := f.next(t).watch().event("ADDED", served(ours("a", "x", 0, 1), "5")).event("BOOKMARK", listEnds("5"))
	f.expect(t, podText(ax1), nil)
	return f, q
}

// extended returns a watcher of half of the pods, extended to all, and the watch of both halves:
// one at version 10, the other at 20.
func extended(t *testing.T) (*harness, *request) {
	t.Helper()
	f, first := watchHalf(t)
	first.event("BOOKMARK", bookmark("10"))
	read()
	f.w.Reshard(sharding.All())
	f.next(t).wantQuery("shardSelector", sharding.All().Minus(half).Selector()).watch().
		event("ADDED", served(theirs("b", "y", 0), "18")).event("BOOKMARK", listEnds("20"))
	f.expect(t, podText(ax1, by1), nil)
	return f, f.next(t).want("watch " + anyPods + " resourceVersion=10")
}

// TestExtendAcrossPositions has a watch of two positions, with events before, between and after
// them: each half applies the events after its position.
func TestExtendAcrossPositions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, q := extended(t)
		q.watch()
		f.expect(t, podText(ax1, by1), nil)
		q.event("ADDED", served(theirs("b", "z", 1), "11")) // deleted before 20
		q.event("MODIFIED", served(ours("a", "x", 0, 2), "12"))
		f.expect(t, podText(ax2, by1), nil)
		q.event("DELETED", served(theirs("b", "z", 1), "13"))
		q.event("DELETED", served(theirs("b", "y", 2), "14")) // an earlier object of y's name
		q.event("DELETED", served(ours("a", "x", 0, 2), "15"))
		q.event("ADDED", served(ours("b", "z", 1, 1), "16"))
		q.event("ADDED", served(theirs("b", "y", 0), "17"))
		f.expect(t, podText(bz1, by1), nil)
		// A watch between the positions is resumed.
		q.end()
		q = f.next(t).want("watch " + anyPods + " resourceVersion=17").watch()
		q.event("DELETED", served(ours("b", "z", 1, 1), "19"))
		q.event("DELETED", served(theirs("b", "y", 0), "21"))
		f.expect(t, podText(), nil)
		q.event("ADDED", served(theirs("a", "x", 0), "22"))
		f.expect(t, podText(ax1), nil)
		f.expectLog(t)
	})
}

// TestExtendAndExpire has the lower position expire: all of the shard is relisted, and the old
// content is served meanwhile.
func TestExtendAndExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, q := extended(t)
		q.fail(410, metav1.StatusReasonExpired)
		q = f.next(t).want("stream "+anyPods+" resourceVersion=10").wantQuery("shardSelector", "").watch()
		q.event("ADDED", served(theirs("b", "z", 3), "30"))
		f.expect(t, podText(ax1, by1), nil)
		q.event("BOOKMARK", listEnds("30"))
		f.expect(t, podText(bz1), nil)
		f.expectComplete(t, true)
		f.expectLog(t, failing("Expired"), answering)
	})
}

// TestExtendAgain extends a shard during an extension, and then reverts it. Lists under way count if
// the next shard contains them.
func TestExtendAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quarter := func(i int) sharding.Ranges { return sharding.Even(i, 4) }
		f := newHarness(t, watcher.Config{Shard: sharding.None()})
		f.w.Reshard(quarter(0))
		first := f.next(t).watch().event("ADDED", served(in(quarter(0), "a", "x"), "5")).event("BOOKMARK", listEnds("5"))
		f.expect(t, podText(ax1), nil)
		f.w.Reshard(half)
		second := f.next(t).wantQuery("shardSelector", quarter(1).Selector()).watch()
		f.w.Reshard(half.Union(quarter(2)))
		third := f.next(t).wantQuery("shardSelector", quarter(2).Selector()).watch()
		third.event("ADDED", served(in(quarter(2), "b", "z"), "6")).event("BOOKMARK", listEnds("6"))
		f.expect(t, podText(ax1), nil)
		f.w.Reshard(quarter(0).Union(quarter(2)))
		f.expect(t, podText(ax1, bz1), nil)
		if !first.canceled() || !second.canceled() || !third.canceled() {
			t.Error("a watch of a former shard is not canceled")
		}
		f.next(t).want("watch "+anyPods+" resourceVersion=5").wantQuery("shardSelector", quarter(0).Union(quarter(2)).Selector()).watch()
		f.w.Reshard(sharding.All())
		f.next(t).wantQuery("shardSelector", quarter(1).Union(quarter(3)).Selector())
		f.w.Reshard(quarter(0).Union(quarter(2)))
		f.expectComplete(t, true)
		f.expectNoRequest(t)
		f.expectLog(t)
	})
}

// TestExtendAndDropAll drops all added ranges: the served shard is complete and watched as before.
func TestExtendAndDropAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, first := watchHalf(t)
		f.w.Reshard(sharding.All())
		more := f.next(t).watch().event("ADDED", served(theirs("b", "y", 0), "6"))
		f.expect(t, podText(ax1), nil)
		f.w.Drop(sharding.All().Minus(half))
		f.expectComplete(t, true)
		if !more.canceled() {
			t.Error("the list of dropped ranges is not canceled")
		}
		if first.canceled() { // resumed with its own selector
			f.next(t).want("watch "+anyPods+" resourceVersion=5").wantQuery("shardSelector", half.Selector()).watch()
		}
		f.expect(t, podText(ax1), nil)
		f.expectNoRequest(t)
	})
}

// TestExtendRefused has the API server refuse the list of the lacking ranges. The shard is not
// complete until that is allowed, and the old content is served.
func TestExtendRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, first := watchHalf(t)
		f.w.Reshard(sharding.All())
		lacking := sharding.All().Minus(half).Selector()
		for began := time.Now(); time.Since(began) < time.Minute; {
			f.next(t).want("stream "+anyPods).wantQuery("shardSelector", lacking).fail(403, metav1.StatusReasonForbidden)
			first.event("BOOKMARK", bookmark("5")) // keeps the watch from being silent
			f.expectComplete(t, false)
			f.expect(t, podText(ax1), nil)
		}
		f.next(t).wantQuery("shardSelector", lacking).watch().event("ADDED", served(theirs("b", "y", 0), "8")).event("BOOKMARK", listEnds("9"))
		f.expect(t, podText(ax1, by1), nil)
		f.expectComplete(t, true)
	})
}

// TestExtendAndChange changes the configuration during an extension: all of the next shard is
// listed.
func TestExtendAndChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := watcher.Config{Resources: []generators.Resource{pods}, Shard: sharding.None()}
		f := newHarness(t, config)
		f.w.Reshard(half)
		f.next(t).watch().event("ADDED", served(ours("a", "x", 0, 1), "5")).event("BOOKMARK", listEnds("5"))
		f.expect(t, podText(ax1), nil)
		f.w.Reshard(sharding.All())
		more := f.next(t).watch()
		f.expect(t, podText(ax1), nil)
		config.Selection = without("pod_last")
		f.change(t, config, "pods")
		q := f.next(t).want("stream "+anyPods).wantQuery("shardSelector", "").watch()
		if !more.canceled() {
			t.Error("the list of lacking ranges is not canceled")
		}
		q.event("ADDED", served(theirs("b", "y", 0), "7"))
		f.expect(t, podText(ax1), nil)
		q.event("BOOKMARK", listEnds("7"))
		f.expect(t, "pod_generation{namespace=\"b\",pod=\"y\"} 1\n", nil)
		f.expectComplete(t, true)
	})
}

// TestExtendWithLimit lists all of the shard under an object limit.
func TestExtendWithLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{Shard: sharding.None(), ObjectLimit: 1})
		f.w.Reshard(half)
		f.next(t).want("list "+anyPods).list("5", ours("a", "x", 0, 1))
		f.next(t).want("watch " + anyPods + " resourceVersion=5").watch()
		f.expect(t, podText(ax1), nil)
		f.w.Reshard(sharding.All())
		f.next(t).want("list "+anyPods).wantQuery("shardSelector", "").page("6", "more", ours("a", "x", 0, 1))
		f.expect(t, podText(ax1), nil)
	})
}

// in returns a pod whose uid is in the ranges.
func in(r sharding.Ranges, namespace, name string) *corev1.Pod {
	return pod(namespace, name, uidIn(r, 0), 1)
}

// TestDrop drops half of the shard during an extension: no reader sees it any more, and nothing is
// relisted.
func TestDrop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		other := sharding.All().Minus(half)
		f, first := watchHalf(t)
		f.w.Reshard(sharding.All())
		q := f.next(t).want("stream "+anyPods).wantQuery("shardSelector", other.Selector()).watch()
		q.event("ADDED", served(theirs("b", "y", 0), "6"))
		f.expect(t, podText(ax1), nil)

		f.w.Drop(half)
		f.expect(t, podText(), nil)
		if !first.canceled() {
			t.Error("the watch of the dropped half is not canceled")
		}
		q.event("ADDED", served(ours("b", "x", 1, 1), "6")).event("BOOKMARK", listEnds("6"))
		f.expect(t, podText(by1), nil)
		f.expectComplete(t, true)

		// The watch is resumed for the rest.
		f.next(t).want("watch "+anyPods+" resourceVersion=6").wantQuery("shardSelector", other.Selector()).watch()
		f.w.Reshard(other) // the same shard
		f.expectNoRequest(t)
		f.expect(t, podText(by1), nil)
		f.expectLog(t)
	})
}

// TestDropOften drops ranges one after another: the watch is resumed each time, without a relist.
func TestDropOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{Shard: sharding.All()})
		f.next(t).watch().event("BOOKMARK", listEnds("5"))
		left := sharding.All()
		for i := range 8 {
			read()
			f.w.Drop(sharding.Even(i, 12))
			left = left.Minus(sharding.Even(i, 12))
			f.next(t).want("watch "+anyPods+" resourceVersion=5").wantQuery("shardSelector", left.Selector()).watch()
		}
		// No selector selects nothing: an empty shard has no watch.
		read()
		f.w.Drop(left)
		f.expectNoRequest(t)
		f.expectComplete(t, true)
		f.expectLog(t)
	})
}
