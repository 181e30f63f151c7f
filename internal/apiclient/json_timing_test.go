package apiclient_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubestate/kubestate/internal/apiclient"
)

// largeWidget is an object of 3 KB with as many fields as custom resources have.
func largeWidget() string {
	condition := `{"lastTransitionTime":"2026-01-02T03:04:05Z","message":"Applied revision: \"main@sha1:b4c1b4f\"","observedGeneration":7,"reason":"Succeeded","status":"True","type":"Ready"}`
	label := `"example.com/label":"value-of-a-label",`
	return `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"labels":{` + strings.Repeat(label, 19) + strings.TrimSuffix(label, ",") +
		`},"name":"component-17","namespace":"team-a","resourceVersion":"123456","uid":"5c9f3e0b-46e1-4ae6-9f9c-7a4a9b0a4f10"},` +
		`"spec":{"replicas":3,"paused":false},"status":{"conditions":[` + strings.Repeat(condition+",", 11) + condition + `]}}`
}

// repeated is an endless response.
type repeated struct {
	text string
	at   int
}

func (r *repeated) Read(p []byte) (n int, err error) {
	n = copy(p, r.text[r.at:])
	r.at = (r.at + n) % len(r.text)
	return n, nil
}

// BenchmarkJSONEvents reads a watch of objects of 3 KB without a Go type.
func BenchmarkJSONEvents(b *testing.B) {
	event := eventOf("MODIFIED", largeWidget())
	s := openJSONWatch(b, widgets, &repeated{text: event})
	b.SetBytes(int64(len(event)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Next(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkJSONList reads a page of 500 objects of 3 KB without a Go type.
func BenchmarkJSONList(b *testing.B) {
	w := largeWidget()
	list := `{"apiVersion":"example.com/v1","kind":"WidgetList","metadata":{"resourceVersion":"7"},"items":[` + strings.Repeat(w+",", 499) + w + `]}`
	var body strings.Reader
	c := jsonClient(b, widgets, &body, new(string))
	b.SetBytes(int64(len(list)))
	b.ReportAllocs()
	for b.Loop() {
		body.Reset(list)
		page, err := c.List(b.Context(), apiclient.Query{})
		if err == nil {
			err = meta.EachListItem(page, func(item runtime.Object) error {
				_, err := c.Object(item)
				return err
			})
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
