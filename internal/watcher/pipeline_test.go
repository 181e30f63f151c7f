package watcher_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"testing"

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
	"github.com/kubestate/kubestate/internal/watcher"
)

// A stream is a watch whose response the test writes. It is an http.RoundTripper.
type stream struct {
	*apiclient.Stream
	response bytes.Buffer
}

// openStream opens a watch of a resource, whose content is that of a sink.
func openStream(t testing.TB, r generators.Resource, sink *watcher.Sink) *stream {
	t.Helper()
	s := &stream{}
	client, err := apiclient.New(&rest.Config{Host: "http://api", Transport: s}, builtin)
	if err != nil {
		t.Fatal(err)
	}
	pods := client.Resource(r, apiclient.Options{
		Fingerprint: sink.Basis, Metrics: apiclient.NewMetrics(prometheus.NewRegistry()), Log: slog.New(slog.DiscardHandler),
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
// sink. Another watcher gets every pod whole.
type path struct {
	t              *testing.T
	w, other       *watcher.Watcher
	sink, whole    *watcher.Sink
	stream         *stream
	queue          []queued
	partial, stale int // pods that were partial, and those of them whose stored spec had changed when they were applied
}

// queued is a change that the sinks have not seen yet.
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
	p.sink, p.whole = p.w.Sinks()[0], p.other.Sinks()[0]
	p.stream = openStream(t, &generators.Pods, p.sink)
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
		if !p.sink.Has(q.decoded) {
			continue
		}
		if q.kind == watch.Deleted {
			p.sink.Delete(q.decoded)
			p.whole.Delete(q.whole)
			continue
		}
		if isPartial(q.decoded) && p.sink.Basis([]byte(listwatch.Key(q.whole))) != q.decoded.(*apiclient.Lazy).Fingerprint() {
			p.stale++
		}
		p.both(p.sink.Set(q.decoded), p.whole.Set(q.whole))
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
	p.both(p.sink.Replace(decoded...), p.whole.Replace(wholes...))
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
