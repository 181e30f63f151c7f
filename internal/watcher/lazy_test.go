package watcher_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
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
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/apiclient"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/listwatch"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/watcher"
)

// A stream is a watch whose response the test writes. It is an http.RoundTripper.
type stream struct {
	*apiclient.Stream
	response bytes.Buffer
}

// openStream opens a watch of a resource, whose content is that of a feed.
func openStream(t testing.TB, r generators.Resource, feed *watcher.Feed) *stream {
	t.Helper()
	s := &stream{}
	client, err := apiclient.New(&rest.Config{Host: "http://api", Transport: s}, builtin)
	if err != nil {
		t.Fatal(err)
	}
	pods := client.Resource(r, apiclient.Options{
		Fingerprint: feed.Basis, Metrics: apiclient.NewMetrics(prometheus.NewRegistry()), Log: slog.New(slog.DiscardHandler),
	})
	if s.Stream, err = pods.Watch(t.Context(), apiclient.Query{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// RoundTrip responds to a watch request.
func (s *stream) RoundTrip(*http.Request) (*http.Response, error) {
	header := http.Header{"Content-Type": {runtime.ContentTypeProtobuf + ";stream=watch"}}
	return &http.Response{StatusCode: http.StatusOK, Header: header, Body: io.NopCloser(&s.response)}, nil
}

// receive gives the object of the event in a frame.
func (s *stream) receive(t testing.TB, frame []byte) metav1.Object {
	t.Helper()
	s.response.Write(frame)
	event, err := s.Next()
	if err != nil {
		t.Fatal(err)
	}
	return event.Object.(metav1.Object)
}

// frameOf is an event as an API server sends it: its length in four bytes, and the event.
func frameOf(t testing.TB, kind watch.EventType, object []byte) []byte {
	t.Helper()
	var event bytes.Buffer
	info, _ := runtime.SerializerInfoForMediaType(scheme.Codecs.SupportedMediaTypes(), runtime.ContentTypeProtobuf)
	if err := info.StreamSerializer.Encode(&metav1.WatchEvent{Type: string(kind), Object: runtime.RawExtension{Raw: object}}, &event); err != nil {
		t.Fatal(err)
	}
	return append(binary.BigEndian.AppendUint32(nil, uint32(event.Len())), event.Bytes()...)
}

// A path is the way of pods from a watch to their text: the stream, a queue behind it, and the
// feed. Another watcher gets every pod whole.
type path struct {
	t              *testing.T
	w, other       *watcher.Watcher
	feed, whole    *watcher.Feed
	stream         *stream
	queue          []queued
	partial, stale int // pods that were partial, and those of them whose stored spec had changed when they were applied
}

// queued is a change that the feeds have not seen yet.
type queued struct {
	kind    watch.EventType
	decoded metav1.Object
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
	p.feed, p.whole = p.w.Feeds()[0], p.other.Feeds()[0]
	p.stream = openStream(t, &generators.Pods, p.feed)
	return p
}

// decode decodes the wire form of a pod, and reports whether the result is partial.
func (p *path) decode(kind watch.EventType, wire []byte) (decoded metav1.Object, whole *corev1.Pod, partial bool) {
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
	decoded = p.stream.receive(p.t, frameOf(p.t, kind, append([]byte("k8s\x00"), b...)))
	if partial = isPartial(decoded); partial {
		p.partial++
	}
	return decoded, whole, partial
}

// isPartial reports whether an object lacks fields that only spec-only families read.
func isPartial(o metav1.Object) bool {
	l, ok := o.(*apiclient.Lazy)
	return ok && l.Partial()
}

// send decodes a change, and reports whether its object is partial.
func (p *path) send(kind watch.EventType, wire []byte) (partial bool) {
	p.t.Helper()
	decoded, whole, partial := p.decode(kind, wire)
	p.queue = append(p.queue, queued{kind, decoded, whole})
	return partial
}

// apply applies the next changes, at most n.
func (p *path) apply(n int) {
	p.t.Helper()
	for ; n > 0 && len(p.queue) > 0; n-- {
		q := p.queue[0]
		p.queue = p.queue[1:]
		if !p.feed.Has(q.decoded) {
			continue
		}
		if q.kind == watch.Deleted {
			p.feed.Delete(q.decoded)
			p.whole.Delete(q.whole)
			continue
		}
		if isPartial(q.decoded) && p.feed.Basis([]byte(listwatch.Key(q.whole))) != q.decoded.(*apiclient.Lazy).Fingerprint() {
			p.stale++
		}
		p.both(p.feed.Set(q.decoded), p.whole.Set(q.whole))
	}
}

// list replaces all pods, by a streamed list or by one in pages.
func (p *path) list(streamed bool, wires ...[]byte) {
	p.t.Helper()
	var decoded, wholes []metav1.Object
	for _, wire := range wires {
		d, whole, _ := p.decode(watch.Added, wire)
		decoded, wholes = append(decoded, d), append(wholes, whole)
	}
	if !streamed {
		decoded = wholes
	}
	p.both(p.feed.Replace(decoded...), p.whole.Replace(wholes...))
}

func (p *path) both(err, otherErr error) {
	p.t.Helper()
	if err != nil || otherErr != nil {
		p.t.Fatal(err, otherErr)
	}
}

// check compares the text with that of whole pods.
func (p *path) check() {
	p.t.Helper()
	if d := cmp.Diff(text(p.other.Resources()...), text(p.w.Resources()...)); d != "" {
		p.t.Fatalf("(-whole +path):\n%s", d)
	}
}

// aPod is a pod whose spec has one state and whose other fields have another.
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

// TestSpecIsDecodedOnce holds which pods are partial, and that their text is that of whole ones.
func TestSpecIsDecodedOnce(t *testing.T) {
	type step struct {
		uid        string
		kind       watch.EventType
		spec, rest int
		partial    bool // when it is decoded
	}
	f := func(name string, config watcher.Config, stale int, batches ...[]step) {
		t.Helper()
		p := newPath(t, config)
		for _, batch := range batches { // each decoded before any of it is applied
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

// TestSpecIsDecodedAgainAfterList has a list replace the content between the decoding of a change
// and its rendering.
func TestSpecIsDecodedAgainAfterList(t *testing.T) {
	p := newPath(t, watcher.Config{})
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
	// A change and the way back come before the end of the list.
	n = p.partial
	p.list(true, sentPod(t, "1", "a", 0, 8), sentPod(t, "1", "a", 1, 9))
	if p.check(); p.partial != n+1 {
		t.Errorf("of a list with changes %d were partial, want 1", p.partial-n)
	}
}

// TestSpecTwice has wire forms that no API server sends: with two specs, which decoders merge,
// and with none.
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

// TestRandomPaths compares the text of pods of a stream with that of whole ones, after random
// sequences of changes, lists and losses of the shard.
func TestRandomPaths(t *testing.T) {
	partial, stale := 0, 0
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
		partial, stale = partial+p.partial, stale+p.stale
	}
	if partial < 500 || stale < 50 {
		t.Errorf("of %d partial pods, %d were stale", partial, stale)
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
			p.queue = nil // of a watch that ended
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
		gone := sharding.Even(rnd.IntN(16), 16)
		p.w.Drop(gone)
		p.other.Drop(gone)
	}
}

// TestObjectsAreReleasedOnce holds that an object has no content once its memory is given to
// others.
func TestObjectsAreReleasedOnce(t *testing.T) {
	p := newPath(t, watcher.Config{})
	p.send(watch.Added, sentPod(t, "1", "a", 0, 0))
	p.send(watch.Added, sentPod(t, "2", "b", 1, 1))
	first := p.queue[0].decoded
	p.apply(2)
	if err := p.feed.Set(first); err == nil || err.Error() != "BUG: the object was released before" {
		t.Errorf("again: %v", err)
	}
	if first.GetUID() != "" || first.GetName() != "" {
		t.Errorf("it is still %s", first.GetName())
	}
	p.check()
}

// TestFollowProtobuf follows an API server that sends protobuf, beside a feed that gets the same
// pods whole.
func TestFollowProtobuf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		resources := []generators.Resource{&generators.Pods}
		f := follow(t, watcher.Config{Resources: resources})
		other := newWatcher(watcher.Config{Resources: resources}, prometheus.NewRegistry(), aboutFamilies())
		q := f.next(t).want("stream " + anyPods).frames()
		for i := range 20 {
			p := aPod(fmt.Sprint("uid-", i), fmt.Sprint("pod-", i), i%3, i)
			q.frame("ADDED", served(p, "1"))
			if err := other.Feeds()[0].Set(p); err != nil {
				t.Fatal(err)
			}
		}
		f.holds(t, "", podsUnsynced)
		end := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{metav1.InitialEventsAnnotationKey: "true"}}}
		q.frame("BOOKMARK", served(end, "2"))
		f.holds(t, text(other.Resources()...), nil)
		if f.w.Feeds()[0].Basis([]byte("uid-7")) == 0 {
			t.Error("a streamed list stores no fingerprints")
		}
		for i := range 300 {
			p := aPod(fmt.Sprint("uid-", i%20), fmt.Sprint("pod-", i%20), i/100, i) // its spec changes every hundred
			q.frame("MODIFIED", served(p, fmt.Sprint(3+i)))
			if err := other.Feeds()[0].Set(p); err != nil {
				t.Fatal(err)
			}
			if i%50 == 0 {
				f.holds(t, text(other.Resources()...), nil)
			}
		}
		q.frame("DELETED", served(aPod("uid-7", "pod-7", 2, 0), "999"))
		other.Feeds()[0].Delete(aPod("uid-7", "pod-7", 0, 0))
		f.holds(t, text(other.Resources()...), nil)
		f.logged(t)
	})
}
