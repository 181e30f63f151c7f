package exposition_test

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/exposition"
)

func TestParseList(t *testing.T) {
	type list = []exposition.Element
	type p = map[string]string
	f := func(header string, want list) {
		t.Helper()
		if d := cmp.Diff(want, exposition.ParseList(header)); d != "" {
			t.Errorf("%q (-want +got):\n%s", header, d)
		}
	}
	f("", nil)
	f(" , ,,", nil)
	f(";q=1,;", nil)
	f("gzip", list{{"gzip", p{}, 1}})
	f("GZip ; Q=0.5,\tbr;q=0", list{{"gzip", p{}, 0.5}, {"br", p{}, 0}})
	f("a/b;x=1;y=Two;q=0.25;Z=3", list{{"a/b", p{"x": "1", "y": "Two", "z": "3"}, 0.25}})
	f("a;x=1;x=2;x", list{{"a", p{"x": "1"}, 1}})
	f(`a;x="1,2;3\"4\\",b`, list{{"a", p{"x": `1,2;3"4\`}, 1}, {"b", p{}, 1}})
	f(`a;x="1,b`, list{{"a", p{"x": `"1,b`}, 1}})
	f(`"a",b;"x"=1;y=2`, list{{"b", p{"y": "2"}, 1}})
	f("a;q=2,b;q=-1,c;q=x,d;q=,e;q=NaN", list{{"a", p{}, -1}, {"b", p{}, -1}, {"c", p{}, -1}, {"d", p{}, -1}, {"e", p{}, -1}})
}

// FuzzParseList formats a parsed list and parses it again.
func FuzzParseList(f *testing.F) {
	for _, seed := range []string{
		"", "gzip, deflate;q=0.5, br;q=0", `a/b;x="1,2;3\"4\\";q=0.1,*/*`, "a;q=1e-5;=;x=\x00,\xff", `";q=",`, "a;x= \u00a0",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		first := exposition.ParseList(header)
		text := formatList(first)
		if d := cmp.Diff(first, exposition.ParseList(text)); d != "" {
			t.Errorf("%q and %q (-first +second):\n%s", header, text, d)
		}
	})
}

// formatList formats a list as a header.
func formatList(list []exposition.Element) string {
	var elements []string
	for _, e := range list {
		text := e.Value
		for _, name := range slices.Sorted(maps.Keys(e.Parameters)) {
			text += ";" + name + `="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(e.Parameters[name]) + `"`
		}
		elements = append(elements, text+";q="+strconv.FormatFloat(e.Quality, 'g', -1, 64))
	}
	return strings.Join(elements, ",")
}
