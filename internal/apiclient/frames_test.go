package apiclient_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/kubestate/kubestate/internal/apiclient"
)

// only is a Filter that chooses one uid.
type only string

func (only) All() bool                 { return false }
func (uid only) Wants(got []byte) bool { return string(got) == string(uid) }

// filtering are the options of a client that chooses the pods of uid "ours".
func filtering() apiclient.Options {
	o := options()
	o.Filter = only("ours")
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

// TestEventsAreFiltered reads the frames of a watch into buffers of several sizes. Events of
// objects that the filter does not choose are dropped before they are decoded.
func TestEventsAreFiltered(t *testing.T) {
	_, events, framer, err := apiclient.NewNegotiator(pods, filtering()).StreamDecoder(runtime.ContentTypeProtobuf, nil)
	if err != nil {
		t.Fatal(err)
	}
	var stream bytes.Buffer
	write := func(kind string, o runtime.Object) { stream.Write(frame(t, kind, o)) }
	write("ADDED", newPod("x", "theirs", "1"))
	write("ADDED", newPod("y", "ours", "1"))
	write("MODIFIED", newPod("x", "theirs", "1"))
	write("DELETED", newPod("x", "theirs", "1"))
	write("BOOKMARK", newPod("", "", "2"))
	write("ERROR", &metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}})
	write("DELETED", newPod("y", "ours", "3"))
	write("ADDED", newPod("x", "theirs", "1"))
	read := func(size int) (kinds []string) {
		r := framer.NewFrameReader(io.NopCloser(bytes.NewReader(stream.Bytes())))
		buffer, length := make([]byte, size), 0
		for {
			n, err := r.Read(buffer[length:])
			if length += n; errors.Is(err, io.ErrShortBuffer) {
				buffer = append(buffer, make([]byte, 256)...)
				continue
			}
			if err != nil {
				return kinds
			}
			var event metav1.WatchEvent
			if _, _, err := events.Decode(buffer[:length], nil, &event); err != nil {
				t.Fatal(err)
			}
			kinds, length = append(kinds, event.Type), 0
		}
	}
	want := []string{"ADDED", "BOOKMARK", "ERROR", "DELETED"}
	if d := cmp.Diff(want, read(4096)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	// The first event does not fit into the buffer: it is filtered when it is decoded.
	if d := cmp.Diff(append([]string{"ADDED"}, want...), read(16)); d != "" {
		t.Errorf("in a small buffer (-want +got):\n%s", d)
	}
	// The rest of a frame is not an event, even if it has the form of one to drop.
	foreign := frame(t, "ADDED", newPod("x", "theirs", "1"))[4:]
	inside := append(binary.BigEndian.AppendUint32(nil, uint32(16+len(foreign))), make([]byte, 16)...)
	parts := framer.NewFrameReader(io.NopCloser(bytes.NewReader(append(inside, foreign...))))
	if _, err := parts.Read(make([]byte, 16)); err == nil {
		t.Error("a part of a frame is taken for the whole")
	}
	if n, err := parts.Read(make([]byte, 4096)); n != len(foreign) || err != nil {
		t.Errorf("the rest of a frame has %d bytes, %v, want %d", n, err, len(foreign))
	}
}

// TestDroppedEventsDoNotAllocate holds that a dropped event costs no allocation of ours.
func TestDroppedEventsDoNotAllocate(t *testing.T) {
	_, _, framer, err := apiclient.NewNegotiator(pods, filtering()).StreamDecoder(runtime.ContentTypeProtobuf, nil)
	if err != nil {
		t.Fatal(err)
	}
	const dropped = 1000
	frames := bytes.Repeat(frame(t, "MODIFIED", newPod("x", "theirs", "1")), dropped)
	buffer := make([]byte, 4096)
	allocs := testing.AllocsPerRun(5, func() {
		if n, err := framer.NewFrameReader(io.NopCloser(bytes.NewReader(frames))).Read(buffer); n > 0 || !errors.Is(err, io.EOF) {
			t.Errorf("read %d bytes, %v", n, err)
		}
	})
	if allocs > dropped+10 { // client-go's framer allocates the length of each frame
		t.Errorf("%v allocations for %d dropped events", allocs, dropped)
	}
}
