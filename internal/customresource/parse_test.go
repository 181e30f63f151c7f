package customresource_test

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.yaml.in/yaml/v3"

	"github.com/kubestate/kubestate/internal/customresource"
	"github.com/kubestate/kubestate/internal/exposition"
)

// paths are compared by their steps' texts, and no lists are empty ones.
var paths = cmp.Options{
	cmpopts.IgnoreFields(customresource.Expression{}, "Program"),
	cmp.FilterPath(func(p cmp.Path) bool { return p.Last().Type() != reflect.TypeFor[customresource.Path]() }, cmpopts.EquateEmpty()),
	cmp.Transformer("Texts", func(p customresource.Path) string {
		var texts []string
		for _, step := range p {
			texts = append(texts, step.Text)
		}
		return fmt.Sprintf("%q", texts)
	}),
}

// positions are left out where the other side has none.
var positions = cmp.Options{
	cmpopts.IgnoreFields(customresource.Entry{}, "Position"),
	cmpopts.IgnoreFields(customresource.Family{}, "Position"),
}

// TestParseExamples compares large configurations with what the YAML library decodes of them.
func TestParseExamples(t *testing.T) {
	f := func(file string, entries, families int, warnings ...string) {
		t.Helper()
		text, err := os.ReadFile("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		c, err := customresource.Parse(file, text)
		if err != nil {
			t.Fatal(err)
		}
		var want example
		if err := yaml.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want.entries(t), c.Entries, paths, positions); d != "" {
			t.Errorf("%s: %s", file, d)
		}
		if len(c.Faults) > 0 {
			t.Errorf("%s: faults: %q", file, c.Faults)
		}
		if d := cmp.Diff(warnings, c.Warnings); d != "" {
			t.Errorf("%s: warnings: %s", file, d)
		}
		n := 0
		for _, e := range c.Entries {
			n += len(e.Families)
		}
		if len(c.Entries) != entries || n != families {
			t.Errorf("%s: got %d entries and %d families, want %d and %d", file, len(c.Entries), n, entries, families)
		}
	}
	f("crs-1.yaml", 22, 88,
		`crs-1.yaml:49: unknown key "description"; the nearest is "conditions"`,
		`crs-1.yaml:71: unknown key "description"; the nearest is "conditions"`,
		`crs-1.yaml:740: each.stateSet is ignored, as the type is info`,
		`crs-1.yaml:963: each.info is ignored, as the type is stateset`,
		`crs-1.yaml:1023: unknown key "description"; the nearest is "conditions"`,
		`crs-1.yaml:1076: unknown key "description"; the nearest is "conditions"`,
		`crs-1.yaml:1110: each.info is ignored, as the type is gauge`,
		`crs-1.yaml:1362: only the first document is read, not this one`)
	f("crs-2.yaml", 18, 85,
		`crs-2.yaml:196: each.stateSet is ignored, as the type is info`,
		`crs-2.yaml:244: each.stateSet is ignored, as the type is gauge`,
		`crs-2.yaml:318: unknown key "description"; the nearest is "conditions"`,
		`crs-2.yaml:994: each.info is ignored, as the type is stateset`,
		`crs-2.yaml:1058: each.gauge is ignored, as the type is info`,
		`crs-2.yaml:1199: each.stateSet is ignored, as the type is gauge`,
		`crs-2.yaml:1311: unknown key "description"; the nearest is "conditions"`)
}

// An example is a configuration in the common format as the YAML library decodes it.
type example struct {
	Spec struct {
		Resources []struct {
			GroupVersionKind struct{ Group, Version, Kind string } `yaml:"groupVersionKind"`
			MetricNamePrefix *string                               `yaml:"metricNamePrefix"`
			Plural           string                                `yaml:"resourcePlural"`
			Labels           exampleLabels                         `yaml:",inline"`
			Metrics          []struct {
				Name, Help string
				Labels     exampleLabels `yaml:",inline"`
				Each       struct {
					Type     string
					Gauge    exampleMember
					Info     exampleMember
					StateSet exampleMember `yaml:"stateSet"`
				}
			}
		}
	}
}

type exampleLabels struct {
	Common   map[string]string   `yaml:"commonLabels"`
	FromPath map[string][]string `yaml:"labelsFromPath"`
}

type exampleMember struct {
	Path      []string
	FromPath  map[string][]string `yaml:"labelsFromPath"`
	FromKey   string              `yaml:"labelFromKey"`
	ValueFrom []string            `yaml:"valueFrom"`
	NilIsZero bool                `yaml:"nilIsZero"`
	LabelName string              `yaml:"labelName"`
	List      []string
}

func (x *example) entries(t *testing.T) []customresource.Entry {
	t.Helper()
	fromPath := func(m map[string][]string) (labels []customresource.PathLabel) {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			labels = append(labels, customresource.PathLabel{Name: name, Source: path(t, m[name]...)})
		}
		return labels
	}
	common := func(m map[string]string) (labels []customresource.CommonLabel) {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			labels = append(labels, customresource.CommonLabel{Name: name, Value: m[name]})
		}
		return labels
	}
	var entries []customresource.Entry
	for _, r := range x.Spec.Resources {
		prefix := "kube_customresource_"
		if r.MetricNamePrefix != nil {
			prefix = strings.TrimPrefix(*r.MetricNamePrefix+"_", "_")
		}
		e := customresource.Entry{
			Group: r.GroupVersionKind.Group, Version: r.GroupVersionKind.Version, Kind: r.GroupVersionKind.Kind,
			CommonLabels: common(r.Labels.Common), Labels: fromPath(r.Labels.FromPath), Prefix: prefix, Plural: r.Plural,
		}
		for _, all := range []*string{&e.Version, &e.Kind} {
			if *all == "" {
				*all = "*"
			}
		}
		for _, m := range r.Metrics {
			typ := exposition.Type(strings.ToLower(m.Each.Type))
			each := map[exposition.Type]exampleMember{
				exposition.Gauge: m.Each.Gauge, exposition.Info: m.Each.Info, exposition.StateSet: m.Each.StateSet,
			}[typ]
			e.Families = append(e.Families, customresource.Family{
				Name: prefix + m.Name, Help: m.Help, Type: typ, CommonLabels: common(m.Labels.Common), Labels: fromPath(m.Labels.FromPath),
				Path: path(t, each.Path...).Path, ElementLabels: fromPath(each.FromPath), KeyLabel: each.FromKey,
				Value: path(t, each.ValueFrom...), NilIsZero: each.NilIsZero,
				ListLabel: each.LabelName, List: each.List,
			})
		}
		entries = append(entries, e)
	}
	return entries
}

// entry is a configuration of one entry with the lines given, from line 5. A family is complete but
// for what is below each.
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
	// Text that is no YAML, or has none.
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
	// Keys twice, anywhere.
	f("spec: {resources: []}\nspec: {resources: []}\n", `crs.yaml:2: duplicate key "spec"`)
	f("x-a:\n- b: 1\n  c: 2\n  'b': 3\nspec: {resources: []}\n", `crs.yaml:4: duplicate key "b"`)
	f("x-a: &k 1\nx-b:\n  1: 2\n  *k : 3\nspec: {resources: []}\n", `crs.yaml:4: duplicate key "1"`)
	f(entry("labelsFromPath:\n  a: []\n  a: []\n"+good), `crs.yaml:7: duplicate key "a"`)
	// Aliases without an end.
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
		// The entry before is served.
		if len(c.Entries) != 1 || c.Entries[0].Families[0].Name != "kube_customresource_first" {
			t.Errorf("%s: got the entries %+v", text, c.Entries)
		}
	}
	const in = "entry 2 (example.com/v1 Widget)"

	// Shapes, and what is missing.
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
		"crs.yaml:11: "+in+`, metric size: each.gauge.labelsFromPath.a: a step [*] is for what makes series, each.*.path`,
		"crs.yaml:12: "+in+`, metric size: each.gauge.valueFrom: a step [*] is for what makes series, each.*.path`)
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
	// An alias' faults are those of each entry.
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
	// Of an alias once.
	f("x-m: &m {name: a, nam: b, each: {type: gauge, gauge: {}}}\nspec:\n  resources:\n  - {groupVersionKind: {group: a}, metrics: [*m, *m]}\n",
		`crs.yaml:1: unknown key "nam"; the nearest is "name"`)
	// A family of several types.
	f(entry("metrics:\n- {name: a, each: {type: gauge, gauge: {}}}\n- {name: b_total, each: {type: counter, counter: {}}}\n- {name: a, each: {type: gauge, gauge: {}}}\n"+
		"- {name: a, each: {type: info, info: {}}}\n- {name: b_total, each: {type: gauge, gauge: {}}}\n"),
		"crs.yaml:9: family acme_a has the type info here, and gauge at crs.yaml:6, which counts",
		"crs.yaml:10: family acme_b_total has the type gauge here, and counter at crs.yaml:7, which counts")
}

// FuzzParse: whatever the text, there is a configuration whose messages are lines of their own,
// or an error that is one.
func FuzzParse(f *testing.F) {
	for _, file := range []string{"crs-1.yaml", "crs-2.yaml"} {
		text, err := os.ReadFile("testdata/" + file)
		if err != nil {
			f.Fatal(err)
		}
		// Entry by entry, as it takes minutes to minimize what is found in large texts.
		head, entries, _ := strings.Cut(string(text), "\n    - ")
		for entry := range strings.SplitSeq(entries, "\n    - ") {
			f.Add([]byte(head + "\n    - " + entry))
		}
	}
	for _, text := range []string{bomb, extensions, scalars, "a: &a [*a]", entry("<<: [{metrics: [1]}]\n"), gauge("where: &a !!str |\n  x\n")} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := customresource.Parse("crs.yaml", text)
		if err != nil {
			c = &customresource.Config{Faults: []error{err}}
		}
		for _, fault := range c.Faults {
			isLine(t, fault.Error())
		}
		for _, warning := range c.Warnings {
			isLine(t, warning)
		}
	})
}

func isLine(t *testing.T, message string) {
	t.Helper()
	if !strings.HasPrefix(message, "crs.yaml:") || strings.ContainsAny(message, "\n\r") {
		t.Errorf("message %q", message)
	}
}

// scalars has scalars of every type of YAML, and merge keys.
const scalars = `
x-labels: &labels
  a: overridden
  b: 0x1F
x-more: &more
  <<: *labels
  c: merged
spec:
  resources:
    - groupVersionKind: {group: example.com, version: 1, kind: ""}
      metricNamePrefix: ~
      commonLabels:
        <<: [*more, {c: later, d: 2024-01-02}]
        a: no
        on: 007
        e: ~
        f: 1.50
        g: !!str null
        h: 'null'
        _1: |
          text
      labelsFromPath:
        on: [~, -1, 0, +1, True, 1e3]
        none:
        1: []
      metrics:
        - name: a
          help: 1_000
          each: {type: GAUGE, gauge: {nilIsZero: On, valueFrom: ~, path: &path [a=b, '[c=d]']}}
        - name: b
          each: {type: stateSet, stateSet: {labelName: no, list: [True, ~, 0x1F, no], path: *path}}
`

func TestParseScalars(t *testing.T) {
	want := []customresource.Entry{{
		Position: "crs.yaml:10", Group: "example.com", Version: "1", Kind: "*", Prefix: "kube_customresource_",
		CommonLabels: []customresource.CommonLabel{
			{"_1", "text\n"}, {"a", "no"}, {"b", "0x1F"}, {"c", "merged"}, {"d", "2024-01-02"},
			{"e", ""}, {"f", "1.50"}, {"g", "null"}, {"h", "null"}, {"on", "007"},
		},
		Labels: []customresource.PathLabel{{Name: "1"}, {Name: "none"}, {Name: "on", Source: path(t, "", "-1", "0", "+1", "True", "1e3")}},
		Families: []customresource.Family{
			{Position: "crs.yaml:27", Name: "kube_customresource_a", Help: "1_000", Type: "gauge", NilIsZero: true, Path: path(t, "a=b", "[c=d]").Path},
			{Position: "crs.yaml:30", Name: "kube_customresource_b", Type: "stateset", Path: path(t, "a=b", "[c=d]").Path,
				ListLabel: "no", List: []string{"True", "", "0x1F", "no"}},
		},
	}}
	parsesTo(t, scalars, want)
}

// extensions has what the common format lacks.
const extensions = `
spec:
  resources:
    - groupVersionKind: {group: "*", version: "", kind: "*"}
      metricNamePrefix: ""
      categories: [managed]
      conditions: true
      where: has(object.status)
      labelSelector: a=b,c in (d, e)
      fieldSelector: metadata.name=x
    - groupVersionKind: {group: "*.upbound.io"}
      where:
        cel: >-
            true ||
            false
      labelsFromPath:
        c: {cel:   'self.c'}
        d: {path: [d, "[e=f]"], join: ", "}
        e: {path: [], join: ""}
        f: {cel: &f "self.f", join: ~}
      metrics:
        - name: a_total
          each:
            type: Counter
            counter:
              path: [a, "[*]", "[*]"]
              labelsFromKeys: [outer, ""]
              where: {cel: !!str &where   self.g}
              valueFrom: {cel: *f}
              labelFromKey: key
              nilIsZero: yes
              parse: duration
        - name: b
          each:
            type: info
            info:
              where: *where
              labelsFromKeys: []
        - name: c
          each:
            type: stateset
            stateSet: {labelName: c, valueFrom: {path: [c]}}
`

func TestParseExtensions(t *testing.T) {
	join := func(text string) *string { return &text }
	at := func(position, text string) customresource.Expression {
		return customresource.Expression{Position: "crs.yaml:" + position, Text: text}
	}
	want := []customresource.Entry{
		{
			Position: "crs.yaml:4", Group: "*", Version: "*", Kind: "*", Categories: []string{"managed"}, Conditions: true,
			LabelSelector: "a=b,c in (d, e)", FieldSelector: "metadata.name=x", Where: at("8:14", "has(object.status)"),
		},
		{
			Position: "crs.yaml:11", Group: "*.upbound.io", Version: "*", Kind: "*", Prefix: "kube_customresource_", Where: at("14:13", "true || false"),
			Labels: []customresource.PathLabel{
				{Name: "c", Source: customresource.Source{CEL: at("17:21", "self.c")}},
				{Name: "d", Source: path(t, "d", "[e=f]"), Join: join(", ")},
				{Name: "e", Join: join("")},
				{Name: "f", Source: customresource.Source{CEL: at("20:22", "self.f")}},
			},
			Families: []customresource.Family{
				{
					Position: "crs.yaml:22", Name: "kube_customresource_a_total", Type: "counter", Path: path(t, "a", "[*]", "[*]").Path,
					PathKeys: []string{"outer", ""}, Where: at("28:43", "self.g"), KeyLabel: "key", NilIsZero: true,
					Value: customresource.Source{CEL: at("20:22", "self.f")}, Parse: customresource.ParseDuration,
				},
				{Position: "crs.yaml:33", Name: "kube_customresource_b", Type: "info", Where: at("28:43", "self.g")},
				{Position: "crs.yaml:39", Name: "kube_customresource_c", Type: "stateset", ListLabel: "c", Value: path(t, "c")},
			},
		},
	}
	parsesTo(t, extensions, want)
}

func parsesTo(t *testing.T, text string, want []customresource.Entry) {
	t.Helper()
	c, err := customresource.Parse("crs.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(customresource.Config{Entries: want}, *c, paths); d != "" {
		t.Error(d)
	}
}

func path(t *testing.T, steps ...string) customresource.Source {
	t.Helper()
	p, err := customresource.ParsePath(steps)
	if err != nil {
		t.Fatal(err)
	}
	return customresource.Source{Path: p}
}

// TestInvalid counts entries, not what is wrong with them.
func TestInvalid(t *testing.T) {
	c, err := customresource.Parse("crs.yaml", []byte(`
spec:
  resources:
    - groupVersionKind: {group: a.example.com, kind: A, version: v1}
      metrics: [{name: "a b", each: {type: gage}}]
    - groupVersionKind: {group: b.example.com, kind: B, version: v1}
      conditions: true
`))
	if err != nil {
		t.Fatal(err)
	}
	if c.Invalid != 1 || len(c.Faults) < 2 || len(c.Entries) != 1 {
		t.Errorf("%d invalid entries with %d faults, %d valid ones", c.Invalid, len(c.Faults), len(c.Entries))
	}
}
