package generators_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/kubestate/kubestate/internal/generators"
)

// dynamic renders a family of labels made from a map with the given keys, each its own value.
func dynamic(prefix string, keys ...string) string {
	m := map[string]string{}
	for _, key := range keys {
		m[key] = key
	}
	return sampled(generators.Labels{prefix + "*"}, func(s *generators.Samples) { s.All(m) })
}

func TestDynamicLabels(t *testing.T) {
	f := func(want string, keys ...string) {
		t.Helper()
		if d := cmp.Diff(`x{o="p"`+want+"} 1\n", dynamic("label_", keys...)); d != "" {
			t.Errorf("%q (-want +got):\n%s", keys, d)
		}
	}
	f("")
	f(`,label_a="a"`, "a")
	f(`,label_a="a",label_b="b",label_c="c"`, "c", "a", "b")
	f(`,label_app_kubernetes_io_name="app.kubernetes.io/name"`, "app.kubernetes.io/name")
	// Invalid characters.
	f(`,label_a_b="a-b"`, "a-b")
	f(`,label_a__b="a-.b"`, "a-.b")
	f(`,label_a_b="a_b"`, "a_b")
	f(`,label_1a="1a"`, "1a")
	f(`,label___a="__a"`, "__a")
	f(`,label_=""`, "")
	f(`,label__="."`, ".")
	f(`,label_na_ve="naïve"`, "naïve")
	f(`,label__="漢"`, "漢")
	f(`,label___="`+"\uFFFD\uFFFD"+`"`, "\xff\xfe")
	f(`,label_two_lines="two\nlines"`, "two\nlines")
	f(`,label_a__="a\"}"`, `a"}`)
	// Snake case.
	f(`,label_foo_bar="fooBar"`, "fooBar")
	f(`,label_foo_bar_baz="fooBarBaz"`, "fooBarBaz")
	f(`,label_a_b_c="a.b/C"`, "a.b/C")
	f(`,label_abc="ABC"`, "ABC")
	f(`,label_foo="Foo"`, "Foo")
	f(`,label_http_server="httpServer"`, "httpServer")
	f(`,label_httpserver="HTTPServer"`, "HTTPServer")
	f(`,label_foo_bar="fooBAR"`, "fooBAR")
	f(`,label_a1_b="a1B"`, "a1B")
	f(`,label_a1b="a1b"`, "a1b")
	f(`,label_a_b="a_B"`, "a_B")
	f(`,label_a_b="a-B"`, "a-B")
	f(`,label_a_b="aéB"`, "aéB")
	f(`,label_a__b="a_-B"`, "a_-B")
}

func TestDynamicLabelsCollide(t *testing.T) {
	f := func(want string, keys ...string) {
		t.Helper()
		if d := cmp.Diff(`x{o="p"`+want+"} 1\n", dynamic("label_", keys...)); d != "" {
			t.Errorf("%q (-want +got):\n%s", keys, d)
		}
	}
	f(`,label_a_b_conflict1="a-b",label_a_b_conflict2="a.b"`, "a.b", "a-b")
	f(`,label_a_b_conflict1="a-b",label_a_b_conflict2="a.b",label_a_b_conflict3="a/b"`, "a-b", "a.b", "a/b")
	f(`,label_a_b_conflict1="a-b",label_a_b_conflict2="a.b",label_a_b_conflict3="a_b"`, "a_b", "a.b", "a-b")
	f(`,label_foo_bar_conflict1="foo-bar",label_foo_bar_conflict2="fooBar"`, "fooBar", "foo-bar")
	f(`,label_abc_conflict1="ABC",label_abc_conflict2="Abc",label_abc_conflict3="abc"`, "abc", "ABC", "Abc")
	f(`,label_a_a_conflict1="a-a",label_a_b_conflict1="a-b",label_a_a_conflict2="a.a",label_a_b_conflict2="a.b"`, "a-a", "a-b", "a.a", "a.b")
	// Names with the suffix of conflicts.
	f(`,label_a_b_conflict1="a_b_conflict1"`, "a_b_conflict1")
	f(`,label_a_b="a_b",label_a_b_conflict1="a_b_conflict1"`, "a_b", "a_b_conflict1")
	f(`,label_a_b_conflict1="A_b_conflict1",label_a_b_conflict2="a-b",label_a_b_conflict3="a.b"`, "A_b_conflict1", "a-b", "a.b")
	f(`,label_a_b_conflict2="A_b_conflict2",label_a_b_conflict1="a-b",label_a_b_conflict3="a.b"`, "A_b_conflict2", "a-b", "a.b")
	f(`,label_a_b_conflict1_conflict1="a-b",label_a_b_conflict2="a.b",label_a_b_conflict1_conflict2="a_b_conflict1"`, "a-b", "a.b", "a_b_conflict1")
	f(`,label_a_b_conflict1="a-b",label_a_b_conflict2_conflict1="a.b",label_a_b_conflict2_conflict2="a_b_conflict2"`, "a-b", "a.b", "a_b_conflict2")
	f(`,label_a_b_conflict1="a-b",label_a_b_conflict2="a.b",label_a_b_conflict3="a_b",label_a_b_conflict4="a_b_conflict4"`, "a-b", "a.b", "a_b", "a_b_conflict4")
}

// TestDynamicLabelsReset holds that the names of one map do not depend on the previous one.
func TestDynamicLabelsReset(t *testing.T) {
	f := func(prefix, want string) {
		t.Helper()
		got := sampled(generators.Labels{prefix + "*"}, func(s *generators.Samples) {
			s.All(map[string]string{"a-b": "1", "a.b": "2"})
			s.All(map[string]string{"a.b": "3"})
			s.All(map[string]string{"a/b": "4", "a_b": "5"})
		})
		want = strings.ReplaceAll(want, "PREFIX", prefix)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	const lines = `x{o="p",PREFIXa_b_conflict1="1",PREFIXa_b_conflict2="2"} 1
x{o="p",PREFIXa_b="3"} 1
x{o="p",PREFIXa_b_conflict1="4",PREFIXa_b_conflict2="5"} 1
`
	f("label_", lines)
	f("annotation_", lines)
	f("nodeselector_", lines)
}

var labelName = regexp.MustCompile(`\Alabel_[a-z0-9_]*\z`)

// FuzzDynamicLabels makes labels of any keys: they are parsable, with distinct names, and each
// has the value of its key.
func FuzzDynamicLabels(f *testing.F) {
	for _, seed := range []string{
		"", "a", "a-b a.b", "a_b_conflict1 a-b a.b A_b_conflict2", "fooBar foo-bar FooBar foo_bar", "\xff \xfe 漢 \n",
		"a a_conflict1 A a_conflict1_conflict1 A_conflict1 a_conflict2",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, joined string) {
		keys := strings.Split(joined, " ")
		slices.Sort(keys)
		keys = slices.Compact(keys)
		text := dynamic("label_", keys...)
		parser := expfmt.NewTextParser(model.LegacyValidation)
		families, err := parser.TextToMetricFamilies(strings.NewReader(text))
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if n := len(families["x"].GetMetric()); n != 1 {
			t.Fatalf("%q is read as %d series", text, n)
		}
		var want, got []string
		for _, key := range keys {
			want = append(want, strings.Map(func(r rune) rune { return r }, key))
		}
		names := map[string]bool{}
		for _, l := range families["x"].GetMetric()[0].GetLabel() {
			if l.GetName() == "o" {
				continue
			}
			got = append(got, l.GetValue())
			if names[l.GetName()] || !labelName.MatchString(l.GetName()) {
				t.Errorf("%q has the label name %q", text, l.GetName())
			}
			names[l.GetName()] = true
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q: values (-want +got):\n%s", text, d)
		}
	})
}
