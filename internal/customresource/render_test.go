package customresource_test

import (
	"bytes"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/customresource"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/jsonobject"
)

var widgets = customresource.Kind{Group: "example.com", Kind: "Widget", Plural: "widgets", Namespaced: true, Versions: []string{"v1"}}

// forced are the kind's labels of all series of widgets; tests write @.
const forced = `customresource_group="example.com",customresource_kind="Widget",customresource_version="v1"`

// ofWidgets returns a configuration with one entry of the fields.
func ofWidgets(fields string) string {
	return "spec: {resources: [{groupVersionKind: {group: example.com, version: v1, kind: Widget}, metricNamePrefix: '', " + fields + "}]}"
}

// m returns the fields of an entry with one family, m.
func m(typ, definition string) string {
	return "metrics: [{name: m, each: {type: " + typ + ", " + typ + ": {" + definition + "}}}]"
}

// parse parses a valid configuration.
func parse(t testing.TB, text string) *customresource.Config {
	t.Helper()
	c, err := customresource.Parse("crs.yaml", []byte(text))
	if err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	if len(c.Faults) > 0 {
		t.Fatalf("%v:\n%s", c.Faults, text)
	}
	return c
}

// A renderer renders widgets.
type renderer struct {
	*generators.Renderer
	reg *prometheus.Registry
	log *bytes.Buffer
}

// newRenderer compiles a configuration of one table.
func newRenderer(t testing.TB, config string, extra ...generators.ExtraLabel) renderer {
	t.Helper()
	r := renderer{reg: prometheus.NewRegistry(), log: &bytes.Buffer{}}
	resolved := parse(t, config).Resolve([]customresource.Kind{widgets}, nil, nil, customresource.NewReporter(r.reg, slog.New(slog.NewTextHandler(r.log, nil))))
	if len(resolved.Tables) != 1 {
		t.Fatalf("%d tables:\n%s", len(resolved.Tables), config)
	}
	r.Renderer = resolved.Tables[0].Compile(generators.Selection{Extra: extra})
	r.Recovered = func(family string, _ metav1.Object, reason any) { t.Errorf("%s: panic: %v", family, reason) }
	return r
}

// render renders a widget whose spec is the JSON.
func (r renderer) render(t testing.TB, spec string) string {
	t.Helper()
	o, err := jsonobject.Parse([]byte(`{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w","namespace":"n","uid":"u"},"spec":` + spec + `}`))
	if err != nil {
		t.Fatalf("%v: %s", err, spec)
	}
	text, _ := r.Render(nil, nil, o.(metav1.Object))
	return string(text)
}

// checkLines compares lines without the name of family m.
func checkLines(t *testing.T, about, got string, want []string) {
	t.Helper()
	var lines []string
	for line := range strings.Lines(got) {
		lines = append(lines, strings.TrimPrefix(strings.ReplaceAll(strings.TrimSuffix(line, "\n"), forced, "@"), "m"))
	}
	if d := cmp.Diff(want, lines); d != "" {
		t.Errorf("%s (-want +got):\n%s", about, d)
	}
}

// counted returns the counters of failures.
func counted(t *testing.T, reg *prometheus.Registry) map[string]int {
	t.Helper()
	gathered, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]int{}
	for _, f := range gathered {
		for _, m := range f.GetMetric() {
			all[m.GetLabel()[0].GetValue()+" "+m.GetLabel()[1].GetValue()] = int(m.GetCounter().GetValue())
		}
	}
	return all
}

// TestGauges has values of all shapes.
func TestGauges(t *testing.T) {
	f := func(definition, spec string, want ...string) {
		t.Helper()
		checkLines(t, definition+" of "+spec, newRenderer(t, ofWidgets(m("gauge", "path: [spec], "+definition))).render(t, spec), want)
	}
	// A map has a series for each member.
	f("", `{"a":1,"b":"2"}`, `{@} 1`) // one of the series with equal labels
	f("labelFromKey: k", `{"b":1,"a":"2","":3,"c":"x","d":null,"e":{}}`, `{@} 3`, `{@,k="a"} 2`, `{@,k="b"} 1`)
	f("labelFromKey: k, valueFrom: [v]", `{"a":{"v":1},"b":{"v":"x"},"c":{},"d":5,"v":7}`, `{@,k="a"} 1`, `{@,k="v"} 7`)
	f("labelFromKey: k, valueFrom: [v], nilIsZero: true", `{"a":{"v":null},"b":{"v":"x"},"c":{},"d":5,"v":null}`, `{@,k="a"} 0`, `{@,k="c"} 0`, `{@,k="d"} 0`, `{@,k="v"} 0`)
	f("labelFromKey: k, valueFrom: ['a,b']", `{"a,b":1,"c":{"a,b":2}}`, `{@,k="c"} 2`)
	f("labelFromKey: k, valueFrom: ['v=1']", `{"v=1":1,"c":{"v":"1"}}`, `{@,k="c"} 1`, `{@,k="v=1"} 1`)
	f("labelFromKey: k, valueFrom: [v, w]", `{"v":1,"a":{"v":{"w":2}}}`, `{@,k="a"} 2`)
	f("labelFromKey: k, labelsFromPath: {k: [l], l: [l]}, valueFrom: [v]", `{"a":{"v":1,"l":"x"},"b":{"v":2}}`, `{@,k="b"} 2`, `{@,k="x",l="x"} 1`)
	f("labelFromKey: k, labelsFromPath: {l: [l]}, valueFrom: [v]", `{"a":{"v":1,"l":"own"},"b":{"v":2},"l":"parent"}`, `{@,k="a",l="parent"} 1`, `{@,k="b",l="parent"} 2`)
	f("labelFromKey: k, labelsFromPath: {x: []}", `{"a":1}`, `{@,k="a",x="map[a:1]"} 1`)
	// A list has one for each element.
	f("", `[1]`, `{@} 1`)
	f("labelsFromPath: {n: [n]}, valueFrom: [v]", `[{"n":"b","v":2},{"n":"a","v":1},{"n":"c"},{"n":"d","v":"x"},null,5,[1]]`, `{@,n="a"} 1`, `{@,n="b"} 2`)
	f("labelsFromPath: {n: [n]}, valueFrom: [v], nilIsZero: true", `[{"n":"c"},{"n":"d","v":null},{"n":"e","v":"x"}]`, `{@,n="c"} 0`, `{@,n="d"} 0`)
	f("nilIsZero: true", `[null]`, `{@} 0`)
	f("labelFromKey: k", `[1]`, `{@} 1`)
	f("", `[]`)
	f("", `[[1]]`)
	// A single value has one.
	f("", `5`, `{@} 5`)
	f("labelsFromPath: {x: []}", `"5"`, `{@,x="5"} 5`)
	f("", `"x"`)
	f("", `null`)
	f("nilIsZero: true", `null`, `{@} 0`)
	f("nilIsZero: true, labelsFromPath: {x: []}", `null`, `{@} 0`)
	f("nilIsZero: true", `"x"`)
	f("valueFrom: [v]", `5`)
	f("", `{}`)
	f("nilIsZero: true", `{}`)
	checkLines(t, "the root", newRenderer(t, ofWidgets(m("gauge", "labelFromKey: k"))).render(t, `5`), []string{`{@,k="spec"} 5`})
	checkLines(t, "a missing path", newRenderer(t, ofWidgets(m("gauge", "path: [none, none], nilIsZero: true"))).render(t, `5`), []string{`{@} 0`})
	checkLines(t, "a lookup", newRenderer(t, ofWidgets(m("gauge", "path: [spec, '[n=b]', v]"))).render(t, `[{"n":"a","v":1},{"n":"b","v":2}]`), []string{`{@} 2`})
}

// TestInfos has info families of all shapes.
func TestInfos(t *testing.T) {
	f := func(definition, spec string, want ...string) {
		t.Helper()
		checkLines(t, definition+" of "+spec, newRenderer(t, ofWidgets(m("info", "path: [spec], "+definition))).render(t, spec), want)
	}
	f("labelsFromPath: {x: [x]}", `{"x":"a"}`, `{@,x="a"} 1`)
	f("labelsFromPath: {x: [x]}", `{"y":"a"}`)
	f("", `{"x":"a"}`)
	f("labelsFromPath: {x: [x]}", `{"x":null}`)
	f("labelsFromPath: {x: [x]}", `{"x":""}`, `{@,x=""} 1`)
	f("labelsFromPath: {x: [x]}", `{"x":"map","e":{"x":"entry"},"f":{"y":1}}`, `{@,x="entry"} 1`, `{@,x="map"} 1`)
	f("labelFromKey: k", `{"a":1,"":2,"b":null}`, `{@,k="a"} 1`, `{@,k="b"} 1`)
	f("labelFromKey: k, labelsFromPath: {x: [x]}", `{"x":"map","e":{"x":"entry"}}`, `{@,k="e",x="entry"} 1`, `{@,k="x"} 1`, `{@,x="map"} 1`)
	f("labelFromKey: k, labelsFromPath: {k: [x]}", `{"e":{"x":"entry"}}`, `{@,k="entry"} 1`)
	f("labelsFromPath: {x: [x]}", `[{"x":"b"},{"x":"a"},{},null,5]`, `{@,x="a"} 1`, `{@,x="b"} 1`)
	f("labelsFromPath: {x: []}", `["b","a",null,1,{"c":[]}]`, `{@,x="1"} 1`, `{@,x="a"} 1`, `{@,x="b"} 1`, `{@,x="map[c:[]]"} 1`)
	f("labelsFromPath: {x: []}", `"s"`, `{@,x="s"} 1`)
	f("labelFromKey: k", `["b"]`)
	f("labelFromKey: k", `"s"`)
	f("labelsFromPath: {x: []}", `null`)
	f("labelsFromPath: {x: []}", `[]`)
	f("labelsFromPath: {x: []}", `["a","a"]`, `{@,x="a"} 1`)
}

// TestStateSets has state sets of all shapes.
func TestStateSets(t *testing.T) {
	f := func(definition, spec string, want ...string) {
		t.Helper()
		checkLines(t, definition+" of "+spec, newRenderer(t, ofWidgets(m("stateSet", "labelName: s, path: [spec], "+definition))).render(t, spec), want)
	}
	f("list: [a, b]", `"a"`, `{@,s="a"} 1`, `{@,s="b"} 0`)
	f("list: [b, a]", `"c"`, `{@,s="a"} 0`, `{@,s="b"} 0`)
	f("list: [A, True, '']", `"True"`, `{@,s=""} 0`, `{@,s="A"} 0`, `{@,s="True"} 1`)
	f("list: [a]", `null`)
	f("list: [a]", `true`)
	f("list: [a]", `1`)
	f("list: [a]", `{}`)
	f("list: []", `"a"`)
	f("list: [a, a]", `"a"`, `{@,s="a"} 1`)
	f("list: [a], valueFrom: [v]", `{"v":"a"}`, `{@,s="a"} 1`)
	f("list: [a], valueFrom: [v]", `{"w":"a"}`)
	f("list: [a], valueFrom: [v]", `{"e":{"v":"a"}}`)
	f("list: [a], valueFrom: [v], labelsFromPath: {n: [n]}", `[{"n":2,"v":"a"},{"n":1,"v":"b"},{"n":3},{"n":4,"v":5},"x"]`, `{@,n="1",s="a"} 0`, `{@,n="2",s="a"} 1`)
	f("list: [a, b], labelsFromPath: {s: []}", `"a"`, `{@,s="a"} 1`) // overwritten, with another value
	f("list: [a]", `["a","b"]`, `{@,s="a"} 1`)
}

// TestConditions has the families of status.conditions.
func TestConditions(t *testing.T) {
	f := func(fields, status, want string) {
		t.Helper()
		r := newRenderer(t, ofWidgets(fields))
		o, err := jsonobject.Parse([]byte(`{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w","namespace":"n"},"status":` + status + `}`))
		if err != nil {
			t.Fatal(err)
		}
		got, _ := r.Render(nil, nil, o.(metav1.Object))
		if d := cmp.Diff(strings.ReplaceAll(want, "@", forced), string(got)); d != "" {
			t.Errorf("%s of %s (-want +got):\n%s", fields, status, d)
		}
	}
	const (
		ready = `kubestate_customresource_condition{condition="Ready",@,name="w",namespace="n",status="false"} 0
kubestate_customresource_condition{condition="Ready",@,name="w",namespace="n",status="true"} 1
kubestate_customresource_condition{condition="Ready",@,name="w",namespace="n",status="unknown"} 0
`
		changed = `kubestate_customresource_condition_last_transition_timestamp_seconds{condition="Ready",@,name="w",namespace="n"} 1704164645
`
	)
	f("conditions: true", `{"conditions":[{"type":"Ready","status":"True","lastTransitionTime":"2024-01-02T03:04:05Z"}]}`, ready+changed)
	f("conditions: true", `{"conditions":[{"type":"Ready","status":"True"}]}`, ready)
	f("conditions: true", `{"conditions":[{"type":"Ready","status":"True"},{"type":"Ready","status":"True"}]}`, ready)
	f("conditions: true", `{"conditions":[{"type":"Ready","status":null},{"type":"Ready"},"text",null]}`, "")
	f("conditions: true", `{"conditions":[{"type":"Ready","status":"other"}]}`, strings.ReplaceAll(ready, " 1\n", " 0\n"))
	f("conditions: true", `{"conditions":{"type":"Ready","status":"True"}}`, ready) // a map is one element
	f("conditions: true", `{"conditions":null}`, "")
	f("conditions: true", `5`, "")
	f("conditions: true, where: 'object.metadata.name == \"x\"'", `{"conditions":[{"type":"Ready","status":"True"}]}`, "")
	f("conditions: true, commonLabels: {team: a}", `{"conditions":[{"type":"Ready","lastTransitionTime":"2024-01-02T03:04:05Z"}]}`, strings.Replace(changed, "\"n\"}", `"n",team="a"}`, 1))
	f("conditions: true, labelsFromPath: {name: [kind], condition: [kind]}", `{"conditions":[{"type":"Ready","lastTransitionTime":"2024-01-02T03:04:05Z"}]}`, changed)
}

// TestFailures holds that failures are counted, and the first of each family and reason logged.
func TestFailures(t *testing.T) {
	f := func(fields, spec string, want map[string]int) {
		t.Helper()
		r := newRenderer(t, ofWidgets(fields))
		for range 3 {
			r.render(t, spec)
		}
		got := counted(t, r.reg)
		for about, n := range want {
			want[about] = 3 * n
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s of %s (-want +got):\n%s", fields, spec, d)
		}
		if logged := strings.Count(r.log.String(), "\n"); logged != len(want) {
			t.Errorf("%s of %s: %d log lines:\n%s", fields, spec, logged, r.log)
		}
		for _, about := range slices.Collect(maps.Keys(want)) {
			if _, reason, _ := strings.Cut(about, " "); !strings.Contains(r.log.String(), "reason="+reason) || !strings.Contains(r.log.String(), "namespace=n name=w") {
				t.Errorf("no log line about %s of n/w:\n%s", about, r.log)
			}
		}
	}
	type counts = map[string]int
	f(m("gauge", "path: [spec]"), `"x"`, counts{"m value": 1})
	f(m("gauge", "path: [spec]"), `["x",1,"y",{}]`, counts{"m value": 3})
	f(m("gauge", "path: [spec], labelFromKey: k"), `{"a":"x","b":{}}`, counts{})
	f(m("gauge", "path: [spec], valueFrom: [v]"), `{"a":{"v":"x"},"v":"y"}`, counts{"m value": 1})
	f(m("gauge", "path: [spec]"), `null`, counts{})
	f(m("gauge", "path: [spec]"), `[null]`, counts{})
	f(m("stateSet", "path: [spec], labelName: s, list: [a]"), `[1,"a",null,true]`, counts{"m value": 2})
	f(m("info", "path: [spec], labelsFromPath: {x: []}"), `[null]`, counts{})
	f(m("gauge", "path: [spec]"), `[1,1]`, counts{})
	f(m("gauge", "path: [spec]"), `[1,2,1,3]`, counts{"m conflict": 2})
	f(m("gauge", "path: [spec]"), `["NaN","nan"]`, counts{})
	f(m("gauge", "path: [spec], valueFrom: {cel: 'self.v'}"), `[{"v":1},{},{}]`, counts{"m expression": 2})
	f(m("gauge", "path: [spec], where: 'self.v'"), `[{"v":true},{}]`, counts{"m expression": 1, "m value": 1})
	f("where: 'self.none', metrics: [{name: m, each: {type: gauge, gauge: {path: [spec]}}}, {name: n, each: {type: gauge, gauge: {path: [spec]}}}]", `5`, counts{"m expression": 1})
	f("labelsFromPath: {x: {cel: 'self.none'}}, "+m("gauge", "path: [spec]"), `5`, counts{"m expression": 1})
	// An expression is not evaluated for the map of a member.
	f(m("gauge", "path: [spec], labelFromKey: k, valueFrom: [v], labelsFromPath: {x: {cel: 'self.x'}}"), `{"a":{"v":1,"x":"own"},"b":{"v":1,"x":"own"}}`, counts{})
}

// TestHeaders has the types of the text format and of OpenMetrics.
func TestHeaders(t *testing.T) {
	f := func(typ, name, definition, text, typed string) {
		t.Helper()
		r := newRenderer(t, ofWidgets("metrics: [{name: "+name+", help: \"A\\nb\\\\ 'c'.\", each: {type: "+typ+", "+typ+": {"+definition+"}}}]"))
		h := r.Headers()[0]
		help := "# HELP " + name + ` A\nb\\ 'c'.` + "\n"
		if d := cmp.Diff([]string{help + text, help + typed}, []string{string(h.Text), string(h.Typed)}); d != "" {
			t.Errorf("%s (-want +got):\n%s", typ, d)
		}
	}
	f("gauge", "g", "", "# TYPE g gauge\n", "# TYPE g gauge\n")
	f("counter", "c_total", "", "# TYPE c_total counter\n", "# TYPE c_total counter\n")
	f("info", "i_info", "", "# TYPE i_info gauge\n", "# TYPE i_info info\n")
	f("stateSet", "s", "labelName: s", "# TYPE s gauge\n", "# TYPE s stateset\n")
}
