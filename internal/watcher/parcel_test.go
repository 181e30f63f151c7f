package watcher_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/watcher"
)

// A path is the way of pods from a stream to their text: the decoder, what queues
// behind it, and the feed. Beside it is a watcher that gets every pod whole.
type path struct {
	t             *testing.T
	w, other      *watcher.Watcher
	feed          *watcher.Feed
	decoder       runtime.Decoder
	queue         []queued
	narrow, stale int // pods that lacked something, and those of them that did not fit the text by then
}

// queued is a change that the feed has not seen yet.
type queued struct {
	kind    watch.EventType
	decoded runtime.Object
	whole   *corev1.Pod
}

func newPath(t *testing.T, config watcher.Config) *path {
	t.Helper()
	config.Resources = []generators.Resource{&generators.Pods}
	p := &path{
		t:     t,
		w:     newWatcher(config, prometheus.NewRegistry(), aboutFamilies()),
		other: newWatcher(config, prometheus.NewRegistry(), aboutFamilies()),
	}
	p.feed = p.w.Feeds()[0]
	decoder, _, _, err := p.feed.Reception(watcher.NewMetrics(prometheus.NewRegistry())).StreamDecoder(runtime.ContentTypeProtobuf, nil)
	if err != nil {
		t.Fatal(err)
	}
	p.decoder = decoder
	return p
}

// decode decodes the wire form of a pod, and says whether that lacks something.
func (p *path) decode(wire []byte) (decoded runtime.Object, whole *corev1.Pod, narrow bool) {
	p.t.Helper()
	whole = &corev1.Pod{}
	if err := whole.Unmarshal(wire); err != nil {
		p.t.Fatal(err)
	}
	envelope := runtime.Unknown{TypeMeta: runtime.TypeMeta{APIVersion: "v1", Kind: "Pod"}, Raw: wire}
	b, err := envelope.Marshal()
	if err != nil {
		p.t.Fatal(err)
	}
	b = append([]byte("k8s\x00"), b...)
	decoded, _, err = p.decoder.Decode(b, nil, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	clear(b) // the next event is read into the same memory
	if narrow = watcher.Narrow(decoded); narrow {
		p.narrow++
	}
	return decoded, whole, narrow
}

// send decodes a change, and says whether it lacks something.
func (p *path) send(kind watch.EventType, wire []byte) (narrow bool) {
	p.t.Helper()
	decoded, whole, narrow := p.decode(wire)
	p.queue = append(p.queue, queued{kind, decoded, whole})
	return narrow
}

// apply gives the feed the next changes, at most n.
func (p *path) apply(n int) {
	p.t.Helper()
	for ; n > 0 && len(p.queue) > 0; n-- {
		q := p.queue[0]
		p.queue = p.queue[1:]
		if watcher.Narrow(q.decoded) && q.kind != watch.Deleted && !p.feed.Fits(q.decoded) {
			p.stale++
		}
		change := func(f *watcher.Feed) func(any) error {
			return map[watch.EventType]func(any) error{watch.Added: f.Add, watch.Modified: f.Update, watch.Deleted: f.Delete}[q.kind]
		}
		p.both(change(p.feed)(q.decoded), change(p.other.Feeds()[0])(q.whole))
	}
}

// list has pods take the place of all, as a list that is streamed or is not.
func (p *path) list(streamed bool, wires ...[]byte) {
	p.t.Helper()
	stream := cache.NewStore(cache.DeletionHandlingMetaNamespaceKeyFunc, cache.WithTransformer(p.feed.Transformer()))
	var wholes, list []any
	for _, wire := range wires {
		decoded, whole, _ := p.decode(wire)
		if list = append(list, whole); !streamed {
			continue
		}
		if err := stream.Add(decoded); err != nil {
			p.t.Fatal(err)
		}
	}
	if wholes = list; streamed {
		list = stream.List()
	}
	p.both(p.feed.Replace(list, ""), p.other.Feeds()[0].Replace(wholes, ""))
}

func (p *path) both(err, otherErr error) {
	p.t.Helper()
	if err != nil || otherErr != nil {
		p.t.Fatal(err, otherErr)
	}
}

// check compares the text with that of pods that were whole.
func (p *path) check() {
	p.t.Helper()
	if d := cmp.Diff(text(p.other.Resources()...), text(p.w.Resources()...)); d != "" {
		p.t.Fatalf("(-whole +path):\n%s", d)
	}
}

// aPod is a pod of which the spec and the rest are in certain states.
func aPod(uid, name string, spec, rest int) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: "n", Name: name, UID: types.UID(uid), ResourceVersion: fmt.Sprint(rest),
		Labels: map[string]string{"rest": fmt.Sprint(rest)}, ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "m"}},
	}}
	cpu := corev1.ResourceList{corev1.ResourceCPU: *resource.NewMilliQuantity(int64(spec+1), resource.DecimalSI)}
	p.Spec = corev1.PodSpec{
		NodeName: fmt.Sprint("node-", spec), SchedulerName: fmt.Sprint("scheduler-", spec), RestartPolicy: "Always", PriorityClassName: "p",
		Tolerations: make([]corev1.Toleration, spec),
		Containers: []corev1.Container{
			{Name: "c", Image: fmt.Sprint("image-", spec), Resources: corev1.ResourceRequirements{Requests: cpu, Limits: cpu}, WorkingDir: fmt.Sprint(rest)},
		},
		Overhead: cpu,
	}
	if spec == 2 {
		p.Spec.Overhead, p.Spec.Containers[0].Resources.Limits = nil, nil
	}
	p.Status.Phase = []corev1.PodPhase{"Pending", "Running", "Failed"}[rest%3]
	p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "c", RestartCount: int32(rest), Image: "i"}}
	return p
}

// sentPod is the wire form of aPod.
func sentPod(t *testing.T, uid, name string, spec, rest int) []byte {
	t.Helper()
	wire, err := aPod(uid, name, spec, rest).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return wire
}

// TestSpecIsReadOnce holds when a pod is decoded without what is steady, and that
// nothing is missing or old for that.
func TestSpecIsReadOnce(t *testing.T) {
	type step struct {
		uid        string
		kind       watch.EventType
		spec, rest int
		narrow     bool // lacks something when it is decoded
	}
	f := func(name string, config watcher.Config, stale int, batches ...[]step) {
		t.Helper()
		p := newPath(t, config)
		for _, batch := range batches { // what is decoded before any of it is applied
			for _, s := range batch {
				if got := p.send(s.kind, sentPod(t, s.uid, "a", s.spec, s.rest)); got != s.narrow {
					t.Errorf("%s: %+v: lacks something: %v", name, s, got)
				}
			}
			p.apply(len(batch))
			p.check()
		}
		if p.stale != stale {
			t.Errorf("%s: %d did not fit, want %d", name, p.stale, stale)
		}
	}
	one, all := []step{{"1", watch.Added, 0, 0, false}}, watcher.Config{}
	f("status", all, 0, one, []step{{"1", watch.Modified, 0, 1, true}}, []step{{"1", watch.Modified, 0, 2, true}})
	f("nothing", all, 0, one, []step{{"1", watch.Modified, 0, 0, true}})
	f("spec", all, 0, one, []step{{"1", watch.Modified, 1, 0, false}}, []step{{"1", watch.Modified, 1, 1, true}})
	f("spec and back", all, 0, one, []step{{"1", watch.Modified, 2, 0, false}}, []step{{"1", watch.Modified, 0, 1, false}})
	f("spec and back while queued", all, 1, one, []step{{"1", watch.Modified, 1, 1, false}, {"1", watch.Modified, 0, 2, true}},
		[]step{{"1", watch.Modified, 0, 3, true}})
	f("deleted", all, 0, one, []step{{"1", watch.Deleted, 0, 1, true}}, []step{{"1", watch.Added, 0, 2, false}})
	f("deleted and back while queued", all, 1, one, []step{{"1", watch.Deleted, 0, 1, true}, {"1", watch.Added, 0, 2, true}, {"1", watch.Modified, 0, 3, true}})
	f("another of the name", all, 0, one, []step{{"1", watch.Deleted, 0, 1, true}, {"2", watch.Added, 0, 1, false}},
		[]step{{"2", watch.Modified, 0, 2, true}})
	f("two", all, 0, one, []step{{"2", watch.Added, 0, 1, false}}, []step{{"1", watch.Modified, 0, 2, true}, {"2", watch.Modified, 0, 2, true}})
	f("no uid", all, 0, []step{{"", watch.Added, 0, 0, false}}, []step{{"", watch.Modified, 0, 1, false}})
	f("over the limit", watcher.Config{ObjectLimit: 1}, 0, one,
		[]step{{"2", watch.Added, 1, 0, false}}, []step{{"2", watch.Modified, 1, 1, false}, {"1", watch.Deleted, 0, 0, true}},
		[]step{{"2", watch.Modified, 1, 2, false}}, []step{{"2", watch.Modified, 1, 3, true}})
	f("over the limit by then", watcher.Config{ObjectLimit: 1}, 1, one,
		[]step{{"1", watch.Deleted, 0, 0, true}, {"2", watch.Added, 1, 0, false}, {"1", watch.Modified, 0, 1, true}})
	few := watcher.Config{Selection: generators.Selection{Allow: []generators.Pattern{pattern("kube_pod_status_phase"), pattern("kube_pod_scheduler")}}}
	f("some families", few, 0, one, []step{{"1", watch.Modified, 0, 1, true}}, []step{{"1", watch.Modified, 1, 2, false}})
	none := watcher.Config{Selection: generators.Selection{Allow: []generators.Pattern{pattern("none")}}}
	f("no families", none, 0, one, []step{{"1", watch.Modified, 0, 1, true}})
}

// TestSpecIsReadAgainAfterList has a list come between the decoding of changes and
// what becomes of them.
func TestSpecIsReadAgainAfterList(t *testing.T) {
	p := newPath(t, watcher.Config{})
	f := func(streamed bool, listed, sent int, narrow bool, stale int) {
		t.Helper()
		if got := p.send(watch.Modified, sentPod(t, "1", "a", sent, 1)); got != narrow {
			t.Errorf("spec %d: lacks something: %v", sent, got)
		}
		p.list(streamed, sentPod(t, "1", "a", listed, 2))
		p.apply(1)
		p.check()
		if p.stale != stale {
			t.Errorf("%d did not fit, want %d", p.stale, stale)
		}
	}
	f(false, 0, 0, false, 0)
	f(false, 0, 0, true, 1) // what comes in a list that is not streamed is not known
	f(false, 1, 0, true, 2)
	f(true, 0, 0, true, 2)
	f(true, 1, 0, true, 3)
	f(true, 0, 1, false, 3)
	f(true, 1, 1, true, 3)
	p.list(true)
	p.check()
	f(true, 1, 1, false, 3)
	w := p.narrow
	p.list(true, sentPod(t, "1", "a", 1, 7), sentPod(t, "2", "b", 1, 7))
	if p.check(); p.narrow != w+1 {
		t.Errorf("of a list %d lacked something, want 1", p.narrow-w)
	}
	// A change and the way back come before the end of the list.
	w = p.narrow
	p.list(true, sentPod(t, "1", "a", 0, 8), sentPod(t, "1", "a", 1, 9))
	if p.check(); p.narrow != w+1 {
		t.Errorf("of a list with changes %d lacked something, want 1", p.narrow-w)
	}
}

// TestSpecTwice has forms that no API server sends: two specs, of which decoders make
// one, and none.
func TestSpecTwice(t *testing.T) {
	p := newPath(t, watcher.Config{})
	once := sentPod(t, "1", "a", 0, 0)
	spec, err := (&corev1.PodSpec{NodeName: "other"}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	without, err := (&metav1.PartialObjectMetadata{ObjectMeta: aPod("1", "a", 0, 0).ObjectMeta}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	f := func(wire []byte, narrow bool) {
		t.Helper()
		if got := p.send(watch.Modified, wire); got != narrow {
			t.Errorf("%q lacks something: %v", wire, got)
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

// TestRandomPaths holds the text of pods that come by a stream to that of whole
// ones, whatever comes when.
func TestRandomPaths(t *testing.T) {
	narrow, stale := 0, 0
	for seed := range uint64(10) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		p := newPath(t, watcher.Config{ObjectLimit: []int64{0, 4}[seed%2]})
		for range 500 {
			p.step(rnd)
			if rnd.IntN(5) == 0 {
				p.check()
			}
		}
		p.apply(len(p.queue))
		p.check()
		narrow, stale = narrow+p.narrow, stale+p.stale
	}
	if narrow < 500 || stale < 50 {
		t.Errorf("of %d pods that lacked something, %d did not fit the text", narrow, stale)
	}
}

// step does one of the things that can happen.
func (p *path) step(rnd *rand.Rand) {
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
			p.queue = nil // of a watch that has ended
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
	case p.narrow > 30:
		gone := sharding.Even(rnd.IntN(16), 16)
		p.w.Drop(gone)
		p.other.Drop(gone)
	}
}

// TestParcelsArriveOnce holds that the memory of an object is not looked at once it
// is given to others.
func TestParcelsArriveOnce(t *testing.T) {
	p := newPath(t, watcher.Config{})
	p.send(watch.Added, sentPod(t, "1", "a", 0, 0))
	p.send(watch.Added, sentPod(t, "2", "b", 1, 1))
	first := p.queue[0].decoded
	p.apply(2)
	if err := p.feed.Update(first); err == nil || err.Error() != "the object was given before" {
		t.Errorf("again: %v", err)
	}
	if o := first.(metav1.Object); o.GetUID() != "" || o.GetName() != "" {
		t.Errorf("it is %s still", o.GetName())
	}
	p.check()
}

// TestFollowProtobuf follows an API server through client-go, beside a feed that gets
// the same pods whole.
func TestFollowProtobuf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		resources := []generators.Resource{&generators.Pods}
		f := follow(t, watcher.Config{Resources: resources})
		other := newWatcher(watcher.Config{Resources: resources}, prometheus.NewRegistry(), aboutFamilies())
		q := f.next(t).want("stream " + anyPods).frames()
		for i := range 20 {
			p := aPod(fmt.Sprint("uid-", i), fmt.Sprint("pod-", i), i%3, i)
			q.frame("ADDED", served(p, "1"))
			if err := other.Feeds()[0].Add(p); err != nil {
				t.Fatal(err)
			}
		}
		f.holds(t, "", podsUnsynced)
		end := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{metav1.InitialEventsAnnotationKey: "true"}}}
		q.frame("BOOKMARK", served(end, "2"))
		f.holds(t, text(other.Resources()...), nil)
		if !f.w.Feeds()[0].Knows("uid-7") {
			t.Error("changes of the status are not told apart")
		}
		for i := range 300 {
			p := aPod(fmt.Sprint("uid-", i%20), fmt.Sprint("pod-", i%20), i/100, i) // of which the spec changes every hundred
			q.frame("MODIFIED", served(p, fmt.Sprint(3+i)))
			if err := other.Feeds()[0].Update(p); err != nil {
				t.Fatal(err)
			}
			if i%50 == 0 {
				f.holds(t, text(other.Resources()...), nil)
			}
		}
		q.frame("DELETED", served(aPod("uid-7", "pod-7", 2, 0), "999"))
		if err := other.Feeds()[0].Delete(aPod("uid-7", "pod-7", 0, 0)); err != nil {
			t.Fatal(err)
		}
		f.holds(t, text(other.Resources()...), nil)
		f.logged(t)
	})
}
