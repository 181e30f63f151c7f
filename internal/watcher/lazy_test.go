package watcher_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/watcher"
)

// TestSpecIsDecodedOnce holds which pods are decoded in part, and that their text is complete.
func TestSpecIsDecodedOnce(t *testing.T) {
	type step struct {
		uid        string
		kind       watch.EventType
		spec, rest int
		partial    bool // decoded in part
	}
	f := func(name string, config watcher.Config, stale int, batches ...[]step) {
		t.Helper()
		p := newPipeline(t, config)
		for _, batch := range batches { // each is decoded before it is applied
			for _, s := range batch {
				if got := p.send(s.kind, sentPod(t, s.uid, "a", s.spec, s.rest)); got != s.partial {
					t.Errorf("%s: %+v: partial: %v", name, s, got)
				}
			}
			p.apply(len(batch))
			p.check()
		}
		if p.stale != stale {
			t.Errorf("%s: %d were stale, want %d", name, p.stale, stale)
		}
	}
	one, all := []step{{"1", watch.Added, 0, 0, false}}, watcher.Config{}
	f("status", all, 0, one, []step{{"1", watch.Modified, 0, 1, true}}, []step{{"1", watch.Modified, 0, 2, true}})
	f("no change", all, 0, one, []step{{"1", watch.Modified, 0, 0, true}})
	f("spec", all, 0, one, []step{{"1", watch.Modified, 1, 0, false}}, []step{{"1", watch.Modified, 1, 1, true}})
	f("spec and back", all, 0, one, []step{{"1", watch.Modified, 2, 0, false}}, []step{{"1", watch.Modified, 0, 1, false}})
	f("spec and back while queued", all, 1, one, []step{{"1", watch.Modified, 1, 1, false}, {"1", watch.Modified, 0, 2, true}},
		[]step{{"1", watch.Modified, 0, 3, true}})
	f("deleted", all, 0, one, []step{{"1", watch.Deleted, 0, 1, true}}, []step{{"1", watch.Added, 0, 2, false}})
	f("deleted and back while queued", all, 1, one, []step{{"1", watch.Deleted, 0, 1, true}, {"1", watch.Added, 0, 2, true}, {"1", watch.Modified, 0, 3, true}})
	f("recreated", all, 0, one, []step{{"1", watch.Deleted, 0, 1, true}, {"2", watch.Added, 0, 1, false}},
		[]step{{"2", watch.Modified, 0, 2, true}})
	f("two", all, 0, one, []step{{"2", watch.Added, 0, 1, false}}, []step{{"1", watch.Modified, 0, 2, true}, {"2", watch.Modified, 0, 2, true}})
	f("no uid", all, 0, []step{{"", watch.Added, 0, 0, false}}, []step{{"", watch.Modified, 0, 1, false}})
	f("over the limit", watcher.Config{ObjectLimit: 1}, 0, one,
		[]step{{"2", watch.Added, 1, 0, false}}, []step{{"2", watch.Modified, 1, 1, false}, {"1", watch.Deleted, 0, 0, true}},
		[]step{{"2", watch.Modified, 1, 2, false}}, []step{{"2", watch.Modified, 1, 3, true}})
	f("over the limit while queued", watcher.Config{ObjectLimit: 1}, 1, one,
		[]step{{"1", watch.Deleted, 0, 0, true}, {"2", watch.Added, 1, 0, false}, {"1", watch.Modified, 0, 1, true}})
	few := watcher.Config{Selection: generators.Selection{Allow: []generators.Pattern{pattern("kube_pod_status_phase"), pattern("kube_pod_scheduler")}}}
	f("some families", few, 0, one, []step{{"1", watch.Modified, 0, 1, true}}, []step{{"1", watch.Modified, 1, 2, false}})
	none := watcher.Config{Selection: generators.Selection{Allow: []generators.Pattern{pattern("none")}}}
	f("no families", none, 0, one, []step{{"1", watch.Modified, 0, 1, true}})
}

// TestSpecIsDecodedAgainAfterList replaces the content by a list between the decoding of an event
// and its rendering.
func TestSpecIsDecodedAgainAfterList(t *testing.T) {
	p := newPipeline(t, watcher.Config{})
	f := func(streamed bool, listed, sent int, partial bool, stale int) {
		t.Helper()
		if got := p.send(watch.Modified, sentPod(t, "1", "a", sent, 1)); got != partial {
			t.Errorf("spec %d: partial: %v", sent, got)
		}
		p.list(streamed, sentPod(t, "1", "a", listed, 2))
		p.apply(1)
		p.check()
		if p.stale != stale {
			t.Errorf("%d were stale, want %d", p.stale, stale)
		}
	}
	f(false, 0, 0, false, 0)
	f(false, 0, 0, true, 1) // objects of pages have no fingerprint
	f(false, 1, 0, true, 2)
	f(true, 0, 0, true, 2)
	f(true, 1, 0, true, 3)
	f(true, 0, 1, false, 3)
	f(true, 1, 1, true, 3)
	p.list(true)
	p.check()
	f(true, 1, 1, false, 3)
	n := p.partial
	p.list(true, sentPod(t, "1", "a", 1, 7), sentPod(t, "2", "b", 1, 7))
	if p.check(); p.partial != n+1 {
		t.Errorf("of a list %d were partial, want 1", p.partial-n)
	}
	// A spec changes and is reverted before the end of the list.
	n = p.partial
	p.list(true, sentPod(t, "1", "a", 0, 8), sentPod(t, "1", "a", 1, 9))
	if p.check(); p.partial != n+1 {
		t.Errorf("of a list with changes %d were partial, want 1", p.partial-n)
	}
}

// TestSpecTwice has wire forms that no API server sends: two specs, which decoders merge, and none.
func TestSpecTwice(t *testing.T) {
	p := newPipeline(t, watcher.Config{})
	once := sentPod(t, "1", "a", 0, 0)
	spec, err := (&corev1.PodSpec{NodeName: "other"}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	without, err := (&metav1.PartialObjectMetadata{ObjectMeta: aPod("1", "a", 0, 0).ObjectMeta}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	f := func(wire []byte, partial bool) {
		t.Helper()
		if got := p.send(watch.Modified, wire); got != partial {
			t.Errorf("%q is partial: %v", wire, got)
		}
		p.apply(1)
		p.check()
	}
	twice := slices.Concat(once, []byte{0x12, byte(len(spec))}, spec) // field 2 of pods
	f(once, false)
	f(twice, false)
	f(without, false)
	f(twice, false)
	f(twice, false)
	f(once, false)
	f(once, true)
	f(without, false)
	f(without, true)
}

// TestRandomPipelines compares pods of a stream with completely decoded ones, after random events,
// lists and shrinks of the shard.
func TestRandomPipelines(t *testing.T) {
	seeds := 10
	if testing.Short() {
		seeds = 3
	}
	partial, stale := 0, 0
	for seed := range uint64(seeds) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		p := newPipeline(t, watcher.Config{ObjectLimit: []int64{0, 4}[seed%2]})
		for range 500 {
			p.step(rnd)
			if rnd.IntN(5) == 0 {
				p.check()
			}
		}
		p.apply(len(p.queue))
		p.check()
		partial, stale = partial+p.partial, stale+p.stale
	}
	if partial < 50*seeds || stale < 5*seeds {
		t.Errorf("of %d partial pods, %d were stale", partial, stale)
	}
}

// step is a random step.
func (p *pipeline) step(rnd *rand.Rand) {
	some := func() []byte {
		uid := rnd.IntN(8)
		return sentPod(p.t, []string{"", "1", "2", "3", "4", "5", "6", "7"}[uid], fmt.Sprint("pod-", uid/2), max(0, rnd.IntN(6)-3), rnd.IntN(5))
	}
	switch n := rnd.IntN(200); {
	case n < 90:
		p.send([]watch.EventType{watch.Added, watch.Modified}[rnd.IntN(2)], some())
	case n < 110:
		p.send(watch.Deleted, some())
	case n < 190:
		p.apply(rnd.IntN(5))
	case n < 198:
		if rnd.IntN(2) == 0 {
			p.queue = nil // the watch has ended
		}
		var listed [][]byte
		names := map[string]bool{}
		for range rnd.IntN(4) { // the limit
			wire := some()
			var pod corev1.Pod
			if err := pod.Unmarshal(wire); err != nil {
				p.t.Fatal(err)
			}
			if !names[pod.Name] {
				listed = append(listed, wire)
			}
			names[pod.Name] = true
		}
		p.list(rnd.IntN(2) == 0, listed...)
	case p.partial > 30:
		dropped := sharding.Even(rnd.IntN(16), 16)
		p.w.Drop(dropped)
		p.reference.Drop(dropped)
	}
}

// TestObjectsAreReleasedOnce holds that a rendered object is released and has no content.
func TestObjectsAreReleasedOnce(t *testing.T) {
	p := newPipeline(t, watcher.Config{})
	p.send(watch.Added, sentPod(t, "1", "a", 0, 0))
	p.send(watch.Added, sentPod(t, "2", "b", 1, 1))
	first := p.queue[0].decoded
	p.apply(2)
	if err := p.sink.Set(first); err == nil || err.Error() != "BUG: the object was released before" {
		t.Errorf("the released object is rendered: %v", err)
	}
	if first.GetUID() != "" || first.GetName() != "" {
		t.Errorf("the released object is still %s", first.GetName())
	}
	p.check()
}

// TestFollowProtobuf has an API server that sends protobuf, and compares with a sink of completely
// decoded pods.
func TestFollowProtobuf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		resources := []generators.Resource{&generators.Pods}
		f := newHarness(t, watcher.Config{Resources: resources})
		reference := newWatcher(watcher.Config{Resources: resources}, prometheus.NewRegistry(), aboutFamilies())
		q := f.next(t).want("stream " + anyPods).frames()
		for i := range 20 {
			p := aPod(fmt.Sprint("uid-", i), fmt.Sprint("pod-", i), i%3, i)
			q.frame("ADDED", served(p, "1"))
			if err := reference.Sinks()[0].Set(p); err != nil {
				t.Fatal(err)
			}
		}
		f.expect(t, "", podsUnsynced)
		end := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{metav1.InitialEventsAnnotationKey: "true"}}}
		q.frame("BOOKMARK", served(end, "2"))
		f.expect(t, text(reference.Resources()...), nil)
		if f.w.Sinks()[0].Fingerprint([]byte("uid-7")) == 0 {
			t.Error("a streamed list stores no fingerprints")
		}
		for i := range 300 {
			p := aPod(fmt.Sprint("uid-", i%20), fmt.Sprint("pod-", i%20), i/100, i) // the spec changes every 100 events
			q.frame("MODIFIED", served(p, fmt.Sprint(3+i)))
			if err := reference.Sinks()[0].Set(p); err != nil {
				t.Fatal(err)
			}
			if i%50 == 0 {
				f.expect(t, text(reference.Resources()...), nil)
			}
		}
		q.frame("DELETED", served(aPod("uid-7", "pod-7", 2, 0), "999"))
		reference.Sinks()[0].Delete(aPod("uid-7", "pod-7", 0, 0))
		f.expect(t, text(reference.Resources()...), nil)
		f.expectLog(t)
	})
}
