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

// openStream opens a watch of a resource for a sink.
func openStream(t testing.TB, r generators.Resource, sink *watcher.Sink) *stream {
	t.Helper()
	s := &stream{}
	client, err := apiclient.New(&rest.Config{Host: "http://api", Transport: s}, builtin)
	if err != nil {
		t.Fatal(err)
	}
	pods := client.Resource(r, apiclient.Options{
		Fingerprint: sink.Fingerprint, Metrics: apiclient.NewMetrics(prometheus.NewRegistry()), Log: slog.New(slog.DiscardHandler),
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

// receive returns the object of the event in a frame.
func (s *stream) receive(t testing.TB, frame []byte) metav1.Object {
	t.Helper()
	s.response.Write(frame)
	event, err := s.Next()
	if err != nil {
		t.Fatal(err)
	}
	return event.Object.(metav1.Object)
}

// frameOf returns an event as an API server sends it: its length in four bytes, and the event.
func frameOf(t testing.TB, kind watch.EventType, object []byte) []byte {
	t.Helper()
	var event bytes.Buffer
	info, _ := runtime.SerializerInfoForMediaType(scheme.Codecs.SupportedMediaTypes(), runtime.ContentTypeProtobuf)
	if err := info.StreamSerializer.Encode(&metav1.WatchEvent{Type: string(kind), Object: runtime.RawExtension{Raw: object}}, &event); err != nil {
		t.Fatal(err)
	}
	return append(binary.BigEndian.AppendUint32(nil, uint32(event.Len())), event.Bytes()...)
}

// A pipeline takes pods from a watch to their text: a stream, a queue, and a sink. Another sink
// gets completely decoded pods.
type pipeline struct {
	t              *testing.T
	w, reference   *watcher.Watcher
	sink, complete *watcher.Sink
	stream         *stream
	queue          []queued
	partial, stale int // partial pods, and those whose stored spec had changed before they were applied
}

// queued is a decoded event that is not applied yet.
type queued struct {
	kind     watch.EventType
	decoded  metav1.Object
	complete *corev1.Pod
}

func newPipeline(t *testing.T, config watcher.Config) *pipeline {
	t.Helper()
	config.Resources = []generators.Resource{&generators.Pods}
	p := &pipeline{
		t:         t,
		w:         newWatcher(config, prometheus.NewRegistry(), aboutFamilies()),
		reference: newWatcher(config, prometheus.NewRegistry(), aboutFamilies()),
	}
	p.sink, p.complete = p.w.Sinks()[0], p.reference.Sinks()[0]
	p.stream = openStream(t, &generators.Pods, p.sink)
	return p
}

// decode decodes the wire form of a pod, and reports whether the result is partial.
func (p *pipeline) decode(kind watch.EventType, wire []byte) (decoded metav1.Object, complete *corev1.Pod, partial bool) {
	p.t.Helper()
	complete = &corev1.Pod{}
	if err := complete.Unmarshal(wire); err != nil {
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
	return decoded, complete, partial
}

// isPartial reports whether an object lacks fields that only spec-only families read.
func isPartial(o metav1.Object) bool {
	l, ok := o.(*apiclient.Lazy)
	return ok && l.Partial()
}

// send queues an event, and reports whether its object is partial.
func (p *pipeline) send(kind watch.EventType, wire []byte) (partial bool) {
	p.t.Helper()
	decoded, complete, partial := p.decode(kind, wire)
	p.queue = append(p.queue, queued{kind, decoded, complete})
	return partial
}

// apply applies up to n events of the queue.
func (p *pipeline) apply(n int) {
	p.t.Helper()
	for ; n > 0 && len(p.queue) > 0; n-- {
		q := p.queue[0]
		p.queue = p.queue[1:]
		if !p.sink.Has(q.decoded) {
			continue
		}
		if q.kind == watch.Deleted {
			p.sink.Delete(q.decoded)
			p.complete.Delete(q.complete)
			continue
		}
		if isPartial(q.decoded) && p.sink.Fingerprint([]byte(listwatch.Key(q.complete))) != q.decoded.(*apiclient.Lazy).Fingerprint() {
			p.stale++
		}
		p.both(p.sink.Set(q.decoded), p.complete.Set(q.complete))
	}
}

// list replaces all pods, by a streamed list or by one in pages.
func (p *pipeline) list(streamed bool, wires ...[]byte) {
	p.t.Helper()
	var decoded, completes []metav1.Object
	for _, wire := range wires {
		d, complete, _ := p.decode(watch.Added, wire)
		decoded, completes = append(decoded, d), append(completes, complete)
	}
	if !streamed {
		decoded = completes
	}
	p.both(p.sink.Replace(decoded...), p.complete.Replace(completes...))
}

func (p *pipeline) both(err, otherErr error) {
	p.t.Helper()
	if err != nil || otherErr != nil {
		p.t.Fatal(err, otherErr)
	}
}

// check compares the text with that of completely decoded pods.
func (p *pipeline) check() {
	p.t.Helper()
	if d := cmp.Diff(text(p.reference.Resources()...), text(p.w.Resources()...)); d != "" {
		p.t.Fatalf("(-complete +pipeline):\n%s", d)
	}
}

// aPod returns a pod in a state of its spec and a state of its reference fields.
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

// sentPod returns aPod in protobuf.
func sentPod(t *testing.T, uid, name string, spec, rest int) []byte {
	t.Helper()
	wire, err := aPod(uid, name, spec, rest).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return wire
}
