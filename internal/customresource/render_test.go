package customresource_test

import (
	"bytes"
	"fmt"
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

// widgets is the kind of most tests.
var widgets = customresource.Kind{Group: "example.com", Kind: "Widget", Plural: "widgets", Namespaced: true, Versions: []string{"v1"}}

// forced are the labels of the kind that all series of widgets have; tests write @.
const forced = `customresource_group="example.com",customresource_kind="Widget",customresource_version="v1"`

// ofWidgets is a configuration with one entry, which has the given fields.
func ofWidgets(fields string) string {
	return "spec: {resources: [{groupVersionKind: {group: example.com, version: v1, kind: Widget}, metricNamePrefix: '', " + fields + "}]}"
}

// m is the fields of an entry with one family, m.
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

// newRenderer compiles a configuration that comes to one table.
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

// render renders a widget with the given JSON in its spec.
func (r renderer) render(t testing.TB, spec string) string {
	t.Helper()
	o, err := jsonobject.Parse([]byte(`{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w","namespace":"n","uid":"u"},"spec":` + spec + `}`))
	if err != nil {
		t.Fatalf("%v: %s", err, spec)
	}
	text, _ := r.Render(nil, nil, o.(metav1.Object))
	return string(text)
}

// checkLines compares lines, without the name of family m, with those that are wanted.
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

// counted gives the failures that are counted.
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

// TestPaths has steps on maps, lists and scalars.
func TestPaths(t *testing.T) {
	const spec = `{"a":{"b":"c","k=v":"both","x":"y","x=y":"literal","x=z":"fallback","0":"zero","-1":"minus","n":5,"n=5":"text"},` +
		`"l":["first","second",null],"o":[{"k":"v","i":0},"scalar",{"k":"w","i":1},{"k":"w","i":2},{"e=f":"g=h","i":3},{"":"empty","i":4}],"s":"text",` +
		`"n":[{"n":1024,"i":0},{"n":"2Ki","i":1},{"n":"8.08k","i":2},{"n":null,"i":3},{"n":"abc","i":4},{"n":0.5,"i":5}],` +
		`"t":[{"t":"Unknown","i":0},{"t":true,"i":1},{"t":false,"i":2}],"u":[{"u":"yes","i":0},{"u":[true],"i":1}],"d":[{"d":"2024-01-02T03:04:05Z","i":0}]}`
	f := func(steps, want string) {
		t.Helper()
		r := newRenderer(t, ofWidgets(m("info", "path: [spec], where: 'has(self.s)', labelsFromPath: {x: ["+steps+"]}")))
		var lines []string
		if want != "" {
			lines = []string{`{@,x="` + want + `"} 1`}
		}
		checkLines(t, steps, r.render(t, spec), lines)
	}
	// Maps.
	f("a, b", "c")
	f("a, none", "")
	f("a, 'x=y'", "y")
	f("a, 'x=z'", "fallback")
	f("a, 'x=w'", "")
	f("a, 'k=v'", "both")
	f("a, n=5", "text") // 5 is no text
	f("a, 0", "zero")
	f("a, -1", "minus")
	f("a, 00", "")
	f("a, '[b=c]'", "")
	// Lists.
	f("l, 0", "first")
	f("l, 1", "second")
	f("l, +1", "second")
	f("l, 01", "second")
	f("l, -2", "second")
	f("l, -3", "first")
	f("l, 2", "")
	f("l, 3", "")
	f("l, -4", "")
	f("l, 99999999999999999999", "")
	f("l, -9223372036854775808", "")
	f("l, first", "")
	f("l, 1.0", "")
	f("l, 0x1", "")
	f("l, ' 1'", "")
	f("l, ''", "")
	f("l, 0=1", "")
	// Lookups.
	f("o, '[k=v]', i", "0")
	f("o, '[k=w]', i", "1")
	f("o, '[k=x]', i", "")
	f("o, k=v, i", "")
	f("o, '[e=f=g=h]', i", "") // the key is e
	f("o, '[=empty]', i", "4")
	f("l, '[k=v]'", "")
	f("s, '[k=v]'", "")
	// Numbers.
	f("n, '[n=1Ki]', i", "0")
	f("n, '[n=1024]', i", "0")
	f("n, '[n=2048]', i", "1")
	f("n, '[n=8080]', i", "2")
	f("n, '[n=500m]', i", "5")
	f("n, '[n=abc]', i", "4")
	f("n, '[n=]', i", "")
	f("n, '[n=<nil>]', i", "")
	// Booleans.
	f("t, '[t=False]', i", "0")
	f("t, '[t=0]', i", "0")
	f("t, '[t=f]', i", "2")
	f("t, '[t=true]', i", "1")
	f("t, '[t=1]', i", "1")
	f("t, '[t=TRUE]', i", "1")
	f("t, '[t=T]', i", "0") // T is the quantity 0 too, as Unknown is
	f("t, '[t=yes]', i", "1")
	f("u, '[u=true]', i", "0")
	f("u, '[u=1]', i", "0")
	f("u, '[u=t]', i", "") // a text is no boolean, and t is no number
	f("d, '[d=1704164645]', i", "0")
	// Other values.
	f("s", "text")
	f("s, 0", "")
	f("s, text", "")
	f("s, t=e", "")
	f("none, 0, a", "")
	f("l, 2, a", "")
}

// TestNumbers has the contract's table of conversions.
func TestNumbers(t *testing.T) {
	r := newRenderer(t, ofWidgets(m("gauge", "path: [spec]")))
	f := func(value, want string) {
		t.Helper()
		var lines []string
		if want != "" {
			lines = []string{`{@} ` + want}
		}
		checkLines(t, value, r.render(t, value), lines)
	}
	text := func(value, want string) {
		t.Helper()
		f(`"`+value+`"`, want)
	}
	f(`true`, "1")
	f(`false`, "0")
	f(`null`, "")
	f(`[]`, "")
	f(`{}`, "")
	f(`7`, "7")
	f(`-7`, "-7")
	f(`-0`, "0")
	f(`-0.0`, "0")
	f(`1.5`, "1.5")
	f(`1.0`, "1")
	f(`1e3`, "1000")
	f(`1E-2`, "0.01")
	f(`9007199254740993`, "9007199254740992")
	f(`9223372036854775807`, "9.223372036854776e+18")
	f(`-9223372036854775808`, "-9.223372036854776e+18")
	f(`9223372036854775808`, "9.223372036854776e+18")
	f(`1e400`, "+Inf")
	f(`-1e400`, "-Inf")
	f(`5e-324`, "5e-324")
	for _, word := range []string{"true", "TRUE", "True", "yes", "YES", "yEs"} {
		text(word, "1")
	}
	for _, word := range []string{"false", "False", "no", "NO", "unknown", "Unknown", "UNKNOWN"} {
		text(word, "0")
	}
	// Times.
	text("1970-01-01T00:00:00Z", "0")
	text("2024-01-02T03:04:05Z", "1704164645")
	text("2024-01-02T03:04:05+01:00", "1704161045")
	text("2024-01-02T03:04:05.999999999Z", "1704164645")
	text("2024-01-02T03:04:05,5Z", "1704164645")
	text("2024-01-02T3:04:05Z", "1704164645") // as Go parses it
	text("1969-12-31T23:59:59Z", "-1")
	text("1969-12-31T23:59:58.5Z", "-2")
	text("0001-01-01T00:00:00Z", "-62135596800")
	text("2024-13-02T03:04:05Z", "")
	text("2024-01-02T03:04:05", "")
	text("2024-01-02 03:04:05Z", "")
	text("2024-01-02", "")
	// Quantities.
	text("5", "5")
	text("+5", "5")
	text("5.", "5")
	text(".5", "0.5")
	text("0.3", "0.30000000000000004")
	text("5m", "0.005")
	text("7n", "7.000000000000001e-09")
	text("1k", "1000")
	text("1Ki", "1024")
	text("1.5Gi", "1610612736")
	text("100E", "1e+20")
	text("1e3", "1000")
	text("1e30", "1e+30")
	text("1e400", "+Inf")
	text("-1e400", "-Inf")
	text("1e-12", "1e-09")
	text("12345678901234567890", "1.234567890123457e+19")
	text("n", "0") // no digits at all
	text("Ki", "0")
	text("e3", "0")
	// Percentages.
	text("50%", "0.5")
	text("0%", "0")
	text("007%", "0.07")
	text("150%", "1.5")
	text("12.5%", "")
	text("-5%", "")
	text("+5%", "")
	text("%", "")
	text("5%%", "")
	text("5 %", "")
	text("5%5%", "")
	// Literals of Go.
	text("Inf", "+Inf")
	text("-inf", "-Inf")
	text("+Infinity", "+Inf")
	text("NaN", "NaN")
	text("nan", "NaN")
	text("0x1p4", "16")
	text("0X1P-2", "0.25")
	text("1_000", "1000")
	text("0x_1p4", "16")
	// What is none.
	for _, word := range []string{"", " ", " 1", "1 ", "30s", "1h30m", "10m0s", "on", "off", "t", "f", "y", "10MB", "0x10", "1,5", "1.2.3", "abc", "--1", "1e", "１", "\\n", "yes ", "null", "<nil>"} {
		text(word, "")
	}
}

// TestDurations has texts that are parsed as durations.
func TestDurations(t *testing.T) {
	r := newRenderer(t, ofWidgets(m("gauge", "path: [spec], parse: duration")))
	f := func(value, want string) {
		t.Helper()
		var lines []string
		if want != "" {
			lines = []string{`{@} ` + want}
		}
		checkLines(t, value, r.render(t, value), lines)
	}
	f(`"15m"`, "900")
	f(`"2160h"`, "7776000")
	f(`"1h30m0.5s"`, "5400.5")
	f(`"-2s"`, "-2")
	f(`"0"`, "0")
	f(`"100ms"`, "0.1")
	f(`"5"`, "")
	f(`"1d"`, "")
	f(`""`, "")
	f(`"true"`, "")
	f(`"2540400h10m10.000000000s"`, "9145440610")
	f(`"2562048h"`, "") // beyond int64
	f(`5`, "5")
	f(`1.5`, "1.5")
	f(`true`, "1")
	f(`null`, "")
}

// TestLabelTexts has values as Go prints them.
func TestLabelTexts(t *testing.T) {
	r := newRenderer(t, ofWidgets(`labelsFromPath: {x: [spec], y: {path: [spec], join: "; "}, z: {path: [spec], join: ""}}, `+m("gauge", "path: [metadata, name], nilIsZero: true, valueFrom: [none]")))
	f := func(value, want string, joined ...string) {
		t.Helper()
		y, z := want, want
		if len(joined) > 0 {
			y, z = joined[0], joined[1]
		}
		checkLines(t, value, r.render(t, value), []string{fmt.Sprintf(`{@,x="%s",y="%s",z="%s"} 0`, want, y, z)})
	}
	f(`"text"`, "text")
	f(`""`, "")
	f(`" a\tb\n\"\\"`, " a\tb\\n\\\"\\\\")
	f(`"\u0000\ud83d\ude42"`, "\x00🙂")
	f(`"\ud83d"`, "�")
	f("\"a\xffb\"", "a�b")
	f(`true`, "true")
	f(`false`, "false")
	f(`0`, "0")
	f(`-0`, "0")
	f(`-0.0`, "-0")
	f(`1.0`, "1")
	f(`1.50`, "1.5")
	f(`1000000`, "1000000")
	f(`1000000.0`, "1e+06")
	f(`123456.0`, "123456")
	f(`0.0001`, "0.0001")
	f(`0.00001`, "1e-05")
	f(`9223372036854775807`, "9223372036854775807")
	f(`9223372036854775808`, "9.223372036854776e+18")
	f(`1e21`, "1e+21")
	f(`[]`, "[]", "", "")
	f(`["a"]`, "[a]", "a", "a")
	f(`["a","b c",1,1.5,true,null]`, "[a b c 1 1.5 true <nil>]", "a; b c; 1; 1.5; true; <nil>", "ab c11.5true<nil>")
	f(`[["a","b"],[]]`, "[[a b] []]", "[a b]; []", "[a b][]")
	f(`{}`, "map[]")
	f(`{"b":1,"a":"x","é":null,"":2}`, "map[:2 a:x b:1 é:<nil>]")
	f(`{"a":{"c":[1,{"d":null}],"b":false}}`, "map[a:map[b:false c:[1 map[d:<nil>]]]]")
	checkLines(t, "null", r.render(t, "null"), []string{`{@} 0`})
}

// TestLabelNames has names that are made valid, or collide.
func TestLabelNames(t *testing.T) {
	f := func(labels, spec string, want ...string) {
		t.Helper()
		r := newRenderer(t, ofWidgets(m("info", "path: [spec], labelsFromPath: {"+labels+"}")))
		for i := range want {
			want[i] = `{` + want[i] + `} 1`
		}
		checkLines(t, labels+" of "+spec, r.render(t, spec), want)
	}
	f("a: [v]", `{"v":1}`, `a="1",@`)
	f("a-b.c/d: [v]", `{"v":1}`, `a_b_c_d="1",@`)
	f("é日: [v]", `{"v":1}`, `__="1",@`)
	f("1a: [v]", `{"v":1}`, `_1a="1",@`)
	f("'9': [v]", `{"v":1}`, `_9="1",@`)
	f("__name__: [v]", `{"v":1}`, `___name__="1",@`)
	f("--name--: [v]", `{"v":1}`, `___name__="1",@`)
	f("__name: [v]", `{"v":1}`, `__name="1",@`)
	// Of names that become equal the last counts, in the order of what is written.
	f("a-b: [v], a_b: [w]", `{"v":1,"w":2}`, `a_b="2",@`)
	f("a_b: [v], a-b: [w]", `{"v":1,"w":2}`, `a_b="1",@`)
	f("a_b: [none], a-b: [w]", `{"w":2}`, `a_b="2",@`)
	f("_1: [v], '1': [w]", `{"v":1,"w":2}`, `_1="1",@`)
	// Maps.
	f(`"*": [m]`, `{"m":{"a":"x","b-c":1,"d":null,"e":{"f":[]}}}`, `a="x",b_c="1",@,d="<nil>",e="map[f:[]]"`)
	f(`"*": [m]`, `{"m":{"1":"x","":"y","__name__":"z","é":1}}`, `_="1",_1="x",___name__="z",@`)
	f(`"p_*": [m]`, `{"m":{"a":"x","1":2,"":3}}`, `@,p_="3",p_1="2",p_a="x"`)
	f(`"1*": [m]`, `{"m":{"a":"x","":3}}`, `_1="3",_1a="x",@`)
	f(`"**": [m]`, `{"m":{"a":"x"}}`, `_a="x",@`)
	f(`"a*b*": [m]`, `{"m":{"c":"x"}}`, `a_bc="x",@`)
	f(`"_*": [m]`, `{"m":{"_name__":"x"}}`, `___name__="x",@`)
	f(`"__name__*": [m]`, `{"m":{"":"x","a":"y"}}`, `___name__="x",__name__a="y",@`)
	f(`"*ignored": [m]`, `{"m":{"a":"x"}}`, `a="x",@`)
	f(`"*": [m], "a": [v]`, `{"m":{"a":"x"},"v":"y"}`, `a="y",@`)
	f(`"*": [m], "a": [none]`, `{"m":{"a":"x"},"v":"y"}`, `a="x",@`)
	f(`"*": [m], "*b": [n]`, `{"m":{"a":"x"},"n":{"a":"y"}}`, `a="y",@`)
	f(`"*": [m]`, `{"m":{"a-b":"x","a_b":"y","a.b":"z"}}`, `a_b="z",@`)
	f(`"*": [m]`, `{"m":["a"]}`)
	f(`"*": [m]`, `{"m":"a"}`)
	f(`"*": [m]`, `{}`)
	f(`"*": {path: [m], join: ","}`, `{"m":{"a":[1,2]}}`, `a="1,2",@`)
	f(`"*": {cel: "self.?m", join: ","}`, `{"m":{"a":[1,2]}}`, `a="1,2",@`)
	f(`"*": {cel: "self.?m"}`, `{"m":{"a":[1,2],"1":null,"__name__":2}}`, `_1="<nil>",___name__="2",a="[1 2]",@`)
}

// TestLabelOrder has labels of all levels with one name: the last level counts.
func TestLabelOrder(t *testing.T) {
	f := func(fields, want string) {
		t.Helper()
		checkLines(t, fields, newRenderer(t, ofWidgets(fields)).render(t, `{"l":["e"],"v":5,"name":"s"}`), []string{want})
	}
	const list = "each: {type: gauge, gauge: {path: [spec, l], valueFrom: [none], nilIsZero: true"
	f("commonLabels: {a: entry}, metrics: [{name: m, "+list+"}}}]", `{a="entry",@} 0`)
	f("commonLabels: {a: entry}, metrics: [{name: m, commonLabels: {a: family}, "+list+"}}}]", `{a="family",@} 0`)
	f("commonLabels: {a: entry}, labelsFromPath: {a: [kind]}, metrics: [{name: m, commonLabels: {a: family}, "+list+"}}}]", `{a="Widget",@} 0`)
	f("labelsFromPath: {a: [kind]}, metrics: [{name: m, labelsFromPath: {a: [spec, v]}, "+list+"}}}]", `{a="5",@} 0`)
	f("labelsFromPath: {a: [kind]}, metrics: [{name: m, labelsFromPath: {a: [none]}, "+list+"}}}]", `{@} 0`) // by key
	f("labelsFromPath: {a: [kind]}, metrics: [{name: m, "+list+", labelsFromPath: {a: []}}}}]", `{a="e",@} 0`)
	f("labelsFromPath: {a: [kind]}, metrics: [{name: m, "+list+", labelsFromPath: {a: [none]}}}}]", `{a="Widget",@} 0`)
	f("commonLabels: {a: ''}, metrics: [{name: m, "+list+"}}}]", `{a="",@} 0`)
	// The labels of the kind.
	f("commonLabels: {customresource_kind: x}, metrics: [{name: m, "+list+"}}}]", `{@} 0`)
	f("metrics: [{name: m, commonLabels: {customresource_kind: x}, "+list+"}}}]", `{customresource_group="example.com",customresource_kind="x",customresource_version="v1"} 0`)
	f("labelsFromPath: {customresource_version: [spec, v]}, metrics: [{name: m, "+list+"}}}]", `{customresource_group="example.com",customresource_kind="Widget",customresource_version="5"} 0`)
	f("metrics: [{name: m, "+list+", labelsFromPath: {customresource_group: []}}}}]", `{customresource_group="e",customresource_kind="Widget",customresource_version="v1"} 0`)
}

// TestGauges has values of all shapes.
func TestGauges(t *testing.T) {
	f := func(definition, spec string, want ...string) {
		t.Helper()
		checkLines(t, definition+" of "+spec, newRenderer(t, ofWidgets(m("gauge", "path: [spec], "+definition))).render(t, spec), want)
	}
	// A map has a series for each entry.
	f("", `{"a":1,"b":"2"}`, `{@} 1`) // with equal labels, of which one is kept
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
	// Anything else has one.
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

// TestEach has steps [*].
func TestEach(t *testing.T) {
	f := func(typ, definition, spec string, want ...string) {
		t.Helper()
		checkLines(t, definition+" of "+spec, newRenderer(t, ofWidgets(m(typ, "path: "+definition))).render(t, spec), want)
	}
	f("gauge", "[spec, '[*]', v], labelsFromKeys: [k]", `{"a":{"v":1},"b":{"v":2},"c":3,"d":{"v":[4]}}`, `{@,k="a"} 1`, `{@,k="b"} 2`, `{@,k="d"} 4`)
	f("gauge", "[spec, '[*]'], labelsFromKeys: [i]", `[5,6,null,[7]]`, `{@,i="0"} 5`, `{@,i="1"} 6`, `{@,i="3"} 7`)
	f("gauge", "[spec, '[*]', '[*]', v], labelsFromKeys: [a, b]", `{"x":[{"v":1},{"v":2}],"y":{"z":{"v":3}},"s":1}`, `{a="x",b="0",@} 1`, `{a="x",b="1",@} 2`, `{a="y",b="z",@} 3`)
	f("gauge", "[spec, '[*]', '[*]', v], labelsFromKeys: ['', b]", `{"x":[{"v":1},{"v":2}]}`, `{b="0",@} 1`, `{b="1",@} 2`)
	f("gauge", "[spec, '[*]', l, 1, '[*]'], labelsFromKeys: [a, b]", `[{"l":[0,[1,2]]},{"l":[]}]`, `{a="0",b="0",@} 1`, `{a="0",b="1",@} 2`)
	f("gauge", "[spec, '[*]', v], labelsFromKeys: [k], labelFromKey: m", `{"a":{"v":{"x":1}}}`, `{@,k="a",m="x"} 1`)
	f("gauge", "[spec, '[*]', v], nilIsZero: true, labelsFromKeys: [k]", `{"a":{},"b":1}`, `{@,k="a"} 0`, `{@,k="b"} 0`)
	f("gauge", "[spec, '[*]'], nilIsZero: true", `5`)
	f("gauge", "[none, '[*]'], nilIsZero: true", `5`)
	f("gauge", "['[*]', name], nilIsZero: true, labelsFromKeys: [k], where: 'self == null'", `5`, `{@,k="apiVersion"} 0`, `{@,k="kind"} 0`, `{@,k="spec"} 0`)
	f("info", "[spec, '[*]'], labelsFromKeys: [k], labelsFromPath: {x: [x]}", `{"a":{"x":1},"b":{"y":2}}`, `{@,k="a",x="1"} 1`)
	f("stateSet", "[spec, '[*]', s], labelsFromKeys: [k], labelName: s, list: [a]", `{"x":{"s":"a"},"y":{"s":"b"},"z":{}}`, `{@,k="x",s="a"} 1`, `{@,k="y",s="a"} 0`)
	// The labels of the element count, in all types.
	f("gauge", "[spec, '[*]'], labelsFromKeys: [k], valueFrom: [v], labelsFromPath: {k: [n]}", `[[{"n":"x","v":1}]]`, `{@,k="x"} 1`)
	f("gauge", "[spec, '[*]'], labelsFromKeys: [k], labelFromKey: k, valueFrom: [v]", `[{"x":{"v":1}}]`, `{@,k="x"} 1`)
	f("info", "[spec, '[*]'], labelsFromKeys: [k], labelsFromPath: {k: [n]}", `[{"n":"x"}]`, `{@,k="x"} 1`)
	f("info", "[spec, '[*]'], labelsFromKeys: [k], labelFromKey: k", `[{"n":"x"}]`, `{@,k="n"} 1`)
	f("stateSet", "[spec, '[*]'], labelsFromKeys: [s], labelName: s, list: [a]", `["a"]`, `{@,s="a"} 1`)
}

// TestOrder holds that the series of an object are ordered by their own labels.
func TestOrder(t *testing.T) {
	f := func(fields, spec string, want ...string) {
		t.Helper()
		checkLines(t, spec, newRenderer(t, ofWidgets(fields)).render(t, spec), want)
	}
	f("commonLabels: {z: c}, "+m("info", `path: [spec], labelsFromPath: {"*": []}`), `[{"b":"1"},{"a":"2"},{"a":"1","b":"2"},{"a":"1"},{"a":"10"},{"zz":"0","customresource_kind":"a"}]`,
		`{a="1",@,z="c"} 1`, `{a="1",b="2",@,z="c"} 1`, `{a="10",@,z="c"} 1`, `{a="2",@,z="c"} 1`, `{b="1",@,z="c"} 1`, `{customresource_group="example.com",customresource_kind="a",customresource_version="v1",z="c",zz="0"} 1`)
	// Entries, one after another.
	f(`metrics: [{name: m, commonLabels: {d: "2"}, each: {type: gauge, gauge: {path: [spec], labelFromKey: k}}}, {name: m, commonLabels: {d: "1"}, each: {type: gauge, gauge: {path: [spec], labelFromKey: k}}}]`,
		`{"b":1,"a":2}`, `{@,d="2",k="a"} 2`, `{@,d="2",k="b"} 1`, `{@,d="1",k="a"} 2`, `{@,d="1",k="b"} 1`)
}

// TestExtraLabels holds that extra labels replace those of their names.
func TestExtraLabels(t *testing.T) {
	const fields = `labelsFromPath: {name: [metadata, name]}, metrics: [{name: m, each: {type: gauge, gauge: {path: [spec], labelFromKey: k}}}]`
	extra := func(names ...string) (labels []generators.ExtraLabel) {
		for _, name := range names {
			labels = append(labels, generators.ExtraLabel{Name: name, Value: `"x"`})
		}
		return labels
	}
	f := func(extra []generators.ExtraLabel, want ...string) {
		t.Helper()
		checkLines(t, fmt.Sprint(extra), newRenderer(t, ofWidgets(fields), extra...).render(t, `{"a":1,"b":2}`), want)
	}
	f(nil, `{@,k="a",name="w"} 1`, `{@,k="b",name="w"} 2`)
	f(extra("cluster", "a"), `{cluster="\"x\"",a="\"x\"",@,k="a",name="w"} 1`, `{cluster="\"x\"",a="\"x\"",@,k="b",name="w"} 2`)
	f(extra("name"), `{name="\"x\"",@,k="a"} 1`, `{name="\"x\"",@,k="b"} 2`)
	f(extra("k"), `{k="\"x\"",@,name="w"} 1`) // of equal series one is kept
	f(extra("customresource_kind"), `{customresource_kind="\"x\"",customresource_group="example.com",customresource_version="v1",k="a",name="w"} 1`,
		`{customresource_kind="\"x\"",customresource_group="example.com",customresource_version="v1",k="b",name="w"} 2`)
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

// TestWhere has conditions of entries and elements.
func TestWhere(t *testing.T) {
	f := func(fields, spec string, want ...string) {
		t.Helper()
		checkLines(t, fields+" of "+spec, newRenderer(t, ofWidgets(fields)).render(t, spec), want)
	}
	f("where: 'object.spec.on', "+m("gauge", "path: [spec, v]"), `{"on":true,"v":1}`, `{@} 1`)
	f("where: 'self.spec.on', "+m("gauge", "path: [spec, v]"), `{"on":false,"v":1}`)
	f("where: 'object.spec.on', "+m("gauge", "path: [spec, v]"), `{"v":1}`) // which fails
	f("where: 'object.spec.on', "+m("gauge", "path: [spec, v]"), `{"on":"true","v":1}`)
	f("where: {cel: 'object.spec.on'}, "+m("gauge", "path: [spec, v]"), `{"on":true,"v":1}`, `{@} 1`)
	f(m("gauge", `path: [spec], labelFromKey: k, where: "type(self) == int"`), `{"a":1,"b":"2","c":3.5}`, `{@,k="a"} 1`)
	f(m("gauge", `path: [spec], labelsFromPath: {n: [n]}, valueFrom: [v], where: "self.n == 'b'"`), `[{"n":"a","v":1},{"n":"b","v":2},{"v":3}]`, `{@,n="b"} 2`)
	f(m("gauge", `path: [spec], where: "self > 3"`), `5`, `{@} 5`)
	f(m("gauge", `path: [spec], where: "self > 3"`), `2`)
	f(m("gauge", `path: [spec], nilIsZero: true, where: "self == null"`), `null`, `{@} 0`)
	f(m("gauge", `path: [spec, none], nilIsZero: true, where: "self == null"`), `{}`, `{@} 0`)
	f(m("info", `path: [spec], labelsFromPath: {x: [x]}, where: "has(self.e)"`), `{"x":"map","e":{"x":"entry"}}`, `{@,x="map"} 1`)
	f(m("info", `path: [spec], labelsFromPath: {x: [x]}, where: "!has(self.e)"`), `{"x":"map","e":{"x":"entry"}}`, `{@,x="entry"} 1`)
	f(m("stateSet", `path: [spec], labelName: s, list: [a], labelsFromPath: {n: [n]}, valueFrom: [v], where: "self.n != 'b'"`), `[{"n":"a","v":"a"},{"n":"b","v":"a"}]`, `{@,n="a",s="a"} 1`)
	f(m("gauge", `path: [spec, '[*]'], labelsFromKeys: [i], where: "self > object.spec[0]"`), `[1,2,0]`, `{@,i="1"} 2`)
}

// TestExpressions has values and labels that are computed.
func TestExpressions(t *testing.T) {
	f := func(fields, spec string, want ...string) {
		t.Helper()
		checkLines(t, fields+" of "+spec, newRenderer(t, ofWidgets(fields)).render(t, spec), want)
	}
	value := func(cel, spec string, want ...string) {
		t.Helper()
		f(m("gauge", "path: [spec, v], valueFrom: {cel: \""+cel+"\"}"), spec, want...)
	}
	value("self", `{"v":5}`, `{@} 5`)
	value("self + 1", `{"v":5}`, `{@} 6`)
	value("object.spec.w", `{"w":1.5}`, `{@} 1.5`)
	value("true", `{}`, `{@} 1`)
	value("false", `{}`, `{@} 0`)
	value("'1Ki'", `{}`, `{@} 1024`)
	value("'Unknown'", `{}`, `{@} 0`)
	value("'x'", `{}`)
	value("null", `{}`)
	value("[1]", `{}`)
	value("{'a': 1}", `{}`)
	value("duration('90s')", `{}`, `{@} 90`)
	value("timestamp('2024-01-02T03:04:05Z')", `{}`, `{@} 1704164645`)
	value("quantity('1500m')", `{}`, `{@} 1.5`)
	value("18446744073709551615u", `{}`, `{@} 1.8446744073709552e+19`)
	value("object.?spec.?none", `{}`)
	value("self.none", `{"v":[{}]}`)
	f(m("gauge", "path: [spec], nilIsZero: true, valueFrom: {cel: 'self.none'}"), `{"a":{}}`, `{@} 0`) // a missing key is a failure
	f(m("gauge", "path: [spec], nilIsZero: true, valueFrom: {cel: 'null'}"), `5`, `{@} 0`)
	f(m("gauge", "path: [spec], parse: duration, valueFrom: {cel: \"'1' + 'm'\"}"), `5`, `{@} 60`)
	f(m("gauge", "path: [spec], labelFromKey: k, valueFrom: {cel: 'self.v * 2'}"), `{"a":{"v":1},"b":{"v":2},"v":3}`, `{@,k="a"} 2`, `{@,k="b"} 4`)
	f(m("stateSet", "path: [spec], labelName: s, list: [a-b], valueFrom: {cel: \"self.x + '-' + self.y\"}"), `{"x":"a","y":"b"}`, `{@,s="a-b"} 1`)
	f(m("stateSet", "path: [spec], labelName: s, list: ['5'], valueFrom: {cel: '5'}"), `{}`)

	label := func(cel, spec string, want ...string) {
		t.Helper()
		f(m("info", "path: [spec], labelsFromPath: {x: {cel: \""+cel+"\"}}"), spec, want...)
	}
	label("self[0]", `[["a"],["b"]]`, `{@,x="a"} 1`, `{@,x="b"} 1`)
	label("self", `[1,1.5,true,"t",["a",null],{"b":1,"a":2}]`, `{@,x="1"} 1`, `{@,x="1.5"} 1`, `{@,x="[a <nil>]"} 1`, `{@,x="map[a:2 b:1]"} 1`, `{@,x="t"} 1`, `{@,x="true"} 1`)
	label("null", `[1]`)
	label("self.none", `[1]`)
	label("''", `[1]`, `{@,x=""} 1`)
	f("labelsFromPath: {x: {cel: 'self.metadata.name + object.kind'}}, "+m("gauge", "path: [spec]"), `1`, `{@,x="wWidget"} 1`)
	f(m("info", "path: [spec], labelsFromPath: {x: {cel: 'self', join: '/'}}"), `[["a",1,null]]`, `{@,x="a/1/<nil>"} 1`)
	f(m("info", "path: [spec], labelsFromPath: {'p_*': {cel: 'self'}}"), `[{"a":1},["b"],"c"]`, `{@,p_a="1"} 1`)
	// Of a map's entry, self is the entry.
	f(m("gauge", "path: [spec], labelFromKey: k, valueFrom: [v], labelsFromPath: {x: {cel: 'self.x'}}"), `{"a":{"v":1,"x":"own"},"x":"parent"}`, `{@,k="a",x="own"} 1`)
}

// TestFailures holds that what cannot be rendered is counted, and logged once for each family
// and reason.
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
			t.Errorf("%s of %s: %d lines are logged:\n%s", fields, spec, logged, r.log)
		}
		for _, about := range slices.Collect(maps.Keys(want)) {
			if _, reason, _ := strings.Cut(about, " "); !strings.Contains(r.log.String(), "reason="+reason) || !strings.Contains(r.log.String(), "namespace=n name=w") {
				t.Errorf("the log has no line about %s of n/w:\n%s", about, r.log)
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
	// An expression is not evaluated for the map that an entry is in.
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
