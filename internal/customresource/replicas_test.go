package customresource_test

import (
	"fmt"
	"log/slog"
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

// withGroups selects the families of groups too.
var withGroups = generators.Selection{Groups: generators.Groups()}

// scaled is a kind of which all versions have a scale subresource of the usual paths.
func scaled(k customresource.Kind, versions ...string) customresource.Kind {
	k.Versions = versions
	k.Scales = map[string]customresource.Scale{}
	for _, version := range versions {
		k.Scales[version] = customresource.Scale{SpecReplicas: ".spec.replicas", StatusReplicas: ".status.replicas"}
	}
	return k
}

// resolveWith resolves a valid configuration beside exported resources, and logs nothing.
func resolveWith(t *testing.T, config string, exported []generators.Resource, kinds ...customresource.Kind) customresource.Resolution {
	t.Helper()
	return parse(t, config).Resolve(kinds, exported, nil, customresource.NewReporter(prometheus.NewRegistry(), slog.New(slog.DiscardHandler)))
}

// onlyReplicas selects the family alone.
func onlyReplicas(extra ...generators.ExtraLabel) generators.Selection {
	return generators.Selection{Groups: generators.Groups(), Allow: []generators.Pattern{exactly("kubestate_workload_replicas")}, Extra: extra}
}

// TestReplicas has objects of a kind with a scale subresource.
func TestReplicas(t *testing.T) {
	f := func(scale customresource.Scale, entry, fields string, extra []generators.ExtraLabel, want ...string) {
		t.Helper()
		k := scaled(widgets, "v1")
		k.Scales["v1"] = scale
		r := resolveWith(t, ofWidgets(entry+m("gauge", "path: [spec]")), nil, k).Tables[0].Compile(onlyReplicas(extra...))
		r.Recovered = func(family string, _ metav1.Object, reason any) { t.Errorf("%s: panic: %v", family, reason) }
		o, err := jsonobject.Parse([]byte(`{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w","namespace":"n","uid":"u"` + fields + `}`))
		if err != nil {
			t.Fatal(err)
		}
		text, _ := r.Render(nil, nil, o.(metav1.Object))
		var lines []string
		for line := range strings.Lines(string(text)) {
			lines = append(lines, strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "kubestate_workload_replicas"))
		}
		if d := cmp.Diff(want, lines); d != "" {
			t.Errorf("%+v, %s of %s (-want +got):\n%s", scale, entry, fields, d)
		}
	}
	const desired, current = `{namespace="n",workload_kind="Widget",workload="w",state="desired"} `, `{namespace="n",workload_kind="Widget",workload="w",state="current"} `
	usual := customresource.Scale{SpecReplicas: ".spec.replicas", StatusReplicas: ".status.replicas"}
	f(usual, "", `},"spec":{"replicas":3},"status":{"replicas":2}`, nil, desired+"3", current+"2")
	// Paths.
	f(customresource.Scale{SpecReplicas: ".spec.size.of", StatusReplicas: "status.n"}, "", `},"spec":{"replicas":3,"size":{"of":4,"n":5}},"status":{"replicas":2,"n":1}`, nil, desired+"4", current+"1")
	f(customresource.Scale{SpecReplicas: ".spec.sizes.0", StatusReplicas: ".status.n=1"}, "", `},"spec":{"sizes":[3]},"status":{"n":"1","n=1":6}`, nil, current+"6")
	f(customresource.Scale{SpecReplicas: ".spec.n", StatusReplicas: ".spec.n"}, "", `},"spec":{"n":2147483647}`, nil, desired+"2147483647", current+"2147483647")
	// Values that are missing or no integers.
	f(usual, "", `},"spec":{}`, nil, current+"0")
	f(usual, "", `},"spec":{"replicas":null},"status":{"replicas":null}`, nil, current+"0")
	f(usual, "", `},"spec":5,"status":"x"`, nil, current+"0")
	f(usual, "", `},"spec":{"replicas":"3"},"status":{"replicas":"2"}`, nil)
	f(usual, "", `},"spec":{"replicas":1.5},"status":{"replicas":1e3}`, nil)
	f(usual, "", `},"spec":{"replicas":true},"status":{"replicas":{}}`, nil)
	f(usual, "", `},"spec":{"replicas":-1},"status":{"replicas":0}`, nil, desired+"-1", current+"0")
	// Owners.
	const owner = `{"kind":"Fleet","name":"f","uid":"x"`
	f(usual, "", `,"ownerReferences":[]},"spec":{"replicas":3}`, nil, desired+"3", current+"0")
	f(usual, "", `,"ownerReferences":[`+owner+`},`+owner+`,"controller":false}]},"spec":{"replicas":3}`, nil, desired+"3", current+"0")
	f(usual, "", `,"ownerReferences":[`+owner+`},`+owner+`,"controller":true}]},"spec":{"replicas":3}`, nil)
	f(usual, "", `,"ownerReferences":null},"spec":{"replicas":3}`, nil, desired+"3", current+"0")
	// Objects that the entry selects.
	f(usual, "where: object.spec.replicas > 2, ", `},"spec":{"replicas":3}`, nil, desired+"3", current+"0")
	f(usual, "where: object.spec.replicas > 3, ", `},"spec":{"replicas":3}`, nil)
	f(usual, "where: object.spec.none > 3, ", `},"spec":{"replicas":3}`, nil)
	// Extra labels.
	f(usual, "", `},"spec":{"replicas":3}`, []generators.ExtraLabel{{Name: "cluster", Value: "c"}},
		`{cluster="c",namespace="n",workload_kind="Widget",workload="w",state="desired"} 3`, `{cluster="c",namespace="n",workload_kind="Widget",workload="w",state="current"} 0`)
	f(usual, "", `},"spec":{"replicas":3}`, []generators.ExtraLabel{{Name: "namespace", Value: "c"}, {Name: "workload", Value: "d"}},
		`{namespace="c",workload="d",workload_kind="Widget",state="desired"} 3`, `{namespace="c",workload="d",workload_kind="Widget",state="current"} 0`)
}

// TestReplicasOfNothing has objects that are not JSON objects.
func TestReplicasOfNothing(t *testing.T) {
	r := resolveWith(t, ofWidgets(m("gauge", "path: [spec]")), nil, scaled(widgets, "v1")).Tables[0].Compile(onlyReplicas())
	f := func(o metav1.Object) {
		t.Helper()
		r.Recovered = func(family string, _ metav1.Object, reason any) { t.Errorf("%s: panic: %v", family, reason) }
		if text, _ := r.Render(nil, nil, o); len(text) > 0 {
			t.Errorf("%s of %+v", text, o)
		}
	}
	f(&jsonobject.Object{JSON: []byte(`[]`)})
	f(&jsonobject.Object{})
}

// TestTablesWithReplicas holds which tables have the family, and whether several objects may have
// equal series.
func TestTablesWithReplicas(t *testing.T) {
	f := func(entries string, kinds []customresource.Kind, exported []generators.Resource, want ...string) {
		t.Helper()
		r := resolveWith(t, "spec: {resources: ["+entries+"]}", exported, kinds...)
		isReplicas := func(f generators.FamilyDescription) bool {
			return f.Name == "kubestate_workload_replicas" && f.Group != ""
		}
		var got []string
		for _, table := range r.Tables {
			d, compiled := table.Describe(), table.Compile(withGroups)
			if i := slices.IndexFunc(d.Families, isReplicas); i >= 0 {
				got = append(got, fmt.Sprintf("%s %d %t %t", d.Name, i, d.Families[i].MayRepeat, compiled.MayRepeat()[i]))
				if names := table.Compile(generators.Selection{}).Names(); len(names) != i {
					t.Errorf("%s without the group: families %q", d.Name, names)
				}
			}
			if names := table.Compile(withGroups.Derived()).Names(); len(names) > 0 {
				t.Errorf("%s: derived families %q", d.Name, names)
			}
		}
		for key, extended := range r.Extended {
			if n := len(slices.DeleteFunc(extended.Describe().Families, func(f generators.FamilyDescription) bool { return !isReplicas(f) })); n > 0 {
				got = append(got, fmt.Sprint(key, " ", n))
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", entries, d)
		}
	}
	gauge := m("gauge", "path: [spec]")
	entry := func(version, fields string) string {
		return "{groupVersionKind: {group: example.com, kind: Widget, version: '" + version + "'}, metricNamePrefix: '', " + fields + gauge + "}"
	}
	kinds := func(of ...customresource.Kind) []customresource.Kind { return of }
	one := kinds(scaled(widgets, "v1"))
	f(entry("v1", ""), one, nil, "widgets.v1.example.com 1 false false")
	f(entry("v1", "")+", "+entry("*", ""), one, nil, "widgets.v1.example.com 1 false false")
	f(entry("v1", "conditions: true, "), one, nil, "widgets.v1.example.com 3 false false")
	f(entry("v1", "where: 'true', "), one, nil, "widgets.v1.example.com 1 false false")
	f(entry("v1", ""), kinds(widgets), nil)
	cluster := scaled(widgets, "v1")
	cluster.Namespaced = false
	f(entry("v1", ""), kinds(cluster), nil)
	// Versions.
	two := kinds(scaled(widgets, "v1beta1", "v1", "v2alpha1"))
	f(entry("*", ""), two, nil, "widgets.v1.example.com 1 true true")
	f(entry("v1beta1", "")+", "+entry("v2alpha1", ""), two, nil, "widgets.v1beta1.example.com 1 true true")
	f(entry("v1beta1", ""), two, nil, "widgets.v1beta1.example.com 1 false false")
	half := scaled(widgets, "v1beta1")
	half.Versions = []string{"v1", "v1beta1"}
	f(entry("*", ""), kinds(half), nil, "widgets.v1beta1.example.com 1 false false")
	f(entry("v1", ""), kinds(half), nil)
	// Selectors.
	f(entry("v1", "")+", "+entry("v1", "labelSelector: a=b, ")+", "+entry("v1", "fieldSelector: a=b, "), one, nil, "widgets.v1.example.com 1 true true")
	f(entry("v1", "labelSelector: a=b, "), one, nil, "widgets.v1.example.com?a=b 1 false false")
	f(entry("v1", "labelSelector: a=b, ")+", "+entry("v1", "labelSelector: a=c, "), one, nil, "widgets.v1.example.com?a=b 1 true true", "widgets.v1.example.com?a=c 1 true true")
	f(entry("v1", "labelSelector: a=b, ")+", "+entry("v1beta1", ""), two, nil, "widgets.v1beta1.example.com 1 true true")
	f(entry("*", "labelSelector: a=b, "), kinds(half), nil, "widgets.v1beta1.example.com?a=b 1 false false")
	f(entry("v1", "where: 'true', ")+", "+entry("v1", "labelSelector: a=b, "), one, nil, "widgets.v1.example.com 1 true true", "widgets.v1.example.com?a=b 1 true true")
	f(entry("v1", "where: 'true', ")+", "+entry("v1", "")+", "+entry("v1", "labelSelector: a=b, "), one, nil, "widgets.v1.example.com 1 true true")
	// Kinds of one name.
	named := func(group, name string) customresource.Kind {
		return scaled(customresource.Kind{Group: group, Kind: name, Plural: strings.ToLower(name) + "s", Namespaced: true}, "v1")
	}
	f(all("'*.com'", gauge), kinds(named("example.com", "Set"), named("other.com", "Set"), named("example.com", "Fleet")), nil,
		"fleets.v1.example.com 1 false false", "sets.v1.example.com 1 true true", "sets.v1.other.com 1 true true")
	exported := []generators.Resource{&generators.StatefulSets, &generators.Pods}
	f(all("'*.com'", gauge), kinds(named("example.com", "StatefulSet"), named("example.com", "DaemonSet"), named("example.com", "Pod")), exported,
		"daemonsets.v1.example.com 1 false false", "pods.v1.example.com 1 false false", "statefulsets.v1.example.com 1 true true")
	// Entries that extend exported resources add no second family.
	f(all("apps", gauge), kinds(named("apps", "StatefulSet")), exported, "statefulsets.apps 1")
	f(all("''", gauge), kinds(named("", "Pod")), exported)
	// The configuration has the family.
	configured := "{groupVersionKind: {group: example.com, kind: Widget}, metricNamePrefix: kubestate, metrics: [{name: workload_replicas, each: {type: gauge, gauge: {path: [spec]}}}]}"
	f(configured, one, nil)
	f(entry("v1", "")+", "+configured, one, nil)
}

// TestReplicasAreThoseOfWorkloads compares the family with that of a built-in resource.
func TestReplicasAreThoseOfWorkloads(t *testing.T) {
	d := generators.Deployments.Describe()
	at := slices.IndexFunc(d.Families, func(f generators.FamilyDescription) bool { return f.Name == "kubestate_workload_replicas" })
	if d := cmp.Diff(d.Families[at], customresource.WorkloadReplicas); d != "" {
		t.Errorf("(-Deployment +custom resource):\n%s", d)
	}
	header := func(r generators.Resource) string { return string(r.Compile(onlyReplicas()).Headers()[0].Text) }
	if d := cmp.Diff(header(&generators.Deployments), header(resolve(t, ofWidgets(m("gauge", "")), nil, scaled(widgets, "v1")).Tables[0])); d != "" {
		t.Errorf("header (-Deployment +custom resource):\n%s", d)
	}
}

// TestDefinitionOfReplicas holds that a table's definition changes with the paths and with what may
// repeat series.
func TestDefinitionOfReplicas(t *testing.T) {
	const entry = "{groupVersionKind: {group: example.com}, conditions: true}"
	f := func(kinds ...customresource.Kind) string {
		t.Helper()
		return resolve(t, "spec: {resources: ["+entry+", {groupVersionKind: {group: other.com}, conditions: true}]}", nil, kinds...).Tables[0].Describe().Definition
	}
	seen := map[string]string{}
	differs := func(about string, kinds ...customresource.Kind) {
		t.Helper()
		d := f(kinds...)
		if other, ok := seen[d]; ok {
			t.Errorf("%s: the definition is that of %s", about, other)
		}
		seen[d] = about
	}
	usual, spec, status := scaled(widgets, "v1"), scaled(widgets, "v1"), scaled(widgets, "v1")
	spec.Scales["v1"] = customresource.Scale{SpecReplicas: ".spec.size", StatusReplicas: ".status.replicas"}
	status.Scales["v1"] = customresource.Scale{SpecReplicas: ".spec.replicas", StatusReplicas: ".status.size"}
	namesake, other := usual, usual
	namesake.Group = "other.com"
	other.Group, other.Kind = "other.com", "Gadget"
	differs("no scale subresource", widgets)
	differs("one", usual)
	differs("another specReplicasPath", spec)
	differs("another statusReplicasPath", status)
	differs("a kind of the same name", usual, namesake)
	if f(usual) != f(usual, other) {
		t.Error("the definition changes with another kind")
	}
	if f(widgets) != f(scaled(widgets, "v1", "v2")) {
		t.Error("the definition changes with the scale subresource of a preferred version")
	}
}

// TestReplicasDoNotAllocate holds that the family costs no allocation once the scratch memory is large
// enough.
func TestReplicasDoNotAllocate(t *testing.T) {
	o := typicalWidget(t)
	r := resolve(t, typical, nil, scaled(widgets, "v1")).Tables[0].Compile(onlyReplicas())
	text, ends := r.Render(nil, nil, o)
	if n := strings.Count(string(text), "\n"); n != 2 {
		t.Errorf("%d series, want 2", n)
	}
	if allocs := testing.AllocsPerRun(100, func() { text, ends = r.Render(text[:0], ends[:0], o) }); allocs > 0 {
		t.Errorf("%v allocations", allocs)
	}
}
