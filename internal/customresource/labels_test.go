package customresource_test

import (
	"fmt"
	"testing"

	"github.com/kubestate/kubestate/internal/generators"
)

// TestLabelTexts has label values of all types, as Go prints them.
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

// TestLabelNames has invalid and equal label names.
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
	// Of names that become equal, the last in the configuration counts.
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

// TestLabelOrder has labels of one name on all levels: the last level counts.
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

// TestOrder holds that an object's series are sorted by their own labels.
func TestOrder(t *testing.T) {
	f := func(fields, spec string, want ...string) {
		t.Helper()
		checkLines(t, spec, newRenderer(t, ofWidgets(fields)).render(t, spec), want)
	}
	f("commonLabels: {z: c}, "+m("info", `path: [spec], labelsFromPath: {"*": []}`), `[{"b":"1"},{"a":"2"},{"a":"1","b":"2"},{"a":"1"},{"a":"10"},{"zz":"0","customresource_kind":"a"}]`,
		`{a="1",@,z="c"} 1`, `{a="1",b="2",@,z="c"} 1`, `{a="10",@,z="c"} 1`, `{a="2",@,z="c"} 1`, `{b="1",@,z="c"} 1`, `{customresource_group="example.com",customresource_kind="a",customresource_version="v1",z="c",zz="0"} 1`)
	// The series of each entry are sorted.
	f(`metrics: [{name: m, commonLabels: {d: "2"}, each: {type: gauge, gauge: {path: [spec], labelFromKey: k}}}, {name: m, commonLabels: {d: "1"}, each: {type: gauge, gauge: {path: [spec], labelFromKey: k}}}]`,
		`{"b":1,"a":2}`, `{@,d="2",k="a"} 2`, `{@,d="2",k="b"} 1`, `{@,d="1",k="a"} 2`, `{@,d="1",k="b"} 1`)
}

// TestExtraLabels holds that extra labels replace labels of their names.
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
	f(extra("k"), `{k="\"x\"",@,name="w"} 1`) // one of the equal series
	f(extra("customresource_kind"), `{customresource_kind="\"x\"",customresource_group="example.com",customresource_version="v1",k="a",name="w"} 1`,
		`{customresource_kind="\"x\"",customresource_group="example.com",customresource_version="v1",k="b",name="w"} 2`)
}
