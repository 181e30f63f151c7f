package customresource_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/internal/customresource"
	"github.com/kubestate/kubestate/internal/exposition"
	"github.com/kubestate/kubestate/internal/generators"
)

// resolve resolves a valid configuration.
func resolve(t testing.TB, config string, reserved []string, kinds ...customresource.Kind) customresource.Resolution {
	t.Helper()
	return parse(t, config).Resolve(kinds, nil, reserved, customresource.NewReporter(prometheus.NewRegistry(), nil))
}

// TestMayRepeat holds which families may have equal series of several objects.
func TestMayRepeat(t *testing.T) {
	f := func(want bool, entries string, extra ...string) {
		t.Helper()
		var selection generators.Selection
		for _, name := range extra {
			selection.Extra = append(selection.Extra, generators.ExtraLabel{Name: name, Value: "x"})
		}
		for _, r := range resolve(t, "spec: {resources: ["+entries+"]}", nil, widgets).Tables {
			if got := r.Compile(selection).MayRepeat(); !slices.Equal(got, []bool{want}) {
				t.Errorf("%v, want %v: %s, extra labels %q", got, want, entries, extra)
			}
		}
	}
	entry := func(fields string) string {
		return "{groupVersionKind: {group: example.com, kind: Widget, version: v1}, " + fields + "}"
	}
	gauge := m("gauge", "path: [spec]")
	unique := "labelsFromPath: {name: [metadata, name], namespace: [metadata, namespace]}, "
	f(true, entry(gauge))
	f(false, entry(unique+gauge))
	f(false, entry("labelsFromPath: {n: [metadata, name], ns: [metadata, namespace]}, "+gauge))
	f(true, entry("labelsFromPath: {name: [metadata, name]}, "+gauge))
	f(true, entry("labelsFromPath: {namespace: [metadata, namespace]}, "+gauge))
	f(false, entry("labelsFromPath: {id: [metadata, uid]}, "+gauge))
	f(true, entry("labelsFromPath: {id: [metadata, uid, x]}, "+gauge))
	f(true, entry("labelsFromPath: {id: [metadata]}, "+gauge))
	f(true, entry("labelsFromPath: {'id*': [metadata, uid]}, "+gauge))
	f(true, entry("labelsFromPath: {id: {cel: object.metadata.uid}}, "+gauge))
	f(true, entry("labelsFromPath: {id: [spec, uid]}, "+gauge))
	f(false, entry("metrics: [{name: m, labelsFromPath: {id: [metadata, uid]}, each: {type: gauge, gauge: {}}}]"))
	f(true, entry("labelsFromPath: {id: [metadata, uid]}, metrics: [{name: m, labelsFromPath: {id: [spec, x]}, each: {type: gauge, gauge: {}}}]"))
	f(false, entry("labelsFromPath: {id: [metadata, uid]}, metrics: [{name: m, commonLabels: {id: x}, each: {type: gauge, gauge: {}}}]"))
	// Other labels of the root.
	f(true, entry("labelsFromPath: {i-d: [metadata, uid], i_d: [spec, x]}, "+gauge))
	f(true, entry("labelsFromPath: {i.d: [spec, x], i-d: [metadata, uid]}, "+gauge))
	f(true, entry("labelsFromPath: {id: [metadata, uid], '*': [metadata, labels]}, "+gauge)) // which may have the labels of the kind
	f(true, entry("labelsFromPath: {id: [metadata, uid], customresource_kind: [spec, x]}, "+gauge))
	f(true, entry("labelsFromPath: {id: [metadata, uid], customresource-kind: [spec, x]}, "+gauge))
	f(false, entry("labelsFromPath: {id: [metadata, uid]}, commonLabels: {customresource_kind: x}, "+gauge))
	f(true, entry("labelsFromPath: {id: [metadata, uid]}, metrics: [{name: m, commonLabels: {customresource_kind: x}, each: {type: gauge, gauge: {}}}]"))
	// Labels of the element.
	f(false, entry(unique+m("gauge", "labelFromKey: k, labelsFromPath: {x: []}")))
	f(true, entry(unique+m("gauge", "labelFromKey: name")))
	f(true, entry(unique+m("gauge", "labelFromKey: customresource_kind")))
	f(true, entry(unique+m("gauge", "labelsFromPath: {name: []}")))
	f(true, entry(unique+m("gauge", "labelsFromPath: {'*': []}")))
	f(true, entry(unique+m("gauge", "path: ['[*]'], labelsFromKeys: [namespace]")))
	f(true, entry(unique+m("stateSet", "labelName: name, list: [a]")))
	f(false, entry(unique+m("stateSet", "labelName: s, list: [a]")))
	// Extra labels.
	f(false, entry(unique+gauge), "cluster")
	f(true, entry(unique+gauge), "name")
	f(true, entry(unique+gauge), "cluster", "namespace")
	f(true, entry(unique+gauge), "customresource_version")
	// Several definitions in a table, and tables.
	f(false, entry(unique+gauge)+", "+entry(unique+gauge))
	f(true, entry(unique+gauge)+", "+entry(gauge))
	f(false, entry("labelsFromPath: {name: [metadata, name], namespace: [metadata, namespace], id: [metadata, uid]}, "+gauge)+", "+entry(unique+gauge))
	f(true, entry("labelsFromPath: {id: [metadata, uid]}, "+gauge)+", "+entry(unique+gauge))
	f(true, entry("labelsFromPath: {a: [metadata, name], b: [metadata, namespace]}, "+gauge)+", "+entry("labelsFromPath: {b: [metadata, name], a: [metadata, namespace]}, "+gauge))
	f(true, entry(unique+gauge)+", "+entry("labelSelector: a=b, "+unique+gauge))
	f(true, entry(unique+gauge)+", "+entry("fieldSelector: a=b, "+unique+gauge))

	for _, k := range []customresource.Kind{
		{Group: "example.com", Kind: "Widget", Plural: "widgets", Versions: []string{"v1", "v2"}},
		{Group: "example.com", Kind: "Widget", Plural: "widgets", Namespaced: true, Versions: []string{"v1", "v2"}},
	} {
		for _, r := range resolve(t, "spec: {resources: [{groupVersionKind: {group: example.com}, labelsFromPath: {name: [metadata, name]}, "+gauge+"}]}", nil, k).Tables {
			if got := r.Compile(generators.Selection{}).MayRepeat(); !slices.Equal(got, []bool{k.Namespaced}) {
				t.Errorf("%v of %+v", got, k)
			}
		}
	}
	for _, r := range resolve(t, "spec: {resources: [{groupVersionKind: {group: example.com}, conditions: true}]}", nil, widgets).Tables {
		if got := r.Compile(generators.Selection{}).MayRepeat(); !slices.Equal(got, []bool{false, false}) {
			t.Errorf("conditions: %v", got)
		}
	}
}

// kind returns a kind of group/plural and its versions.
func kind(group, plural string, versions ...string) customresource.Kind {
	return customresource.Kind{Group: group, Kind: strings.ToUpper(plural[:1]) + strings.TrimSuffix(plural[1:], "s"), Plural: plural, Versions: versions, UID: "of-" + types.UID(plural)}
}

// all returns an entry for all kinds of a group.
func all(group, fields string) string {
	return "{groupVersionKind: {group: " + group + "}, metricNamePrefix: '', " + fields + "}"
}

// TestNames holds the names and aliases of tables, in order.
func TestNames(t *testing.T) {
	gauge := m("gauge", "path: [spec]")
	f := func(entries string, kinds []customresource.Kind, want ...string) {
		t.Helper()
		var got []string
		for _, r := range resolve(t, "spec: {resources: ["+entries+"]}", []string{"pods", "events.events.k8s.io", "events"}, kinds...).Tables {
			d := r.Describe()
			if d.Name != d.Key {
				t.Errorf("name %s, key %s", d.Name, d.Key)
			}
			got = append(got, strings.Join(append([]string{d.Name}, d.Aliases...), " "))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", entries, d)
		}
	}
	kinds := func(of ...customresource.Kind) []customresource.Kind { return of }
	example := all("example.com", gauge)
	f(example, kinds(kind("example.com", "widgets", "v1")), "widgets.v1.example.com widgets.example.com widgets")
	f(example, kinds(kind("example.com", "widgets", "v2", "v1")), "widgets.v1.example.com widgets.example.com widgets", "widgets.v2.example.com widgets.example.com widgets")
	f(example, kinds(kind("example.com", "widgets", "v1"), kind("other.com", "widgets", "v1")), "widgets.v1.example.com widgets.example.com widgets") // the other one has no table
	f(example+", "+all("other.com", gauge), kinds(kind("other.com", "widgets", "v1"), kind("example.com", "widgets", "v1")),
		"widgets.v1.example.com widgets.example.com widgets", "widgets.v1.other.com widgets.other.com widgets")
	f(example, kinds(kind("example.com", "pods", "v1")), "pods.v1.example.com pods.example.com") // the alias is that of a built-in resource
	f(all("events.k8s.io", gauge), kinds(kind("events.k8s.io", "events", "v1")), "events.v1.events.k8s.io")
	f(all("''", gauge), kinds(kind("", "things", "v1")), "things.v1 things")
	f(all("''", gauge), kinds(kind("", "pods", "v1")), "pods.v1")
	f(example, kinds(kind("example.com", "b", "v1"), kind("example.com", "a", "v1"), kind("example.com", "a", "v10"), kind("example.com", "ab", "v1"), kind("example.com", "a", "v2")),
		"a.v1.example.com a.example.com a", "ab.v1.example.com ab.example.com ab", "b.v1.example.com b.example.com b", "a.v10.example.com a.example.com a", "a.v2.example.com a.example.com a")
	f(example+", "+all("'*.com'", "labelSelector: b=c, "+gauge)+", "+all("'*.com'", "labelSelector: a=b, "+gauge)+", "+all("'*.com'", "fieldSelector: a=b, "+gauge)+", "+all("'*.com'", "labelSelector: a=b, fieldSelector: a=b, "+gauge)+", "+all("'*.com'", "labelSelector: a=b, "+gauge),
		kinds(kind("example.com", "a", "v1")),
		"a.v1.example.com a.example.com a", "a.v1.example.com?&a=b a.example.com a", "a.v1.example.com?a=b a.example.com a", "a.v1.example.com?a=b&a=b a.example.com a", "a.v1.example.com?b=c a.example.com a")
	f(example, nil)
	f("", kinds(kind("example.com", "a", "v1")))
	f(example, kinds(kind("example.com", "a")))
}

// TestSelectors holds that tables have the selectors of their entries.
func TestSelectors(t *testing.T) {
	gauge := m("gauge", "path: [spec]")
	r := resolve(t, "spec: {resources: ["+all("example.com", "labelSelector: 'a in (b, c)', fieldSelector: d=e, "+gauge)+", "+all("example.com", gauge)+"]}", nil, widgets)
	want := []generators.Recipe{
		{Versions: []schema.GroupVersionResource{{Group: "example.com", Version: "v1", Resource: "widgets"}}},
		{Versions: []schema.GroupVersionResource{{Group: "example.com", Version: "v1", Resource: "widgets"}}, LabelSelector: "a in (b, c)", FieldSelector: "d=e"},
	}
	var got []generators.Recipe
	for _, table := range r.Tables {
		got = append(got, table.Recipe())
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if d := cmp.Diff([][]string{{"widgets.v1.example.com?a in (b, c)&d=e"}, {"widgets.v1.example.com"}}, [][]string{r.Entries[0].Resources, r.Entries[1].Resources}); d != "" {
		t.Errorf("entries (-want +got):\n%s", d)
	}
}

// TestMatches has entries that select kinds.
func TestMatches(t *testing.T) {
	named := func(group, plural string, categories []string, versions ...string) customresource.Kind {
		k := kind(group, plural, versions...)
		k.Categories = categories
		return k
	}
	kinds := []customresource.Kind{
		named("example.com", "widgets", []string{"all", "managed"}, "v1", "v1beta1"), named("example.com", "gadgets", nil, "v1"), named("a.example.com", "widgets", []string{"all"}, "v2"),
		named("badexample.com", "widgets", nil, "v1"), named("", "things", nil, "v1"),
	}
	f := func(selection string, want ...string) {
		t.Helper()
		r := resolve(t, "spec: {resources: [{"+selection+", "+m("gauge", "path: [spec]")+"}]}", nil, kinds...)
		if d := cmp.Diff(want, r.Entries[0].Resources); d != "" {
			t.Errorf("%s (-want +got):\n%s", selection, d)
		}
		if d := cmp.Diff(want, generators.Names(r.Tables)); d != "" {
			t.Errorf("tables of %s (-want +got):\n%s", selection, d)
		}
	}
	f("groupVersionKind: {group: example.com, version: v1, kind: Widget}", "widgets.v1.example.com")
	f("groupVersionKind: {group: example.com, version: '*', kind: Widget}", "widgets.v1.example.com", "widgets.v1beta1.example.com")
	f("groupVersionKind: {group: example.com, version: '', kind: Widget}", "widgets.v1.example.com", "widgets.v1beta1.example.com")
	f("groupVersionKind: {group: example.com, version: v1}", "gadgets.v1.example.com", "widgets.v1.example.com")
	f("groupVersionKind: {group: example.com, kind: '*'}", "gadgets.v1.example.com", "widgets.v1.example.com", "widgets.v1beta1.example.com")
	f("groupVersionKind: {group: example.com, kind: widget}")
	f("groupVersionKind: {group: example.com, kind: Widgets}")
	f("groupVersionKind: {group: example.com, version: v7}")
	f("groupVersionKind: {group: Example.com}")
	f("groupVersionKind: {group: '*.example.com'}", "widgets.v2.a.example.com")
	f("groupVersionKind: {group: '*.com', version: v1}", "widgets.v1.badexample.com", "gadgets.v1.example.com", "widgets.v1.example.com")
	f("groupVersionKind: {group: ''}", "things.v1")
	f("groupVersionKind: {group: '*'}, categories: [all]", "widgets.v2.a.example.com", "widgets.v1.example.com", "widgets.v1beta1.example.com")
	f("groupVersionKind: {group: '*'}, categories: [managed]", "widgets.v1.example.com", "widgets.v1beta1.example.com")
	f("groupVersionKind: {group: '*'}, categories: [none, managed]", "widgets.v1.example.com", "widgets.v1beta1.example.com")
	f("groupVersionKind: {group: a.example.com}, categories: [managed]")
	f("groupVersionKind: {group: '*', kind: Widget, version: v2}, categories: [all]", "widgets.v2.a.example.com")
}

// TestMergedEntries holds that a table has the families of all entries in order, and that a family
// has the header of the first entry with it.
func TestMergedEntries(t *testing.T) {
	one := func(kind, families string) string {
		return "{groupVersionKind: {group: example.com, kind: " + kind + "}, metricNamePrefix: '', metrics: [" + families + "]}"
	}
	family := func(name, typ, help string) string {
		return "{name: " + name + ", help: " + help + ", each: {type: " + typ + ", " + typ + ": {path: [spec]}}}"
	}
	type header = generators.FamilyDescription
	f := func(entries string, want ...[]header) {
		t.Helper()
		var got [][]header
		for _, r := range resolve(t, "spec: {resources: ["+entries+"]}", nil, kind("example.com", "widgets", "v1"), kind("example.com", "gadgets", "v1")).Tables {
			var families []header
			for _, f := range r.Describe().Families {
				families = append(families, header{Name: f.Name, Type: f.Type, Help: f.Help})
			}
			got = append(got, families)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", entries, d)
		}
	}
	f(one("Widget", family("b", "gauge", "B"))+", "+one("Widget", family("a", "info", "A")+", "+family("b", "gauge", "other")),
		[]header{{Name: "b", Type: exposition.Gauge, Help: "B"}, {Name: "a", Type: exposition.Info, Help: "A"}})
	f(one("'*'", family("b", "gauge", "B"))+", "+one("Widget", family("a", "info", "A")),
		[]header{{Name: "b", Type: exposition.Gauge, Help: "B"}}, []header{{Name: "b", Type: exposition.Gauge, Help: "B"}, {Name: "a", Type: exposition.Info, Help: "A"}})
	f(one("Widget", family("a", "info", "Widgets"))+", "+one("Gadget", family("a", "gauge", "Gadgets")),
		[]header{{Name: "a", Type: exposition.Info, Help: "Widgets"}}, []header{{Name: "a", Type: exposition.Info, Help: "Widgets"}})
	f(one("None", family("a", "info", "None"))+", "+one("Gadget", family("a", "gauge", "Gadgets")),
		[]header{{Name: "a", Type: exposition.Info, Help: "None"}})
	f(one("Widget", family("kubestate_customresource_condition", "info", "Mine"))+", {groupVersionKind: {group: example.com, kind: Widget}, conditions: true}",
		[]header{{Name: "kubestate_customresource_condition", Type: exposition.Gauge, Help: "Condition of a custom resource, by status: 1 for the present one, 0 for the others."},
			{Name: "kubestate_customresource_condition_last_transition_timestamp_seconds", Type: exposition.Gauge, Help: "Time of the last transition of a custom resource's condition, Unix seconds."}})
}

// TestDefinition holds that a table's definition changes exactly if its lines may.
func TestDefinition(t *testing.T) {
	const entry = "groupVersionKind: {group: example.com, kind: Widget}, metricNamePrefix: '', where: 'true', labelsFromPath: {a: [b], c: {cel: object.d, join: ','}}, commonLabels: {e: f}, metrics: [" +
		"{name: m, help: H, commonLabels: {g: h}, labelsFromPath: {i: [j]}, each: {type: gauge, gauge: {path: [k, '[*]'], labelsFromKeys: [l], where: 'self.w', labelsFromPath: {n: [o]}, labelFromKey: p, valueFrom: [q]}}}, " +
		"{name: s, each: {type: stateSet, stateSet: {labelName: t, list: [u, v], valueFrom: {cel: self.x}}}}]"
	document := func(entry string) string { return "spec: {resources: [{" + entry + "}]}" }
	definition := func(config string, k customresource.Kind) string {
		t.Helper()
		tables := resolve(t, config, nil, k).Tables
		return tables[0].Describe().Definition
	}
	usual := definition(document(entry), widgets)
	same := func(about, config string, k customresource.Kind) {
		t.Helper()
		if definition(config, k) != usual {
			t.Errorf("%s: the definition changes", about)
		}
	}
	same("nothing", document(entry), widgets)
	same("the position", "# A comment.\n\n"+document("\n  "+entry), widgets)
	same("unknown keys", document("x: y, errorLogV: 5, resourcePlural: things, "+entry), widgets)
	same("entries of other kinds", strings.Replace(document(entry), "[{", "[{groupVersionKind: {group: example.com, kind: Gadget}, conditions: true}, {", 1), widgets)
	same("later entries of other kinds", strings.TrimSuffix(document(entry), "]}")+", {groupVersionKind: {group: other.com}, metricNamePrefix: '', metrics: [{name: m, help: Other, each: {type: info, info: {}}}]}]}", widgets)
	same("an exact version", document(strings.Replace(entry, "kind: Widget", "kind: Widget, version: v1", 1)), widgets)
	same("a group's wildcard", document(strings.Replace(entry, "example.com", "'*.com'", 1)), widgets)
	more := widgets
	more.Versions = []string{"v1", "v2"}
	same("another version", document(entry), more)
	more = widgets
	more.Categories = []string{"all"}
	same("categories", document(entry), more)

	seen := map[string]string{usual: "nothing"}
	differs := func(about, config string, k customresource.Kind) {
		t.Helper()
		d := definition(config, k)
		if other, ok := seen[d]; ok {
			t.Errorf("%s: the definition is that of %s", about, other)
		}
		seen[d] = about
	}
	for _, change := range [][2]string{
		{"where: 'true'", "where: 'false'"}, {"a: [b]", "a: [bb]"}, {"a: [b]", "aa: [b]"}, {"object.d", "object.dd"}, {"join: ','", "join: ';'"}, {", join: ','", ""}, {"e: f", "e: ff"}, {"e: f", "ee: f"}, {"name: m", "name: mm"},
		{"help: H", "help: HH"}, {"g: h", "g: hh"}, {"i: [j]", "i: [jj]"}, {"i: [j]", "i: ['j=j']"}, {"path: [k, ", "path: [k, z, "}, {"labelsFromKeys: [l]", "labelsFromKeys: [ll]"}, {"self.w", "self.ww"}, {"n: [o]", "n: [oo]"},
		{"labelFromKey: p", "labelFromKey: pp"}, {"valueFrom: [q]", "valueFrom: [qq]"}, {"valueFrom: [q]", "valueFrom: [q], nilIsZero: true"}, {"valueFrom: [q]", "valueFrom: [q], parse: duration"},
		{"type: gauge", "type: info, info: {}"}, {"labelName: t", "labelName: tt"}, {"list: [u, v]", "list: [v, u]"}, {"list: [u, v]", "list: [u]"}, {"self.x", "self.xx"}, {"where: 'true'", "conditions: true, where: 'true'"},
		{"where: 'true'", "where: 'true', labelSelector: a=b"}, {"where: 'true'", "where: 'true', fieldSelector: a=b"}, {"where: 'true'", "where: 'true', labelSelector: a=b, fieldSelector: a=b"},
	} {
		changed := strings.Replace(entry, change[0], change[1], 1)
		if changed == entry {
			t.Fatalf("no %s", change[0])
		}
		differs(change[1], document(changed), widgets)
	}
	differs("an entry twice", strings.Replace(document(entry), "[{", "[{"+entry+"}, {", 1), widgets)
	differs("the header of an earlier entry", strings.Replace(document(entry), "[{", "[{groupVersionKind: {group: other.com}, metricNamePrefix: '', metrics: [{name: m, help: Other, each: {type: gauge, gauge: {}}}]}, {", 1), widgets)
	for about, change := range map[string]func(*customresource.Kind){
		"uid": func(k *customresource.Kind) { k.UID = "other" }, "plural": func(k *customresource.Kind) { k.Plural = "others" },
		"scope": func(k *customresource.Kind) { k.Namespaced = false }, "version": func(k *customresource.Kind) { k.Versions = []string{"v2"} },
	} {
		k := widgets
		change(&k)
		differs(about, document(entry), k)
	}
}

// TestAppend holds that types of families are compared across configurations.
func TestAppend(t *testing.T) {
	c, other := parse(t, ofWidgets(m("gauge", ""))), parse(t, ofWidgets(m("info", "")))
	c.Append(other)
	want := []string{"crs.yaml:1: family m has the type info here, and gauge at crs.yaml:1, which counts"}
	if d := cmp.Diff(want, c.Warnings); d != "" || len(c.Entries) != 2 {
		t.Errorf("%d entries, warnings (-want +got):\n%s", len(c.Entries), d)
	}
}

// TestPermissions holds the resources of entries without definitions.
func TestPermissions(t *testing.T) {
	f := func(entries, wantError string, want ...schema.GroupResource) {
		t.Helper()
		got, err := parse(t, "spec: {resources: ["+entries+"]}").Resources()
		message := ""
		if err != nil {
			message = err.Error()
		}
		if d := cmp.Diff(want, got); d != "" || message != wantError {
			t.Errorf("%s: %s, want %s (-want +got):\n%s", entries, message, wantError, d)
		}
	}
	entry := func(kind, fields string) string {
		return "{groupVersionKind: {" + kind + "}, conditions: true" + fields + "}"
	}
	f("", "")
	f(entry("group: example.com, kind: Widget", ""), "", schema.GroupResource{Group: "example.com", Resource: "widgets"})
	f(entry("group: example.com, kind: Policy", ""), "", schema.GroupResource{Group: "example.com", Resource: "policies"})
	f(entry("group: example.com, kind: Policy", ", resourcePlural: policys"), "", schema.GroupResource{Group: "example.com", Resource: "policys"})
	f(entry("group: example.com", ", resourcePlural: policys"), "", schema.GroupResource{Group: "example.com", Resource: "*"})
	f(entry("group: '', kind: Pod", ""), "", schema.GroupResource{Resource: "pods"})
	f(entry("group: b.com", "")+", "+entry("group: a.com, kind: Glass, version: v1", "")+", "+entry("group: a.com, kind: Glass, version: v2", ""), "",
		schema.GroupResource{Group: "b.com", Resource: "*"}, schema.GroupResource{Group: "a.com", Resource: "glasses"})
	f(entry("group: '*.com', kind: X", ""), "crs.yaml:1: group *.com: a role cannot name groups by a wildcard; bind a role of your own to the service account")
}

// TestGroups has the groups that entries name.
func TestGroups(t *testing.T) {
	c := parse(t, "spec: {resources: [{groupVersionKind: {group: b.com}, conditions: true}, {groupVersionKind: {group: ''}, conditions: true}, {groupVersionKind: {group: '*.com'}, conditions: true}, "+
		"{groupVersionKind: {group: a.com}, conditions: true}, {groupVersionKind: {group: b.com}, conditions: true}, {groupVersionKind: {group: c.com}, conditions: true}]}")
	if d := cmp.Diff([]string{"b.com", "", "a.com"}, c.Groups(map[string]bool{"c.com": true, "a.com": false})); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
