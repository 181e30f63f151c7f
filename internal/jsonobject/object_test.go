package jsonobject_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubestate/kubestate/internal/jsonobject"
)

// TestParseObject has what is decoded of an object.
func TestParseObject(t *testing.T) {
	f := func(text string, want jsonobject.Object) {
		t.Helper()
		want.JSON = []byte(text)
		got, err := jsonobject.Parse([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			return
		}
		if d := cmp.Diff(runtime.Object(&want), got); d != "" {
			t.Errorf("%s (-want +got):\n%s", text, d)
		}
	}
	object := func(name string) jsonobject.Object {
		return jsonobject.Object{ObjectMeta: metav1.ObjectMeta{Name: name}}
	}
	f(`{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w","namespace":"n","uid":"u","resourceVersion":"5","labels":{"a":"b"},"generation":7,"annotations":{"a":"b","k8s.io/initial-events-end":"true"}},"spec":{"name":"x"}}`,
		jsonobject.Object{
			TypeMeta:   metav1.TypeMeta{APIVersion: "example.com/v1", Kind: "Widget"},
			ObjectMeta: metav1.ObjectMeta{Name: "w", Namespace: "n", UID: "u", ResourceVersion: "5", Annotations: map[string]string{"k8s.io/initial-events-end": "true"}},
		})
	f("{}", jsonobject.Object{})
	f(" \t\r\n{ }\n", jsonobject.Object{})
	f(`{"metadata":null,"kind":null,"apiVersion":null}`, jsonobject.Object{})
	f(`{"metadata":{"name":null,"uid":5,"namespace":["n"],"annotations":"x"},"kind":7}`, jsonobject.Object{})
	f(`{"metadata":["name"]}`, jsonobject.Object{})
	// Later members of a name count.
	f(`{"metadata":{"name":"a","name":"b"}}`, object("b"))
	f(`{"metadata":{"name":"a"},"metadata":{"uid":"c"}}`, jsonobject.Object{ObjectMeta: metav1.ObjectMeta{Name: "a", UID: "c"}})
	// Escapes, in keys too.
	f(`{"metadata":{"name":"\u0061\n\"\\\/\ud83d\ude42"}}`, object("a\n\"\\/🙂"))
	f(`{"\u006detadata":{"n\u0061me":"a"}}`, object("a"))
	f(`{"Metadata":{"name":"a"},"METADATA":{}}`, jsonobject.Object{}) // case matters
	f(`{"metadata":{"name":"\ud83d"}}`, object("\uFFFD"))
	f("{\"metadata\":{\"name\":\"a\xff\xfeb\"}}", object("a\uFFFD\uFFFDb"))
	// An object that has a name is no list, whatever its fields.
	f(`{"items":["a",1,null,{"b":[]}],"metadata":{"name":"a"}}`, object("a"))
	f(`{"metadata":{"name":"a"},"items":[{"metadata":{"name":"b"}}]}`, object("a"))
	f(`{"items":{"a":1},"metadata":{"name":"a"}}`, object("a"))
}

// TestParseList has what is decoded of a list.
func TestParseList(t *testing.T) {
	f := func(text string, want jsonobject.List, items ...string) {
		t.Helper()
		for _, item := range items {
			o, err := jsonobject.Parse([]byte(item))
			if err != nil {
				t.Fatal(err)
			}
			want.Items = append(want.Items, *o.(*jsonobject.Object))
		}
		got, err := jsonobject.Parse([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			return
		}
		if d := cmp.Diff(runtime.Object(&want), got); d != "" {
			t.Errorf("%s (-want +got):\n%s", text, d)
		}
	}
	f(`{"items":[]}`, jsonobject.List{})
	f(`{"items":null}`, jsonobject.List{})
	f(`{"apiVersion":"v1","items":[{"metadata":{"name":"a"}} , {"kind":"Widget","metadata":{"name":"b"},"items":[5]}],"kind":"List","metadata":{"resourceVersion":"5","continue":"more","remainingItemCount":7,"shardInfo":{"selector":"s","x":1}}}`,
		jsonobject.List{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "List"}, ListMeta: metav1.ListMeta{ResourceVersion: "5", Continue: "more", ShardInfo: &metav1.ShardInfo{Selector: "s"}}},
		`{"metadata":{"name":"a"}}`, `{"kind":"Widget","metadata":{"name":"b"},"items":[5]}`)
	f(`{"items":[{"items":[{"items":[]}]}]}`, jsonobject.List{Items: []jsonobject.Object{{JSON: []byte(`{"items":[{"items":[]}]}`)}}})
}

// TestParseErrors has texts that are no objects.
func TestParseErrors(t *testing.T) {
	f := func(text string) {
		t.Helper()
		o, err := jsonobject.Parse([]byte(text))
		if err == nil {
			t.Errorf("%.100q: %+v", text, o)
		} else if message := err.Error(); !strings.HasPrefix(message, "JSON of an object: ") || strings.Contains(message, "\n") || len(message) > 300 {
			t.Errorf("%.100q: %v", text, err)
		}
	}
	for _, text := range []string{
		``, ` `, `{`, `}`, `[]`, `[{}]`, `5`, `"x"`, `null`, `true`, `nul`, `{}}`, `{}{}`, `{} x`, `{},`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{,}`, `{"a" 1}`, `{a:1}`, `{'a':1}`, `{"a":01}`, `{"a":1.}`, `{"a":NaN}`, `{"a":"\x"}`, `{"a":"\u12"}`,
		"{\"a\":\"\n\"}", `{"a":[1,]}`, `{"metadata":{"name":"a"}`, `{"metadata":{"name":"a}}`, `{"items":[{}`, `{"items":[{]}`, `{"items":[1]}`, `{"items":[null]}`, `{"items":["x"]}`, `{"a":1 "b":2}`, "\xef\xbb\xbf{}",
		strings.Repeat(`{"a":`, 20000) + `1` + strings.Repeat(`}`, 20000), strings.Repeat(`{"items":[`, 6000) + strings.Repeat(`]}`, 6000),
		`{"` + strings.Repeat("x", 100000),
	} {
		f(text)
	}
}

// TestDecoder decodes with the kind that an object says.
func TestDecoder(t *testing.T) {
	o, kind, err := jsonobject.Decoder.Decode([]byte(`{"apiVersion":"example.com/v1","kind":"Widget"}`), nil, nil)
	if err != nil || kind.String() != "example.com/v1, Kind=Widget" || o.(*jsonobject.Object).Kind != "Widget" {
		t.Errorf("%v, %v, %v", o, kind, err)
	}
	if _, _, err := jsonobject.Decoder.Decode([]byte(`{`), nil, nil); err == nil {
		t.Error("no error of half an object")
	}
	if _, _, err := jsonobject.Decoder.Decode([]byte(`{}`), nil, &metav1.Status{}); err == nil {
		t.Error("no error for another type")
	}
}

// TestDeepCopy checks that a copy shares nothing that changes.
func TestDeepCopy(t *testing.T) {
	l, err := jsonobject.Parse([]byte(`{"items":[{"metadata":{"name":"a","annotations":{"k8s.io/initial-events-end":"true"}}}],"metadata":{"shardInfo":{"selector":"s"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	copied := l.DeepCopyObject().(*jsonobject.List)
	if d := cmp.Diff(l, runtime.Object(copied)); d != "" {
		t.Errorf("(-original +copy):\n%s", d)
	}
	copied.Items[0].JSON[0], copied.Items[0].Annotations["x"], copied.ShardInfo.Selector = 'x', "y", "z"
	original := l.(*jsonobject.List)
	if original.Items[0].JSON[0] != '{' || len(original.Items[0].Annotations) != 1 || original.ShardInfo.Selector != "s" {
		t.Errorf("a change of the copy changes the original: %+v", original)
	}
}

// FuzzParse: what encoding/json reads as an object is one, with its name, and anything else is
// an error.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		`{}`, `[]`, `{"metadata":{"name":"a","uid":"b","annotations":{"k8s.io/initial-events-end":"true"}},"kind":"K"}`, `{"items":[{"metadata":{"name":"a"}},{}],"metadata":{"resourceVersion":"5"}}`, `{"items":null}`,
		`{"items":[1],"metadata":{"name":"a"}}`, `{"\u006betadata":{}}`, `{"metadata":{"name":1}}`, `{} {}`, "{\"metadata\":{\"name\":\"\xff\"}}", `{"metadata":{"name":"a"},"metadata":null}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := jsonobject.Parse(bytes.Clone(text))
		var want map[string]json.RawMessage
		isObject := json.Unmarshal(text, &want) == nil && want != nil
		items, isList := want["items"]
		if !isList && isObject != (err == nil) {
			t.Fatalf("%q: %v", text, err)
		}
		if err != nil {
			return
		}
		if !isObject {
			t.Fatalf("%q is %+v", text, got)
		}
		switch got := got.(type) {
		case *jsonobject.Object:
			if !bytes.Equal(got.JSON, text) {
				t.Fatalf("%q has become %q", text, got.JSON)
			}
			if isList && got.Name == "" && (items[0] == '[' || items[0] == 'n') {
				t.Fatalf("%q is no list", text)
			}
			checkMetadata(t, text, got)
		case *jsonobject.List:
			if !isList {
				t.Fatalf("%q is a list", text)
			}
			if bytes.Count(text, []byte("tems")) > 1 || bytes.Contains(text, []byte(`\u`)) {
				return // several lists
			}
			var each []json.RawMessage
			if err := json.Unmarshal(items, &each); err != nil || len(each) != len(got.Items) {
				t.Fatalf("%q: %d items, want %d, %v", text, len(got.Items), len(each), err)
			}
			for i := range each {
				if !bytes.Equal(each[i], got.Items[i].JSON) {
					t.Fatalf("%q: item %q, want %q", text, got.Items[i].JSON, each[i])
				}
				checkMetadata(t, each[i], &got.Items[i])
			}
		}
	})
}

// checkMetadata compares with encoding/json, where no name is there twice.
func checkMetadata(t *testing.T, text []byte, got *jsonobject.Object) {
	t.Helper()
	if repeats(text) {
		return
	}
	var whole map[string]any
	if err := json.Unmarshal(text, &whole); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	metadata, _ := whole["metadata"].(map[string]any)
	textAt := func(m map[string]any, key string) string { text, _ := m[key].(string); return text }
	want := []string{textAt(whole, "apiVersion"), textAt(whole, "kind"), textAt(metadata, "name"), textAt(metadata, "namespace"), textAt(metadata, "uid"), textAt(metadata, "resourceVersion")}
	if is := []string{got.APIVersion, got.Kind, got.Name, got.Namespace, string(got.UID), got.ResourceVersion}; !slices.Equal(is, want) {
		t.Fatalf("%q: %q, want %q", text, is, want)
	}
}

// repeats reports whether an object or its metadata has a name twice.
func repeats(text []byte) bool {
	d := json.NewDecoder(bytes.NewReader(text))
	depth, seen, isKey := 0, map[string]bool{}, false
	var path []string
	var inArray []bool
	for {
		token, err := d.Token()
		if err != nil {
			return false
		}
		switch token := token.(type) {
		case json.Delim:
			switch token {
			case '{', '[':
				depth++
				inArray, path, isKey = append(inArray, token == '['), append(path, ""), token == '{'
			default:
				depth--
				inArray, path = inArray[:depth], path[:depth]
				isKey = depth > 0 && !inArray[depth-1]
			}
			continue
		case string:
			if isKey {
				path[depth-1] = token
				at := fmt.Sprintf("%q", path)
				if seen[at] && depth <= 2 {
					return true
				}
				seen[at], isKey = true, false
				continue
			}
		}
		isKey = depth > 0 && !inArray[depth-1]
	}
}
