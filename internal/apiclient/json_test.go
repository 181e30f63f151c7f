package apiclient_test

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/apiclient"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/jsonobject"
)

// jsonResponder responds with JSON, and notes the Accept header.
type jsonResponder struct {
	body   string
	accept *string
}

func (r jsonResponder) RoundTrip(q *http.Request) (*http.Response, error) {
	*r.accept = q.Header.Get("Accept")
	header := http.Header{"Content-Type": {runtime.ContentTypeJSON}}
	return &http.Response{StatusCode: http.StatusOK, Header: header, Body: io.NopCloser(strings.NewReader(r.body))}, nil
}

// TestObjectsWithoutAGoType lists and watches a resource whose recipe has no Go type.
func TestObjectsWithoutAGoType(t *testing.T) {
	widgets := &generators.Table[*jsonobject.Object]{
		Resource: schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "widgets"}, Kind: "Widget",
	}
	var accept string
	client := func(body string) *apiclient.ResourceClient {
		o := options()
		o.Log = slog.New(slog.DiscardHandler)
		return newClient(t, &rest.Config{Host: "http://api", Transport: jsonResponder{body, &accept}}).Resource(widgets, o)
	}
	const widget = `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"x","resourceVersion":"5"},"spec":{"size":3}}`

	c := client(`{"apiVersion":"example.com/v1","kind":"WidgetList","metadata":{"resourceVersion":"7"},"items":[` + widget + `]}`)
	page, err := c.List(t.Context(), apiclient.Query{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	err = meta.EachListItem(page, func(item runtime.Object) error {
		o, err := c.Object(item)
		if err == nil {
			names = append(names, o.GetName())
		}
		return err
	})
	if d := cmp.Diff([]string{"x"}, names); d != "" || err != nil {
		t.Errorf("list (-want +got):\n%s%v", d, err)
	}
	if accept != runtime.ContentTypeJSON {
		t.Errorf("it accepts %s", accept)
	}

	c = client(`{"type":"MODIFIED","object":` + widget + `}` + "\n" +
		`{"type":"ERROR","object":{"apiVersion":"v1","kind":"Status","status":"Failure","reason":"Expired","code":410}}` + "\n")
	s, err := c.Watch(t.Context(), apiclient.Query{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	event, err := s.Next()
	if err != nil {
		t.Fatal(err)
	}
	if got := string(event.Object.(*jsonobject.Object).JSON); got != widget {
		t.Errorf("got %s", got)
	}
	event, err = s.Next()
	if err != nil || !apierrors.IsResourceExpired(apierrors.FromObject(event.Object)) {
		t.Errorf("%v, %v", event, err)
	}
	if _, err := c.Object(&metav1.PartialObjectMetadata{}); err == nil {
		t.Error("an object of another type is taken")
	}
}
