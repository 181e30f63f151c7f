package projection_test

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/kubestate/kubestate/internal/projection"
)

// envelope is what an API server sends of an object.
func envelope(tb testing.TB, o runtime.Object) []byte {
	tb.Helper()
	info, _ := runtime.SerializerInfoForMediaType(scheme.Codecs.SupportedMediaTypes(), runtime.ContentTypeProtobuf)
	b, err := runtime.Encode(info.Serializer, o)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func TestOpen(t *testing.T) {
	pod := fullPod()
	pod.APIVersion, pod.Kind = "v1", "Pod"
	e, ok := projection.Open(envelope(t, pod))
	if !ok || string(e.APIVersion) != "v1" || string(e.Kind) != "Pod" || !bytes.Equal(e.Object, wireOf(t, pod)) {
		t.Errorf("%v, %s %s, %q", ok, e.APIVersion, e.Kind, e.Object)
	}
	f := func(name, b string) {
		t.Helper()
		if e, ok := projection.Open([]byte(b)); ok {
			t.Errorf("%s is open: %q", name, e)
		}
	}
	f("nothing", "")
	f("the beginning of magic", "k8s")
	f("JSON", `{"kind":"Pod"}`)
	f("no message", "k8s\x00\x0a")
	f("a type that is no message", "k8s\x00\x0a\x01\x0a")
	f("two types", "k8s\x00\x0a\x00\x0a\x00")
	f("another encoding", "k8s\x00\x1a\x04gzip")
	if _, ok := projection.Open([]byte("k8s\x00")); !ok {
		t.Error("an empty message is none")
	}
}

func TestOpenEvent(t *testing.T) {
	event := &metav1.WatchEvent{Type: "ADDED", Object: runtime.RawExtension{Raw: []byte("k8s\x00whatever")}}
	kind, object, ok := projection.OpenEvent(wireOf(t, event))
	if !ok || string(kind) != event.Type || !bytes.Equal(object, event.Object.Raw) {
		t.Errorf("%v, %s, %q", ok, kind, object)
	}
	for _, bad := range []string{"\x0a", "\x12\x01\x0a"} {
		if _, _, ok := projection.OpenEvent([]byte(bad)); ok {
			t.Errorf("%q is an event", bad)
		}
	}
}

func TestIdentity(t *testing.T) {
	f := func(wire []byte, want string) {
		t.Helper()
		namespace, uid := projection.Identity(wire)
		if got := string(namespace) + "/" + string(uid); got != want {
			t.Errorf("%q is %q, want %q", wire, got, want)
		}
	}
	pod := fullPod()
	f(wireOf(t, pod), "/")
	pod.UID = "8d6c"
	f(wireOf(t, pod), pod.Namespace+"/8d6c")
	f(wireOf(t, &corev1.Node{ObjectMeta: metav1.ObjectMeta{UID: "1"}}), "/1")
	f(nil, "/")
	f([]byte("\x0a"), "/")
	f([]byte("\x0a\x01\x0a"), "/")
	f([]byte("\x0a\x03\x2a\x011\x0a\x03\x1a\x01n"), "/")  // metadata twice
	f([]byte("\x0a\x09\x2a\x011\x1a\x01a\x1a\x01b"), "/") // its namespace twice
	b := wireOf(t, pod)
	if n := testing.AllocsPerRun(10, func() { projection.Identity(b) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestUIDAnd(t *testing.T) {
	spec := projection.Number(reflect.TypeFor[*corev1.Pod](), "spec")
	pod := fullPod()
	pod.UID = "8d6c"
	wire := wireOf(t, pod)
	f := func(name string, wire []byte, wantID, want string) {
		t.Helper()
		id, value := projection.UIDAnd(spec, wire)
		if string(id) != wantID || string(value) != want {
			t.Errorf("%s: %q and %q, want %q and %q", name, id, value, wantID, want)
		}
	}
	f("both", wire, "8d6c", string(wireOf(t, &pod.Spec)))
	f("no uid", wireOf(t, fullPod()), "", string(wireOf(t, &pod.Spec)))
	f("no spec", wireOf(t, &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{UID: "1"}}), "1", "")
	f("two specs", append(slices.Clone(wire), "\x12\x00"...), "", "")
	f("a bad end", append(slices.Clone(wire), "\x12"...), "", "")
	f("nothing", nil, "", "")
	if n := testing.AllocsPerRun(10, func() { projection.UIDAnd(spec, wire) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzOpen checks the opening of envelopes and events to the decoding of them.
func FuzzOpen(f *testing.F) {
	pod := fullPod()
	pod.APIVersion, pod.Kind = "v1", "Pod"
	e := envelope(f, pod)
	f.Add(e)
	f.Add(wireOf(f, &metav1.WatchEvent{Type: "ADDED", Object: runtime.RawExtension{Raw: e}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if kind, object, ok := projection.OpenEvent(b); ok {
			var event metav1.WatchEvent
			if event.Unmarshal(b) == nil && (event.Type != string(kind) || !bytes.Equal(event.Object.Raw, object)) {
				t.Errorf("%q %q, want %q %q", kind, object, event.Type, event.Object.Raw)
			}
		}
		if e, ok := projection.Open(b); ok {
			var u runtime.Unknown
			if u.Unmarshal(b[4:]) == nil && (u.Kind != string(e.Kind) || u.APIVersion != string(e.APIVersion) || !bytes.Equal(u.Raw, e.Object)) {
				t.Errorf("%q, want %v", e, u)
			}
			var object metav1.PartialObjectMetadata
			if in, id := projection.Identity(e.Object); len(id) > 0 && object.Unmarshal(e.Object) == nil &&
				(string(object.UID) != string(id) || object.Namespace != string(in)) {
				t.Errorf("%q/%q, want %q/%q", in, id, object.Namespace, object.UID)
			}
		}
	})
}
