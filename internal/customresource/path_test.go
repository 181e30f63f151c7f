package customresource_test

import (
	"testing"
)

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
	f("a, n=5", "text") // the number 5 is no string
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
	f("u, '[u=t]', i", "") // a string is no boolean, and t is no number
	f("d, '[d=1704164645]', i", "0")
	// Other values.
	f("s", "text")
	f("s, 0", "")
	f("s, text", "")
	f("s, t=e", "")
	f("none, 0, a", "")
	f("l, 2, a", "")
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
	// Labels of the element override those of keys, in all types.
	f("gauge", "[spec, '[*]'], labelsFromKeys: [k], valueFrom: [v], labelsFromPath: {k: [n]}", `[[{"n":"x","v":1}]]`, `{@,k="x"} 1`)
	f("gauge", "[spec, '[*]'], labelsFromKeys: [k], labelFromKey: k, valueFrom: [v]", `[{"x":{"v":1}}]`, `{@,k="x"} 1`)
	f("info", "[spec, '[*]'], labelsFromKeys: [k], labelsFromPath: {k: [n]}", `[{"n":"x"}]`, `{@,k="x"} 1`)
	f("info", "[spec, '[*]'], labelsFromKeys: [k], labelFromKey: k", `[{"n":"x"}]`, `{@,k="n"} 1`)
	f("stateSet", "[spec, '[*]'], labelsFromKeys: [s], labelName: s, list: [a]", `["a"]`, `{@,s="a"} 1`)
}
