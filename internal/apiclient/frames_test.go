package apiclient_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/kubestate/kubestate/internal/apiclient"
)

// filtering are the options of a client that chooses the pods of uid "ours".
func filtering() apiclient.Options {
	o := options()
	o.Wants = func(_, uid []byte) bool { return string(uid) == "ours" }
	return o
}

// newPod is a pod as an API server sends it.
func newPod(name, uid, version string) *corev1.Pod {
	return &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: name, UID: types.UID(uid), ResourceVersion: version},
	}
}

// frame is an event as an API server sends it, after its length in four bytes.
func frame(t testing.TB, kind string, o runtime.Object) []byte {
	t.Helper()
	var event bytes.Buffer
	info, _ := runtime.SerializerInfoForMediaType(scheme.Codecs.SupportedMediaTypes(), runtime.ContentTypeProtobuf)
	raw := runtime.RawExtension{Raw: encoded(t, runtime.ContentTypeProtobuf, o)}
	if err := info.StreamSerializer.Encode(&metav1.WatchEvent{Type: kind, Object: raw}, &event); err != nil {
		t.Fatal(err)
	}
	return append(binary.BigEndian.AppendUint32(nil, uint32(event.Len())), event.Bytes()...)
}

// TestListsAreFiltered decodes a protobuf list. Its objects are filtered before they are decoded.
func TestListsAreFiltered(t *testing.T) {
	list := &corev1.PodList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PodList"}, ListMeta: metav1.ListMeta{ResourceVersion: "7"}}
	list.Items = []corev1.Pod{*newPod("x", "theirs", "1"), *newPod("y", "ours", "2"), *newPod("z", "theirs", "3")}
	for i := range list.Items {
		list.Items[i].TypeMeta = metav1.TypeMeta{} // only the list has one
	}
	d, err := apiclient.NewNegotiator(pods, filtering()).Decoder(runtime.ContentTypeProtobuf, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := d.Decode(encoded(t, runtime.ContentTypeProtobuf, list), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := &corev1.PodList{ListMeta: list.ListMeta, Items: list.Items[1:2]}
	if d := cmp.Diff(runtime.Object(want), got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestEventsAreFiltered reads a watch. Events of objects that the filter does not choose are
// dropped before they are decoded.
func TestEventsAreFiltered(t *testing.T) {
	var stream bytes.Buffer
	write := func(kind string, o runtime.Object) { stream.Write(frame(t, kind, o)) }
	write("ADDED", newPod("x", "theirs", "1"))
	write("ADDED", newPod("y", "ours", "1"))
	write("MODIFIED", newPod("x", "theirs", "1"))
	write("DELETED", newPod("x", "theirs", "1"))
	write("BOOKMARK", newPod("", "", "2"))
	write("ERROR", &metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}})
	write("DELETED", newPod("y", "ours", "3"))
	write("ADDED", newPod(strings.Repeat("x", 4096), "theirs", "1")) // does not fit into the buffer at first
	s := openWatch(t, filtering(), &stream)
	for _, want := range []watch.EventType{watch.Added, watch.Bookmark, watch.Error, watch.Deleted} {
		if e, err := s.Next(); e.Type != want || err != nil {
			t.Errorf("got %v, %v, want %s", e, err, want)
		}
	}
	if e, err := s.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v, %v", e, err)
	}
}

// TestDroppedEventsDoNotAllocate checks that a dropped event costs no allocation of ours.
func TestDroppedEventsDoNotAllocate(t *testing.T) {
	const runs, dropped = 5, 1000
	foreign, own := frame(t, "MODIFIED", newPod("x", "theirs", "1")), frame(t, "MODIFIED", newPod("y", "ours", "1"))
	once := append(bytes.Repeat(foreign, dropped), own...)
	s := openWatch(t, filtering(), bytes.NewReader(bytes.Repeat(once, runs+1)))
	allocs := testing.AllocsPerRun(runs, func() {
		if e, err := s.Next(); err != nil || e.Object.(metav1.Object).GetName() != "y" {
			t.Errorf("got %v, %v", e, err)
		}
	})
	// A read of the connection allocates its deadline.
	if allocs > 100 {
		t.Errorf("%v allocations for %d dropped events", allocs, dropped)
	}
}
