package jsonobject_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/jsonobject"
)

// A pattern is a path to what is read: keys, "*" for every entry and "#" for every element; a
// final "!" has all be read that is below.
type pattern []string

// fields are those of patterns.
func fields(patterns []pattern) *jsonobject.Fields {
	root := &jsonobject.Fields{}
	for _, p := range patterns {
		at := root
		for _, step := range p {
			switch step {
			case "*":
				at = at.Every()
			case "#":
				at = at.Element()
			case "!":
				at.Whole()
			default:
				at = at.Key(step)
			}
		}
	}
	root.Seal()
	return root
}

// projected is what patterns read of a value.
func projected(v any, patterns []pattern) any {
	for _, p := range patterns {
		if len(p) > 0 && p[0] == "!" {
			return v
		}
	}
	// below are the rests of the patterns that begin with one of the steps.
	below := func(steps ...string) (rest []pattern) {
		for _, p := range patterns {
			for _, step := range steps {
				if len(p) > 0 && p[0] == step {
					rest = append(rest, p[1:])
					break
				}
			}
		}
		return rest
	}
	switch v := v.(type) {
	case map[string]any:
		members := map[string]any{}
		for key, value := range v {
			if rest := below(key, "*"); len(rest) > 0 {
				members[key] = projected(value, rest)
			}
		}
		return members
	case []any:
		elements := []any{}
		if rest := below("#"); len(rest) > 0 {
			for _, value := range v {
				elements = append(elements, projected(value, rest))
			}
		}
		return elements
	}
	return v
}

// dump returns a value as encoding/json would, by all methods of Value.
func dump(t *testing.T, v jsonobject.Value) any {
	t.Helper()
	switch v.Kind() {
	case jsonobject.True, jsonobject.False:
		return v.Kind() == jsonobject.True
	case jsonobject.String:
		return v.Text()
	case jsonobject.Number:
		return json.Number(v.Text())
	case jsonobject.Map:
		members := map[string]any{}
		for child := range v.Children() {
			members[child.MapKey()] = dump(t, v.Key(child.MapKey()))
		}
		if v.Key("none of these").Kind() != jsonobject.None || v.Index(0).Kind() != jsonobject.None {
			t.Error("a map has what it has not")
		}
		return members
	case jsonobject.Array:
		elements := []any{}
		for child := range v.Children() {
			if child != v.Index(len(elements)) {
				t.Errorf("element %d is another one by its index", len(elements))
			}
			elements = append(elements, dump(t, child))
		}
		n := len(elements)
		if v.Index(n).Kind() != jsonobject.None || v.Index(-n-1).Kind() != jsonobject.None || n > 0 && (v.Index(-1) != v.Index(n-1) || v.Index(-n) != v.Index(0)) {
			t.Errorf("indexes of a list of %d elements", n)
		}
		return elements
	}
	return nil
}

// oracle decodes by encoding/json.
func oracle(text []byte) (v any, err error) {
	if !json.Valid(text) {
		return nil, fmt.Errorf("no JSON")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return v, d.Decode(&v)
}

// check compares a tree with encoding/json.
func check(t *testing.T, tree *jsonobject.Tree, text []byte, patterns []pattern) {
	t.Helper()
	want, wantErr := oracle(text)
	root, err := tree.Read(bytes.Clone(text), fields(patterns))
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%.1000q: %v, want %v", text, err, wantErr)
	}
	if err != nil {
		dump(t, root)
		return
	}
	want, got := projected(want, patterns), dump(t, root)
	if !reflect.DeepEqual(want, got) { // cmp takes minutes for what is deep
		t.Fatalf("%.1000q, %q (-want +got):\n%s", text, patterns, cmp.Diff(want, got))
	}
}

// TestTree has odd values, and fields of all kinds.
func TestTree(t *testing.T) {
	var tree jsonobject.Tree
	f := func(text string, patterns ...pattern) {
		t.Helper()
		for _, p := range [][]pattern{patterns, {{"!"}}, nil} {
			check(t, &tree, []byte(text), p)
		}
	}
	f(`{"a":{"b":[1,{"c":null},"d"],"e":{}},"f":true}`, pattern{"a", "b"})
	f(`{"a":{"b":[1,{"c":null},"d"],"e":{}},"f":true}`, pattern{"a", "b", "#", "c"}, pattern{"f", "g"})
	f(`{"a":{"b":[1,{"c":null},"d"],"e":{}},"f":true}`, pattern{"a", "*", "!"}, pattern{"*", "e"})
	f(`{"a":{"b":{"x":1,"y":2}},"c":{"b":{"x":3,"y":4}}}`, pattern{"a", "b", "x"}, pattern{"*", "b", "y"}, pattern{"*", "*", "z"})
	f(`{"a":[[1,{"b":2}],[]],"c":[{"b":3}]}`, pattern{"*", "#", "#", "b"}, pattern{"a", "b"}, pattern{"c", "#"})
	f(`{"a":1,"a":{"b":2},"a":3,"c":4}`, pattern{"a"}, pattern{"c"})
	f(`{"a":{"b":1},"a":{"c":2}}`, pattern{"a", "b"})
	f(`{"\u0061":{"\u0062":1}}`, pattern{"a", "b"})
	f(`{"":{"":""}}`, pattern{"", ""})
	f(`{"a":"\u0000\ud83d\ude42\ud83d\/\b","\ud800":"\udc00"}`, pattern{"a"}, pattern{"*"})
	f("{\"a\":\"x\xff\xc3\",\"\xff\":1}", pattern{"*"})
	f(`[0,-0,1.50,1e400,-1E-7,12345678901234567890]`, pattern{"#"})
	f(` { } `, pattern{"a"})
	for _, text := range []string{`null`, `5`, `"x"`, `[]`, `true`, ``, `{`, `{"a":1`, `{"a":1}}`, `{} {}`, `{"b":[1,}`, `{"a":tru}`, `{"b":"\x"}`, `{"b":"\ud83d\u12"}`, "{\"b\":\"\x01\"}", `[1 2]`, `{"a":1,"b":01}`} {
		f(text, pattern{"a"})
	}
	deep := func(n int) string {
		return strings.Repeat(`{"a":[`, n) + strings.Repeat(`]}`, n)
	}
	f(deep(4999), pattern{"a", "#", "a"})
	f(deep(5001), pattern{"a", "#", "a"})
}

// TestSetText replaces texts.
func TestSetText(t *testing.T) {
	var tree jsonobject.Tree
	root, err := tree.Read([]byte(`{"a":"x","b":5}`), fields([]pattern{{"!"}}))
	if err != nil {
		t.Fatal(err)
	}
	root.Key("a").SetText("long\ntext")
	root.Key("b").SetText("6")
	root.Key("c").SetText("y")
	if d := cmp.Diff(map[string]any{"a": "long\ntext", "b": json.Number("5")}, dump(t, root)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// randomJSON appends a random value.
func randomJSON(dst []byte, r *rand.Rand, depth int) []byte {
	n := 9
	if depth == 0 {
		n = 7
	}
	space := func() { dst = append(dst, strings.Repeat(" ", max(0, r.IntN(8)-6))...) }
	space()
	switch r.IntN(n) {
	case 0:
		dst = append(dst, "null"...)
	case 1:
		dst = append(dst, "true"...)
	case 2:
		dst = append(dst, "false"...)
	case 3, 4:
		dst = append(dst, []string{"0", "-1", "1.5", "1e9", "123456789012345678901234567890"}[r.IntN(5)]...)
	case 5, 6:
		dst = append(dst, []string{`""`, `"x"`, `"\u0061\n"`, "\"\xff\"", `"é\ud83d\ude42\ud83d"`, `"` + strings.Repeat("long", r.IntN(100)) + `"`}[r.IntN(6)]...)
	case 7:
		dst = append(dst, '[')
		for i := range r.IntN(5) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = randomJSON(dst, r, depth-1)
		}
		space()
		dst = append(dst, ']')
	default:
		dst = append(dst, '{')
		for i := range r.IntN(6) {
			if i > 0 {
				dst = append(dst, ',')
			}
			space()
			dst = append(dst, []string{`"a"`, `"b"`, `"c"`, `"\u0061"`, `""`, "\"\xff\""}[r.IntN(6)]...)
			space()
			dst = append(dst, ':')
			dst = randomJSON(dst, r, depth-1)
		}
		space()
		dst = append(dst, '}')
	}
	space()
	return dst
}

func randomPatterns(r *rand.Rand) (all []pattern) {
	for range r.IntN(6) {
		var p pattern
		for range r.IntN(6) {
			p = append(p, []string{"a", "b", "c", "", "\uFFFD", "*", "#", "#"}[r.IntN(8)])
		}
		if r.IntN(4) == 0 {
			p = append(p, "!")
		}
		all = append(all, p)
	}
	return all
}

// TestRandomTrees reads random values, one after another into one tree, some of them damaged.
func TestRandomTrees(t *testing.T) {
	var tree jsonobject.Tree
	for seed := range uint64(20000) {
		r := rand.New(rand.NewPCG(seed, 3))
		text := randomJSON(nil, r, 5)
		if r.IntN(10) == 0 {
			text[r.IntN(len(text))] = byte(r.Uint32())
		}
		check(t, &tree, text, randomPatterns(r))
	}
}

// FuzzTree is TestRandomTrees of any text.
func FuzzTree(f *testing.F) {
	for seed := range uint64(50) {
		f.Add(randomJSON(nil, rand.New(rand.NewPCG(seed, 4)), 5), seed)
	}
	f.Fuzz(func(t *testing.T, text []byte, seed uint64) {
		var tree jsonobject.Tree
		patterns := randomPatterns(rand.New(rand.NewPCG(seed, 5)))
		check(t, &tree, []byte(`{"a":{"b":"`), patterns) // an error leaves nothing behind
		check(t, &tree, text, patterns)
	})
}
