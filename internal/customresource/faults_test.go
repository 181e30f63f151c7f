package customresource_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/customresource"
)

// entry returns a configuration of one entry with lines, from line 5.
func entry(lines string) string {
	return "spec:\n  resources:\n    - groupVersionKind: {group: example.com, version: v1, kind: Widget}\n" +
		"      metricNamePrefix: acme\n" + indent(lines, "      ")
}

func gauge(lines string) string {
	return entry("metrics:\n  - name: size\n    each:\n      type: gauge\n      gauge:\n" + indent(lines, "        "))
}

func indent(lines, by string) string {
	return by + strings.ReplaceAll(strings.TrimSuffix(lines, "\n"), "\n", "\n"+by) + "\n"
}

const good = "metrics: [{name: size, each: {type: gauge, gauge: {}}}]\n"

func TestParseErrors(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		c, err := customresource.Parse("crs.yaml", []byte(text))
		if err == nil {
			t.Errorf("%q: got %+v, want an error", text, c)
		} else if err.Error() != want {
			t.Errorf("%q:\ngot  %s\nwant %s", text, err, want)
		}
	}
	// Invalid and empty YAML.
	f("", "crs.yaml: empty file")
	f("# only\n# comments\n", "crs.yaml: empty file")
	f("---\n---\nspec: {resources: []}", "crs.yaml:2: empty document")
	f("~", "crs.yaml:1: empty document")
	f("spec:\n  resources:\n  - a: b\n c", "crs.yaml:3: did not find expected key")
	f("spec: [", "crs.yaml:1: did not find expected node content")
	f("a: 1\nb: *c\nd: 2\n", "crs.yaml:2: unknown anchor 'c' referenced")
	f("a: 1\nb: \x01\n", "crs.yaml:2: control characters are not allowed")
	f("a: 1\n\nb: \xff\n", "crs.yaml:3: invalid leading UTF-8 octet")
	f("\tspec: 1", "crs.yaml:1: found character that cannot start any token")
	// Wrong shapes outside of entries.
	f("spec", `crs.yaml:1: want a mapping, not "spec"`)
	f("[spec]", `crs.yaml:1: want a mapping, not a list`)
	f("kind: x\n", "crs.yaml:1: spec: missing")
	f("Spec: {resources: []}\n", "crs.yaml:1: spec: missing")
	f("kind: x\nspec:\n", "crs.yaml:2: spec: missing")
	f("kind: x\nspec: text\n", `crs.yaml:2: spec: want a mapping, not "text"`)
	f("spec:\n  Resources: []\n", "crs.yaml:2: spec.resources: missing; a list without entries is []")
	f("spec:\n  other: 1\n  resources:\n", "crs.yaml:3: spec.resources: missing; a list without entries is []")
	f("spec:\n  resources: text\n", `crs.yaml:2: spec.resources: want a list, not "text"`)
	f("spec:\n  resources: {a: b}\n", `crs.yaml:2: spec.resources: want a list, not a mapping`)
	f("spec:\n  ? [a]\n  : b\n  resources: []", "crs.yaml:2: spec: want a text as a key, not a list")
	f("spec:\n  <<: text\n  resources: []", `crs.yaml:2: spec: want a mapping to merge, not "text"`)
	f("spec:\n  <<: [~]\n  resources: []", `crs.yaml:2: spec: want a mapping to merge, not null`)
	// Duplicate keys.
	f("spec: {resources: []}\nspec: {resources: []}\n", `crs.yaml:2: duplicate key "spec"`)
	f("x-a:\n- b: 1\n  c: 2\n  'b': 3\nspec: {resources: []}\n", `crs.yaml:4: duplicate key "b"`)
	f("x-a: &k 1\nx-b:\n  1: 2\n  *k : 3\nspec: {resources: []}\n", `crs.yaml:4: duplicate key "1"`)
	f(entry("labelsFromPath:\n  a: []\n  a: []\n"+good), `crs.yaml:7: duplicate key "a"`)
	// Cyclic aliases.
	f("x-a: &a\n  b:\n  - *a\n", `crs.yaml:3: alias "a" is within the node that it refers to`)
	f("x-a: &a\n  <<: *a\n", `crs.yaml:2: alias "a" is within the node that it refers to`)
	f(bomb, "crs.yaml:6: more than 1000000 nodes, with aliases expanded")
}

// bomb has 10 million nodes.
var bomb = func() string {
	text := "x-0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range 6 {
		from := fmt.Sprintf("*a%d", i)
		text += fmt.Sprintf("x-%d: &a%d [%s%s]\n", i+1, i+1, strings.Repeat(from+", ", 9), from)
	}
	return text + "spec: {resources: *a6}\n"
}()

func TestParseFaults(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		bad := strings.Replace(text, "spec:\n  resources:\n", "spec:\n  resources:\n"+
			"    - {groupVersionKind: {group: example.com}, metrics: [{name: first, each: {type: gauge, gauge: {}}}]}\n", 1)
		c, err := customresource.Parse("crs.yaml", []byte(bad))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			return
		}
		var got []string
		for _, fault := range c.Faults {
			got = append(got, fault.Error())
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", text, d)
		}
		// The entry before is valid.
		if len(c.Entries) != 1 || c.Entries[0].Families[0].Name != "kube_customresource_first" {
			t.Errorf("%s: got the entries %+v", text, c.Entries)
		}
	}
	const in = "entry 2 (example.com/v1 Widget)"

	// Wrong shapes and missing keys.
	f("spec:\n  resources:\n    - text\n", `crs.yaml:4: entry 2: want a mapping, not "text"`)
	f("spec:\n  resources:\n    -\n",
		`crs.yaml:4: entry 2 (""/* *): groupVersionKind.group: missing`,
		`crs.yaml:4: entry 2 (""/* *): metrics: missing`)
	f("spec:\n  resources:\n    - groupVersionKind: text\n      "+good,
		`crs.yaml:4: entry 2: groupVersionKind: want a mapping, not "text"`)
	f("spec:\n  resources:\n    - groupVersionKind: {group: a, kind: [b]}\n      "+good,
		`crs.yaml:4: entry 2: groupVersionKind.kind: want a text, not a list`)
	f("spec:\n  resources:\n    - groupVersionKind: {group: null, kind: \"a\\nb\"}\n      "+good,
		`crs.yaml:4: entry 2 (""/* "a\nb"): groupVersionKind.group: missing`)
	f(entry("metrics: []\nconditions: off\n"), "crs.yaml:6: "+in+": metrics: missing")
	f(entry("metrics: {}\nlabelsFromPath: []\n"),
		"crs.yaml:6: "+in+": metrics: missing", "crs.yaml:6: "+in+": metrics: want a list, not a mapping",
		"crs.yaml:7: "+in+": labelsFromPath: want a mapping, not a list")
	f(entry("metrics:\n- \n- text\n- name: a\n"),
		"crs.yaml:7: "+in+", metric 1: each.type: missing", "crs.yaml:7: "+in+", metric 1: name: missing",
		"crs.yaml:8: "+in+`, metric 2: want a mapping, not "text"`,
		"crs.yaml:9: "+in+", metric a: each.type: missing")
	f(entry("metrics:\n- name: a\n  each: text\n"), "crs.yaml:8: "+in+`, metric a: each: want a mapping, not "text"`)
	f(entry("metrics:\n- name: a\n  each:\n    type: gauge\n"), "crs.yaml:9: "+in+", metric a: each.gauge: missing")
	f(entry("metrics:\n- name: a\n  each:\n    type: gauge\n    gauge:\n    info: {}\n"), "crs.yaml:10: "+in+", metric a: each.gauge: missing")
	f(entry("metrics:\n- name: a\n  each: {type: stateSet, stateset: {}}\n"), "crs.yaml:8: "+in+", metric a: each.stateSet: missing")
	f(entry("metrics:\n- name: a\n  each: {type: stateSet, stateSet: {list: [a, {}]}}\n"),
		"crs.yaml:8: "+in+", metric a: each.stateSet.labelName: missing",
		"crs.yaml:8: "+in+", metric a: each.stateSet.list: want a text as element 1, not a mapping")
	f(gauge("path: status\n"), "crs.yaml:11: "+in+`, metric size: each.gauge.path: want a list, not "status"`)
	f(gauge("path: [status, [a]]\n"), "crs.yaml:11: "+in+`, metric size: each.gauge.path: want a text as element 1, not a list`)
	f(gauge("labelsFromPath: {a: {}, b b: text}\n"),
		"crs.yaml:11: "+in+`, metric size: each.gauge.labelsFromPath."b b": want a list, not "text"`,
		"crs.yaml:11: "+in+`, metric size: each.gauge.labelsFromPath.a: want either path or cel`)
	f(gauge("nilIsZero: 1\n"), "crs.yaml:11: "+in+`, metric size: each.gauge.nilIsZero: want a boolean, not "1"`)
	f(gauge("nilIsZero: yES\n"), "crs.yaml:11: "+in+`, metric size: each.gauge.nilIsZero: want a boolean, not "yES"`)
	f(entry("errorLogV: []\nresourcePlural: {}\n"+good),
		"crs.yaml:6: "+in+": errorLogV: want a text, not a list", "crs.yaml:7: "+in+": resourcePlural: want a text, not a mapping")
	// Types.
	f(entry("metrics:\n- name: size\n  each:\n    type: gage\n"), "crs.yaml:9: "+in+`, metric size: unknown type "gage"; the nearest is "gauge"`)
	f(entry("metrics:\n- name: size\n  each:\n    type: STATE_SET\n    gauge: {}\n"),
		"crs.yaml:9: "+in+`, metric size: unknown type "STATE_SET"; the nearest is "stateset"`)
	f(gauge("parse: durations\n"), "crs.yaml:11: "+in+`, metric size: unknown parse "durations"; the nearest is "duration"`)
	f(entry("metrics:\n- name: size\n  each: {type: counter, counter: {}}\n"),
		"crs.yaml:7: "+in+", metric size: name: the name of a counter ends in _total")
	// Names.
	f(entry("metrics: [{name: a b, each: {type: gauge, gauge: {}}}]\n"), "crs.yaml:6: "+in+`, metric "a b": name: invalid metric name "acme_a b"`)
	f(strings.Replace(entry("metrics: [{name: 1a, each: {type: gauge, gauge: {}}}]\n"), "acme", `""`, 1),
		"crs.yaml:6: "+in+`, metric 1a: name: invalid metric name "1a"`)
	f(strings.Replace(entry(good), "acme", "a-b", 1), "crs.yaml:5: "+in+`: metricNamePrefix: invalid prefix "a-b"`)
	f(entry("commonLabels: {a-b: 1, __name__: x, '': x, c: [x]}\n"+good),
		"crs.yaml:6: "+in+`: commonLabels.c: want a text, not a list`,
		"crs.yaml:6: "+in+`: commonLabels: invalid label name ""`,
		"crs.yaml:6: "+in+`: commonLabels: invalid label name "__name__"`,
		"crs.yaml:6: "+in+`: commonLabels: invalid label name "a-b"`)
	f(gauge("labelFromKey: 1a\nlabelsFromPath: {'': [a], 1a: [a]}\n"),
		"crs.yaml:11: "+in+`, metric size: each.gauge.labelFromKey: invalid label name "1a"`,
		"crs.yaml:12: "+in+`, metric size: each.gauge.labelsFromPath: empty label name`)
	f(entry("metrics:\n- name: a\n  each: {type: stateSet, stateSet: {labelName: a.b}}\n"),
		"crs.yaml:8: "+in+`, metric a: each.stateSet.labelName: invalid label name "a.b"`)
	// Paths.
	f(gauge("path: ['[a]']\nvalueFrom: ['[b]']\n"),
		"crs.yaml:11: "+in+`, metric size: each.gauge.path: step "[a]": a lookup in a list is written [key=value]`,
		"crs.yaml:12: "+in+`, metric size: each.gauge.valueFrom: step "[b]": a lookup in a list is written [key=value]`)
	f(gauge("labelsFromPath: {a: ['[*]']}\nvalueFrom: [a, '[*]']\n"),
		"crs.yaml:11: "+in+`, metric size: each.gauge.labelsFromPath.a: a step [*] is only for each.*.path`,
		"crs.yaml:12: "+in+`, metric size: each.gauge.valueFrom: a step [*] is only for each.*.path`)
	f(gauge("path: [a, '[*]']\nlabelsFromKeys: [a, b c, a]\n"),
		"crs.yaml:12: "+in+`, metric size: each.gauge.labelsFromKeys: invalid label name "b c"`,
		"crs.yaml:12: "+in+`, metric size: each.gauge.labelsFromKeys: label name "a" twice`,
		"crs.yaml:12: "+in+`, metric size: each.gauge.labelsFromKeys: want a name for each step [*] of the path, 1, not 3`)
	f(gauge("valueFrom: {path: [], cel: self}\n"), "crs.yaml:11: "+in+`, metric size: each.gauge.valueFrom: want either path or cel`)
	f(gauge("valueFrom: {cel: ''}\n"), "crs.yaml:11: "+in+`, metric size: each.gauge.valueFrom: want either path or cel`)
	f(gauge("valueFrom: {path: [a], join: ''}\n"), "crs.yaml:11: "+in+`, metric size: each.gauge.valueFrom: join is for labels`)
	f(gauge("where: [a]\n"), "crs.yaml:11: "+in+`, metric size: each.gauge.where: want a text, not a list`)
	f(gauge("where: {}\n"), "crs.yaml:11: "+in+`, metric size: each.gauge.where.cel: missing`)
	// Objects.
	group := func(group, lines string) string {
		return strings.Replace(entry(lines), "example.com", group, 1)
	}
	f(group("'*'", good), `crs.yaml:4: entry 2 (*/v1 Widget): groupVersionKind.group: "*" needs categories`)
	f(group("'*.'", good), `crs.yaml:4: entry 2 (*./v1 Widget): groupVersionKind.group: want a group or *. and a suffix, not "*."`)
	f(group("'*.a.*'", good), `crs.yaml:4: entry 2 (*.a.*/v1 Widget): groupVersionKind.group: want a group or *. and a suffix, not "*.a.*"`)
	f(group("a*", "categories: [a]\n"+good), `crs.yaml:4: entry 2 (a*/v1 Widget): groupVersionKind.group: want a group or *. and a suffix, not "a*"`)
	f(entry("categories: [a, '']\n"+good), "crs.yaml:6: "+in+": categories: empty name")
	f(entry("labelSelector: a in b\nfieldSelector: a\n"+good),
		"crs.yaml:6: "+in+": labelSelector: unable to parse requirement: found 'b' expected: '('",
		`crs.yaml:7: `+in+`: fieldSelector: invalid selector: 'a'; can't understand 'a'`)
	// Each entry has the faults of an alias.
	f("x-m: &m {name: 1 a, each: {type: gauge, gauge: {}}}\nspec:\n  resources:\n    - {groupVersionKind: {group: a}, metrics: [*m, *m]}\n    - {groupVersionKind: {group: b}, metrics: [*m]}\n",
		`crs.yaml:1: entry 2 (a/* *), metric "1 a": name: invalid metric name "kube_customresource_1 a"`,
		`crs.yaml:1: entry 3 (b/* *), metric "1 a": name: invalid metric name "kube_customresource_1 a"`)
}

func TestParseWarnings(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		c, err := customresource.Parse("crs.yaml", []byte(text))
		if err != nil || len(c.Faults) > 0 {
			t.Errorf("%s: %v %v", text, err, c)
			return
		}
		if d := cmp.Diff(want, c.Warnings); d != "" {
			t.Errorf("%s: %s", text, d)
		}
	}
	f("kind: a\napiVersion: b\nx-: 1\nx-y: {z: 1}\n" + entry("resourcePlural: a\nerrorLogV: 9\n"+good))
	f("spec: {resources: []}\n---\n")
	f("spec: {resources: []}\n...\n# The end.\n")
	f("xy: 1\nspec: {resource: 1, resources: []}\n",
		`crs.yaml:1: unknown key "xy"; the nearest is "kind"`, `crs.yaml:2: unknown key "resource"; the nearest is "resources"`)
	f("spec: {resources: []}\n--- # Another.\na: b\n---\nc: d\n", "crs.yaml:2: only the first document is read, not this one")
	f("kind: a\nspec: {resources: []}\n---\na: [\n",
		"crs.yaml:1: only the first document is read, and the text after it is no YAML: line 4: did not find expected node content")
	f(strings.Replace(entry("labelFromPath: {}\nmetrics:\n- name: size\n  Help: a\n  each:\n    type: gauge\n    Info: {}\n    info: text\n    gauge: {list: [], valueFrom: {cell: 1, cel: self}}\n"),
		"kind:", "Kind:", 1),
		`crs.yaml:3: unknown key "Kind"; the nearest is "kind"`,
		`crs.yaml:5: unknown key "labelFromPath"; the nearest is "labelsFromPath"`,
		`crs.yaml:8: unknown key "Help"; the nearest is "help"`,
		`crs.yaml:11: unknown key "Info"; the nearest is "info"`,
		`crs.yaml:12: each.info is ignored, as the type is gauge`,
		`crs.yaml:13: unknown key "cell"; the nearest is "cel"`,
		`crs.yaml:13: unknown key "list"; the nearest is "path"`)
	f(gauge("where: {cel: has(self.a), Cel: b}\n"), `crs.yaml:10: unknown key "Cel"; the nearest is "cel"`)
	// An alias has one warning.
	f("x-m: &m {name: a, nam: b, each: {type: gauge, gauge: {}}}\nspec:\n  resources:\n  - {groupVersionKind: {group: a}, metrics: [*m, *m]}\n",
		`crs.yaml:1: unknown key "nam"; the nearest is "name"`)
	// A family with several types.
	f(entry("metrics:\n- {name: a, each: {type: gauge, gauge: {}}}\n- {name: b_total, each: {type: counter, counter: {}}}\n- {name: a, each: {type: gauge, gauge: {}}}\n"+
		"- {name: a, each: {type: info, info: {}}}\n- {name: b_total, each: {type: gauge, gauge: {}}}\n"),
		"crs.yaml:9: family acme_a has the type info here, and gauge at crs.yaml:6, which counts",
		"crs.yaml:10: family acme_b_total has the type gauge here, and counter at crs.yaml:7, which counts")
}
