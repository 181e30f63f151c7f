package jsonobject_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/jsonobject"
)

// FuzzEvent has any object in an event, before and after its type: what is read of it is what is
// read of the object alone, and what is no object is no event.
func FuzzEvent(f *testing.F) {
	for _, text := range []string{
		`{"apiVersion":"v1","kind":"K","metadata":{"name":"a","uid":"b","annotations":{"k8s.io/initial-events-end":"true"}},"spec":{"a":[1,{}]}}`,
		` { } `, `{"items":[1],"metadata":{"name":"a"}}`, `{"metadata":{"name":"a"}`, `null`, `1`, `[]`, ``, `{},"object":{}`, `{}}`,
	} {
		f.Add([]byte(text))
	}
	var r jsonobject.EventReader
	f.Fuzz(func(t *testing.T, text []byte) {
		parsed, err := jsonobject.Parse(text)
		want, isObject := parsed.(*jsonobject.Object)
		if err == nil && !isObject {
			return // a list
		}
		for _, event := range []string{`{"type":"ADDED","object":` + string(text) + `}`, ` {"object" : ` + string(text) + `, "x":[{}], "type":"ADDED"} `} {
			got, failed := r.Read([]byte(event))
			if err != nil {
				if failed == nil && bytes.Equal(bytes.TrimSpace(got.Object.JSON), bytes.TrimSpace(text)) {
					t.Errorf("%q is an event, and its object is none: %v", event, err)
				}
				continue
			}
			if failed != nil {
				t.Fatalf("%q: %v", event, failed)
			}
			want.JSON = bytes.Trim(text, " \t\r\n")
			if d := cmp.Diff(jsonobject.Event{Type: "ADDED", Object: *want}, *got); d != "" {
				t.Errorf("%q (-want +got):\n%s", event, d)
			}
		}
	})
}
