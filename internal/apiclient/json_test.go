package apiclient_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/apiclient"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/jsonobject"
)

// widgets is a resource whose recipe has no Go type.
var widgets = &generators.Table[*jsonobject.Object]{
	Resource: schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "widgets"}, Kind: "Widget",
}

const (
	widget  = `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"x","resourceVersion":"5"},"spec":{"size":3}}`
	expired = `{"apiVersion":"v1","kind":"Status","status":"Failure","reason":"Expired","code":410}`
)

// jsonResponder responds with JSON, and notes the Accept header.
type jsonResponder struct {
	body   io.Reader
	accept *string
}

func (r jsonResponder) RoundTrip(q *http.Request) (*http.Response, error) {
	*r.accept = q.Header.Get("Accept")
	header := http.Header{"Content-Type": {runtime.ContentTypeJSON}}
	return &http.Response{StatusCode: http.StatusOK, Header: header, Body: io.NopCloser(r.body)}, nil
}

// jsonClient makes a client of a resource that gets body for each request.
func jsonClient(t testing.TB, of generators.Resource, body io.Reader, accept *string) *apiclient.ResourceClient {
	t.Helper()
	o := options()
	o.Log = slog.New(slog.DiscardHandler)
	return newClient(t, &rest.Config{Host: "http://api", Transport: jsonResponder{body, accept}}).Resource(of, o)
}

// openJSONWatch opens a watch whose response is body.
func openJSONWatch(t testing.TB, of generators.Resource, body io.Reader) *apiclient.Stream {
	t.Helper()
	s, err := jsonClient(t, of, body, new(string)).Watch(t.Context(), apiclient.Query{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// eventOf is an event as an API server sends it.
func eventOf(kind, object string) string {
	return `{"type":"` + kind + `","object":` + object + "}\n"
}

// TestObjectsWithoutAGoType lists a resource whose recipe has no Go type.
func TestObjectsWithoutAGoType(t *testing.T) {
	var accept string
	body := `{"apiVersion":"example.com/v1","kind":"WidgetList","metadata":{"resourceVersion":"7"},"items":[` + widget + `]}`
	c := jsonClient(t, widgets, strings.NewReader(body), &accept)
	page, err := c.List(t.Context(), apiclient.Query{})
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	err = meta.EachListItem(page, func(item runtime.Object) error {
		o, err := c.Object(item)
		if err == nil {
			texts = append(texts, o.GetName()+" "+string(o.(*jsonobject.Object).JSON))
		}
		return err
	})
	if d := cmp.Diff([]string{"x " + widget}, texts); d != "" || err != nil {
		t.Errorf("list (-want +got):\n%s%v", d, err)
	}
	if accept != runtime.ContentTypeJSON {
		t.Errorf("it accepts %s", accept)
	}
	if _, err := c.Object(&metav1.PartialObjectMetadata{}); err == nil {
		t.Error("an object of another type is taken")
	}

	c = jsonClient(t, widgets, strings.NewReader(expired), &accept)
	if _, err := c.List(t.Context(), apiclient.Query{}); !apierrors.IsResourceExpired(err) {
		t.Errorf("a Status in the place of a list: %v", err)
	}
}

// TestMetadataWithoutAGoType asks for the metadata alone.
func TestMetadataWithoutAGoType(t *testing.T) {
	only := *widgets
	only.Fetch.Reads = generators.Fields{"metadata"}
	var accept string
	const body = `{"apiVersion":"meta.k8s.io/v1","kind":"PartialObjectMetadataList","metadata":{"resourceVersion":"7"},"items":[]}`
	c := jsonClient(t, &only, strings.NewReader(body), &accept)
	if _, err := c.List(t.Context(), apiclient.Query{}); err != nil {
		t.Error(err)
	}
	if want := "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"; accept != want {
		t.Errorf("a list accepts %s, want %s", accept, want)
	}
	s, err := c.Watch(t.Context(), apiclient.Query{})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if want := "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"; accept != want {
		t.Errorf("a watch accepts %s, want %s", accept, want)
	}
}

// TestJSONEvents reads one event of each kind, and what is none.
func TestJSONEvents(t *testing.T) {
	f := func(text string, kind watch.EventType, object string) {
		t.Helper()
		s := openJSONWatch(t, widgets, strings.NewReader(text))
		e, err := s.Next()
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got := string(e.Object.(*jsonobject.Object).JSON); e.Type != kind || got != object {
			t.Errorf("%s: got %s %s", text, e.Type, got)
		}
		if _, err := s.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v at the end", text, err)
		}
	}
	for _, kind := range []watch.EventType{watch.Added, watch.Modified, watch.Deleted, watch.Bookmark, watch.Error} {
		f(eventOf(string(kind), widget), kind, widget)
	}
	f(`{"type":"ADDED","object":`+widget+`}`, watch.Added, widget) // without the end of the line
	f(" \n\n"+eventOf("ADDED", widget)+"\r\n", watch.Added, widget)
	f(`{ "object" : `+widget+` , "more":[1], "type" : "ADDED" }`+"\n", watch.Added, widget)

	fails := func(text string) {
		t.Helper()
		s := openJSONWatch(t, widgets, strings.NewReader(text+eventOf("MODIFIED", widget)))
		if e, err := s.Next(); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("%s: got %v, %v", text, e, err)
		}
		if e, err := s.Next(); err != nil || e.Type != watch.Modified {
			t.Errorf("%s: got %v, %v afterwards", text, e, err)
		}
	}
	fails(eventOf("OTHER", widget))
	fails(eventOf("", widget))
	fails(`{"object":` + widget + "}\n")
	fails(`{"type":"ADDED"}` + "\n")
	fails(eventOf("ADDED", "null"))
	fails(eventOf("ADDED", `"text"`))
	fails(eventOf("ADDED", `{"metadata":{"name":"x"}`))
	fails(`{"type":"ADDED","object":` + widget + "} 1\n")
	fails("5\n")
	fails("Bad Gateway\n")
}

// TestJSONStatus has a Status in the place of an object.
func TestJSONStatus(t *testing.T) {
	s := openJSONWatch(t, widgets, strings.NewReader(eventOf("ERROR", expired)+eventOf("ADDED", expired)))
	e, err := s.Next()
	if err != nil || e.Type != watch.Error || !apierrors.IsResourceExpired(apierrors.FromObject(e.Object)) {
		t.Errorf("%v, %v", e, err)
	}
	if e, err := s.Next(); err != nil || e.Type != watch.Added || fmt.Sprintf("%T", e.Object) != "*v1.Status" {
		t.Errorf("%v, %v", e, err)
	}
}

// TestJSONBookmark reads the bookmark that ends a list.
func TestJSONBookmark(t *testing.T) {
	bookmark := `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"annotations":{"k8s.io/initial-events-end":"true"},"creationTimestamp":null,"resourceVersion":"9"}}`
	e, err := openJSONWatch(t, widgets, strings.NewReader(eventOf("BOOKMARK", bookmark))).Next()
	if err != nil {
		t.Fatal(err)
	}
	o := e.Object.(*jsonobject.Object)
	if e.Type != watch.Bookmark || o.ResourceVersion != "9" || o.Annotations[metav1.InitialEventsAnnotationKey] != "true" {
		t.Errorf("got %+v", e)
	}
}

// TestJSONStreamEnds checks that the end of a watch is told from an event that cannot be decoded.
func TestJSONStreamEnds(t *testing.T) {
	event := eventOf("ADDED", widget)
	f := func(name string, rest io.Reader) {
		t.Helper()
		s := openJSONWatch(t, widgets, io.MultiReader(strings.NewReader(event), rest))
		if e, err := s.Next(); err != nil || e.Type != watch.Added {
			t.Errorf("%s: %v, %v", name, e, err)
		}
		if _, err := s.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", name, err)
		}
	}
	reset := iotest.ErrReader(errors.New("connection reset"))
	f("response", &bytes.Buffer{})
	f("response within an event", strings.NewReader(event[:40]))
	f("connection", reset)
	f("connection within an event", io.MultiReader(strings.NewReader(event[:40]), reset))

	s := openJSONWatch(t, widgets, iotest.DataErrReader(strings.NewReader(event+"{}\n")))
	_, first := s.Next()
	_, second := s.Next()
	if first != nil || second == nil || errors.Is(second, io.EOF) {
		t.Errorf("an event that cannot be decoded, read together with the end: %v, %v", first, second)
	}
	if _, err := s.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("after it: %v", err)
	}
}

// large is a widget of about so many bytes.
func large(size int) string {
	return strings.Replace(widget, `{"size":3}`, `{"text":"`+strings.Repeat("x", size)+`"}`, 1)
}

// TestJSONFrames has events of many sizes, in pieces of one byte and of all at once.
func TestJSONFrames(t *testing.T) {
	sizes := []int{0, 100, 16 << 10, 17, 200 << 10, 1, 16<<10 - len(eventOf("ADDED", large(0))), 5}
	var stream strings.Builder
	for _, size := range sizes {
		stream.WriteString(eventOf("ADDED", large(size)))
	}
	for name, body := range map[string]io.Reader{
		"whole": strings.NewReader(stream.String()), "bytes": iotest.OneByteReader(strings.NewReader(stream.String())),
	} {
		s := openJSONWatch(t, widgets, body)
		for _, size := range sizes {
			e, err := s.Next()
			if err != nil {
				t.Fatalf("%s, %d: %v", name, size, err)
			}
			if got := string(e.Object.(*jsonobject.Object).JSON); got != large(size) {
				t.Errorf("%s: of %d bytes it has %d", name, size, len(got))
			}
		}
		if _, err := s.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFramesAreBounded checks that an event does not take any memory.
func TestFramesAreBounded(t *testing.T) {
	endless := func() io.Reader { return io.MultiReader(strings.NewReader(`{"type":"`), xs{}) }
	if _, err := openJSONWatch(t, widgets, endless()).Next(); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("JSON: %v", err)
	}
	length := []byte{1, 0, 0, 1} // 16 MiB and a byte
	if _, err := openWatch(t, options(), io.MultiReader(bytes.NewReader(length), xs{})).Next(); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("protobuf: %v", err)
	}
}

// xs is an endless text.
type xs struct{}

func (xs) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// TestProtobufFrames has events of many sizes, in pieces of one byte and of all at once.
func TestProtobufFrames(t *testing.T) {
	sizes := []int{1, 100, 16 << 10, 17, 200 << 10, 5}
	var stream []byte
	for _, size := range sizes {
		stream = append(stream, frame(t, "ADDED", newPod(strings.Repeat("x", size), "ours", "1"))...)
	}
	for name, body := range map[string]io.Reader{"whole": bytes.NewReader(stream), "bytes": iotest.OneByteReader(bytes.NewReader(stream))} {
		s := openWatch(t, options(), body)
		for _, size := range sizes {
			if e, err := s.Next(); err != nil || len(e.Object.(metav1.Object).GetName()) != size {
				t.Fatalf("%s, %d: %v", name, size, err)
			}
		}
		if _, err := s.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestJSONWithAGoType reads events of a resource with a Go type, as JSON.
func TestJSONWithAGoType(t *testing.T) {
	pod := newPod("x", "ours", "1")
	s := openJSONWatch(t, pods, strings.NewReader(eventOf("ADDED", strings.TrimSpace(string(encoded(t, runtime.ContentTypeJSON, pod))))+eventOf("ERROR", expired)))
	e, err := s.Next()
	if err != nil {
		t.Fatal(err)
	}
	if got := e.Object.(*corev1.Pod); got.Name != "x" || got.UID != "ours" {
		t.Errorf("got %v", got)
	}
	if e, err = s.Next(); err != nil || !apierrors.IsResourceExpired(apierrors.FromObject(e.Object)) {
		t.Errorf("%v, %v", e, err)
	}
}

// TestJSONDecodingIsCounted checks the counter of time for lists and for events.
func TestJSONDecodingIsCounted(t *testing.T) {
	f := func(body string, read func(*apiclient.ResourceClient) error) {
		t.Helper()
		reg := prometheus.NewRegistry()
		o := apiclient.Options{Metrics: apiclient.NewMetrics(reg), Log: slog.New(slog.DiscardHandler)}
		c := newClient(t, &rest.Config{Host: "http://api", Transport: jsonResponder{strings.NewReader(body), new(string)}}).Resource(widgets, o)
		if err := read(c); err != nil {
			t.Fatal(err)
		}
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, family := range families {
			if m := family.GetMetric()[0]; family.GetName() == "kubestate_decode_seconds_total" && m.GetCounter().GetValue() > 0 && m.GetLabel()[0].GetValue() == "widgets" {
				return
			}
		}
		t.Errorf("counted %v", families)
	}
	f(`{"apiVersion":"example.com/v1","kind":"WidgetList","items":[`+widget+`]}`, func(c *apiclient.ResourceClient) error {
		_, err := c.List(t.Context(), apiclient.Query{})
		return err
	})
	f(eventOf("ADDED", widget), func(c *apiclient.ResourceClient) error {
		s, err := c.Watch(t.Context(), apiclient.Query{})
		if err != nil {
			return err
		}
		defer s.Close()
		_, err = s.Next()
		return err
	})
}
