package customresource_test

import (
	"testing"
)

// TestWhere has expressions that select objects and elements.
func TestWhere(t *testing.T) {
	f := func(fields, spec string, want ...string) {
		t.Helper()
		checkLines(t, fields+" of "+spec, newRenderer(t, ofWidgets(fields)).render(t, spec), want)
	}
	f("where: 'object.spec.on', "+m("gauge", "path: [spec, v]"), `{"on":true,"v":1}`, `{@} 1`)
	f("where: 'self.spec.on', "+m("gauge", "path: [spec, v]"), `{"on":false,"v":1}`)
	f("where: 'object.spec.on', "+m("gauge", "path: [spec, v]"), `{"v":1}`) // an error
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

// TestExpressions has values and labels from expressions.
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
	// For a map's member, self is the member.
	f(m("gauge", "path: [spec], labelFromKey: k, valueFrom: [v], labelsFromPath: {x: {cel: 'self.x'}}"), `{"a":{"v":1,"x":"own"},"x":"parent"}`, `{@,k="a",x="own"} 1`)
}
