package apiclient_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/apiclient"
)

// responder responds to every request with a body of protobuf events.
type responder struct{ body io.Reader }

func (r responder) RoundTrip(*http.Request) (*http.Response, error) {
	header := http.Header{"Content-Type": {runtime.ContentTypeProtobuf + ";stream=watch"}}
	return &http.Response{StatusCode: http.StatusOK, Header: header, Body: io.NopCloser(r.body)}, nil
}

// openWatch opens a watch of pods whose response is body.
func openWatch(t *testing.T, o apiclient.Options, body io.Reader) *apiclient.Stream {
	t.Helper()
	o.Log = slog.New(slog.DiscardHandler)
	c := newClient(t, &rest.Config{Host: "http://api", Transport: responder{body}})
	s, err := c.Resource(pods, o).Watch(t.Context(), apiclient.Query{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// TestStreamEnds checks that the end of a watch is told from an event that cannot be decoded.
func TestStreamEnds(t *testing.T) {
	event := frame(t, "ADDED", newPod("x", "ours", "1"))
	next := func(s *apiclient.Stream) {
		t.Helper()
		e, err := s.Next()
		if err != nil {
			t.Fatal(err)
		}
		if o, ok := e.Object.(metav1.Object); e.Type != watch.Added || !ok || o.GetName() != "x" {
			t.Errorf("got %v", e)
		}
	}
	open := func(body io.Reader) *apiclient.Stream { return openWatch(t, options(), body) }
	ends := func(name string, rest io.Reader) {
		t.Helper()
		s := open(io.MultiReader(bytes.NewReader(event), rest))
		next(s)
		if _, err := s.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ends("response", &bytes.Buffer{})
	ends("response within an event", bytes.NewReader(event[:10]))
	ends("connection", iotest.ErrReader(errors.New("connection reset")))
	ends("connection within an event", io.MultiReader(bytes.NewReader(event[:10]), iotest.ErrReader(errors.New("connection reset"))))

	s := open(bytes.NewReader(slices.Concat(event, []byte{0, 0, 0, 1, 0x0a}, event)))
	next(s)
	if _, err := s.Next(); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("an event that cannot be decoded: %v", err)
	}
	next(s)

	s = open(iotest.DataErrReader(bytes.NewReader(slices.Concat(event, []byte{0, 0, 0, 1, 0x0a}))))
	next(s)
	if _, err := s.Next(); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("an event that cannot be decoded, read together with the end: %v", err)
	}
	if _, err := s.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("after it: %v", err)
	}
}

// TestEvents decodes events of each type.
func TestEvents(t *testing.T) {
	f := func(kind string, known bool) {
		t.Helper()
		pod := newPod("x", "ours", "1")
		s := openWatch(t, options(), bytes.NewReader(frame(t, kind, pod)))
		e, err := s.Next()
		if known != (err == nil) {
			t.Errorf("%q: %v", kind, err)
		}
		pod.TypeMeta = metav1.TypeMeta{}
		if d := cmp.Diff(watch.Event{Type: watch.EventType(kind), Object: pod}, e); known && d != "" {
			t.Errorf("%q (-want +got):\n%s", kind, d)
		}
	}
	for _, kind := range []string{"ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"} {
		f(kind, true)
	}
	f("OTHER", false)
	f("", false)
}
