package generators_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/jsonobject"
)

type (
	podTable  = generators.Table[*corev1.Pod]
	podFetch  = generators.Fetch[*corev1.Pod]
	podColumn = generators.PrinterColumn[*corev1.Pod]
	labelKeys = generators.Labels
	fields    = generators.Fields
)

// validPods is a valid table of pods with families x and y.
func noRow(metav1.Object, *generators.Samples) {}

func validPods() *podTable {
	y := familyOf(nil, func(*corev1.Pod, *generators.Samples) {})
	y.Name = "y"
	return tableOf(familyOf(labelKeys{"a"}, func(*corev1.Pod, *generators.Samples) {}), y)
}

// mixedPods is a valid table with a SpecOnly family x.
func mixedPods() *podTable {
	table := validPods()
	table.Fetch = podFetch{Reads: fields{"spec.nodeName", "spec.containers", "status"}, Mixed: fields{"spec.nodeName", "spec.containers.name"}}
	table.Families[0].SpecOnly = true
	return table
}

// TestValidate holds the error of each fault.
func TestValidate(t *testing.T) {
	check := func(table generators.Resource, want []string) {
		t.Helper()
		if d := cmp.Diff(strings.Join(want, "\n"), text(table.Validate())); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	f := func(spoil func(*podTable), want ...string) {
		t.Helper()
		table := validPods()
		spoil(table)
		check(table, want)
	}
	f(func(*podTable) {})

	// Names of the resource.
	f(func(p *podTable) { p.Resource.Group = "Apps" }, `resource pods.Apps: group "Apps" is not a DNS name`)
	f(func(p *podTable) { p.Resource.Version = "" }, `resource pods: version "" is not a name such as v1`)
	f(func(p *podTable) { p.Resource.Resource = "Pods" }, `resource Pods: plural "Pods" is not a lower-case name`)
	f(func(p *podTable) { p.Scope = "" }, `resource pods: scope "" is neither namespaced nor cluster`)
	f(func(p *podTable) { p.Kind = "Node" }, `resource pods: Go type *v1.Pod is not of the kind Node`)
	json := func(spoil func(*generators.Table[*jsonobject.Object]), want ...string) {
		t.Helper()
		table := tableOfType[*jsonobject.Object]()
		spoil(table)
		check(table, want)
	}
	type jsonTable = generators.Table[*jsonobject.Object]
	json(func(*jsonTable) {})
	json(func(w *jsonTable) { w.Kind = "pod" }, `resource pods: kind "pod" is not a name in camel case`)

	// Identity.
	f(func(p *podTable) { p.Identity = nil }, `resource pods: no identity label has the name or the uid of an object`)
	f(func(p *podTable) { p.Identity = generators.Identity{generators.Namespace} }, `resource pods: no identity label has the name or the uid of an object`)
	f(func(p *podTable) { p.Identity = append(p.Identity, generators.Name("p-q")) }, `resource pods: "p-q" is not the name of a label`)
	f(func(p *podTable) { p.Identity = append(p.Identity, generators.Name("o")) }, `resource pods: identity label o is declared twice`)

	// Groups, and identities of families.
	f(func(p *podTable) { p.Families[0].Group = "x" }, `resource pods: family x: group "x" does not exist`)
	f(func(p *podTable) { p.Families[0].Group = generators.Attribution })
	f(func(p *podTable) { p.Families[0].Identity = generators.Identity{generators.Namespace} }, `resource pods: family x: no identity label has the name or the uid of an object`)
	f(func(p *podTable) {
		p.Families[0].Identity, p.Families[0].Labels = generators.Identity{generators.UID}, labelKeys{"uid"}
	}, `resource pods: family x: label uid is one of the identity`)

	// Families.
	f(func(p *podTable) { p.Families = nil }, `resource pods: the table has no families`)
	f(func(p *podTable) { p.Families[1].Name = "x" }, `resource pods: family x: the name is declared twice`)
	f(func(p *podTable) { p.Families[0].Name = "a-b" }, `resource pods: family a-b: "a-b" is not the name of a metric`)
	f(func(p *podTable) { p.Families[0].Type = "summary" }, `resource pods: family x: type "summary" does not exist`)
	f(func(p *podTable) { p.Families[0].Type = generators.Buckets }, `resource pods: family x: a histogram is Created`)
	f(func(p *podTable) { p.Families[0].Type, p.Families[0].Created = generators.Buckets, true })
	f(func(p *podTable) { p.Families[0].Created = true }, `resource pods: family x: Created needs a counter or a histogram`)
	f(func(p *podTable) { p.Families[0].Type = generators.Counter }, `resource pods: family x: the name of a counter ends in _total`)
	f(func(p *podTable) { p.Families[0].Type = generators.Info }, `resource pods: family x: the name of an info family ends in _info`)
	f(func(p *podTable) { p.Families[0].Stability = "BETA" }, `resource pods: family x: stability "BETA" is neither STABLE nor ALPHA`)
	f(func(p *podTable) { p.Families[0].DeprecatedSince = "long ago" }, `resource pods: family x: DeprecatedSince "long ago" is not a release such as v1.2.3`)
	f(func(p *podTable) { p.Families[0].Help = "Two\nlines." }, `resource pods: family x: help "Two\nlines." is not a line of text`)
	f(func(p *podTable) { p.Families[0].Help = "[STABLE] Help." }, `resource pods: family x: help "[STABLE] Help." is not a line of text`)
	f(func(p *podTable) { p.Families[0].Help = "Help" }, `resource pods: family x: help "Help" does not end in a full stop`)
	f(func(p *podTable) { p.Families[0].Row = nil }, `resource pods: family x: the family has no row`)
	f(func(p *podTable) { p.Families[0].Row, p.Families[0].Derived = nil, noRow })
	f(func(p *podTable) { p.Families[0].Derived = noRow }, `resource pods: family x: Derived excludes Row`)

	// Labels.
	labels := func(l labelKeys, want ...string) {
		t.Helper()
		f(func(p *podTable) { p.Families[0].Labels = l }, want...)
	}
	labels(labelKeys{"a", "b"}.Or("c").Or("label_*"))
	labels(labelKeys{"a-b"}, `resource pods: family x: "a-b" is not the name of a label`)
	labels(labelKeys{"__a"}, `resource pods: family x: label __a: names that begin with __ are Prometheus' own`)
	labels(labelKeys{"a", "a"}, `resource pods: family x: label a is declared twice`)
	labels(labelKeys{"a", "o"}, `resource pods: family x: label o is one of the identity`)
	labels(labelKeys{"a"}.Or("b"), `resource pods: family x: two sets of 1 labels: a sample has the set of its number of values`)
	labels(labelKeys{"label*"}, `resource pods: family x: "label*" does not begin label names: it has to end in _*`)
	labels(labelKeys{"a", "label_*"}, `resource pods: family x: label label_* has to be the only one of its set`)
	labels(labelKeys{"label_*", "a"}, `resource pods: family x: label label_* has to be the only one of its set`)
	labels(labelKeys{"a"}.Or("b", "c").Or("label_*").Or("d_*"),
		`resource pods: family x: two sets of 0 labels: a sample has the set of its number of values`,
		`resource pods: family x: more than one label ends in *`)
	f(func(p *podTable) {
		p.Identity = append(p.Identity, generators.Name("label_o"))
		p.Families[0].Labels = labelKeys{"label_*"}
	}, `resource pods: family x: label label_o is one of the identity`)

	// Sparse families.
	sparse := func(spoil func(*generators.Family[*corev1.Pod]), want ...string) {
		t.Helper()
		f(func(p *podTable) {
			p.Families[0].Sparse = true
			spoil(&p.Families[0])
		}, want...)
	}
	sparse(func(*generators.Family[*corev1.Pod]) {})
	sparse(func(f *generators.Family[*corev1.Pod]) { f.Labels = labelKeys{"a", "b"}.Or("c") })
	for _, l := range []labelKeys{nil, labelKeys{"a"}.Or(), {"label_*"}} {
		sparse(func(f *generators.Family[*corev1.Pod]) { f.Labels = l },
			`resource pods: family x: Sparse needs own labels, none of which ends in *`)
	}
	sparse(func(f *generators.Family[*corev1.Pod]) { f.Type = generators.StateSet }, `resource pods: family x: Sparse needs a gauge`)

	// The fetch recipe.
	fetch := func(fetch podFetch, want ...string) {
		t.Helper()
		f(func(p *podTable) { p.Fetch = fetch }, want...)
	}
	set := func(*corev1.Pod, string) {}
	fetch(podFetch{Reads: fields{"metadata"}})
	fetch(podFetch{Reads: fields{"spec.containers.name", "spec.volumes.persistentVolumeClaim", "status"}})
	fetch(podFetch{Reads: fields{"spec.nodeNam"}}, `resource pods: Reads: *v1.Pod has no field spec.nodeNam`)
	fetch(podFetch{Reads: fields{"spec.nodeName.x"}}, `resource pods: Reads: *v1.Pod has no field spec.nodeName.x`)
	fetch(podFetch{Reads: fields{"kind"}}, `resource pods: Reads: *v1.Pod has no field kind`) // not in protobuf
	fetch(podFetch{Reads: fields{"spec", "status", "spec"}}, `resource pods: Reads: field spec is part of spec`)
	fetch(podFetch{Reads: fields{"spec.nodeName", "spec"}}, `resource pods: Reads: field spec.nodeName is part of spec`)
	fetch(podFetch{Reads: fields{"metadata", "spec"}}, `resource pods: Reads: metadata is always read`)
	fetch(podFetch{Older: []string{"1"}}, `resource pods: older version "1" is not a name such as v1beta1`)
	fetch(podFetch{Older: []string{"v1"}}, `resource pods: version v1 is declared twice`)
	fetch(podFetch{Reset: func(*corev1.Pod) {}}, `resource pods: Reset has no effect without Mixed`)
	fetch(podFetch{Columns: []podColumn{{Name: "A", Set: set}}}, `resource pods: columns need Reads, the fields that they set`)
	columns := func(columns []podColumn, want ...string) {
		t.Helper()
		fetch(podFetch{Reads: fields{"status.phase"}, Columns: columns}, want...)
	}
	columns([]podColumn{{Name: "A", Set: set}})
	columns([]podColumn{{Name: "", Set: set}}, `resource pods: column 1 has no name`)
	columns([]podColumn{{Name: "A"}}, `resource pods: column A sets no field`)
	columns([]podColumn{{Name: "A", Set: set}, {Name: "A", Set: set}}, `resource pods: column A is declared twice`)

	// Families of the spec only.
	mixed := func(spoil func(*podTable), want ...string) {
		t.Helper()
		table := mixedPods()
		spoil(table)
		check(table, want)
	}
	mixed(func(*podTable) {})
	mixed(func(p *podTable) { p.Fetch.Mixed = nil }, `resource pods: family x: SpecOnly needs the Mixed fields of the table`)
	mixed(func(p *podTable) { p.Families[0].Row, p.Families[0].Derived = nil, noRow }, `resource pods: family x: Derived excludes SpecOnly`)
	mixed(func(p *podTable) { p.Families[0].SpecOnly = false }, `resource pods: Mixed has no effect without families that are SpecOnly`)
	mixed(func(p *podTable) { p.Fetch.Mixed = fields{"status"} }, `resource pods: Mixed: field status is not of the spec`)
	mixed(func(p *podTable) { p.Fetch.Mixed = fields{"spec.hostNetwork"} }, `resource pods: Mixed: field spec.hostNetwork is not in Reads`)

	// Types of objects.
	type jsonFetch = generators.Fetch[*jsonobject.Object]
	json(func(w *jsonTable) { w.Fetch.Reads = fields{"spec.size"} })
	json(func(w *jsonTable) { w.Fetch.Reads = fields{"spec..size"} }, `resource pods: Reads: "spec..size" is not a path of fields`)
	json(func(w *jsonTable) {
		w.Fetch, w.Families[0].SpecOnly = jsonFetch{Mixed: fields{"spec.size"}}, true
	}, `resource pods: Mixed needs a Go type`)
	json(func(w *jsonTable) {
		w.Fetch.Reads, w.Fetch.Columns = fields{"size"}, []generators.PrinterColumn[*jsonobject.Object]{{Name: "A", Set: func(*jsonobject.Object, string) {}}}
	}, `resource pods: columns need a Go type`)
	check(tableOfType[noProtobuf](), []string{`resource pods: Go type generators_test.Pod is not a pointer to a struct`,
		`resource pods: Go type generators_test.Pod has no protobuf form`})
}

// Pod is a type without a protobuf form.
type (
	Pod        struct{ *metav1.ObjectMeta }
	noProtobuf = Pod
)

// Unmarshal hides that of the metadata.
func (Pod) Unmarshal() {}

// tableOfType is a table of kind Pod, valid if T is.
func tableOfType[T metav1.Object]() *generators.Table[T] {
	return &generators.Table[T]{
		Resource: schema.GroupVersionResource{Version: "v1", Resource: "pods"}, Kind: "Pod", Scope: generators.Cluster,
		Identity: generators.Identity{generators.UID},
		Families: []generators.Family[T]{{Name: "x", Type: generators.Gauge, Stability: generators.Alpha, Help: "Help.", Row: func(T, *generators.Samples) {}}},
	}
}

// text returns the text of an error, empty for nil.
func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestValidateReportsAll has a table with several faults.
func TestValidateReportsAll(t *testing.T) {
	table := validPods()
	table.Scope, table.Families[0].Help, table.Families[1].Row = "", "Help", nil
	const want = `resource pods: scope "" is neither namespaced nor cluster
resource pods: family x: help "Help" does not end in a full stop
resource pods: family y: the family has no row`
	if d := cmp.Diff(want, text(table.Validate())); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestRegistryRejects has registries with conflicting and invalid tables.
func TestRegistryRejects(t *testing.T) {
	f := func(want string, tables ...generators.Resource) {
		t.Helper()
		r, err := generators.NewRegistry(tables...)
		if d := cmp.Diff(want, text(err)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		if (r != nil) != (want == "") {
			t.Errorf("registry is %v", r)
		}
	}
	other := func(spoil func(*podTable)) *podTable {
		table := validPods()
		table.Resource.Resource, table.Families[0].Name, table.Families[1].Name = "others", "other_x", "other_y"
		spoil(table)
		return table
	}
	f("")
	f("", validPods())
	f("resource pods: the table has no families", &podTable{
		Resource: corev1.SchemeGroupVersion.WithResource("pods"), Kind: "Pod", Scope: generators.Namespaced, Identity: generators.Identity{generators.UID},
	})
	f("resource others: kind Pod is also in the table of pods", validPods(), other(func(*podTable) {}))
	f("resource pods: key pods is also in the table of pods\nresource pods: kind Pod is also in the table of pods",
		validPods(), other(func(p *podTable) { p.Resource.Resource = "pods" }))
	f("resource others.a: family y is also in the table of pods",
		validPods(), other(func(p *podTable) { p.Resource.Group, p.Families[1].Name = "a", "y" }))

	// A family with an identity of its own in two tables.
	sharing := func(spoil func(*podTable)) *podTable {
		return other(func(p *podTable) {
			p.Resource.Group = "a"
			p.Families[1].Name, p.Families[1].Identity = "z", generators.Identity{generators.UID}
			spoil(p)
		})
	}
	third := func(spoil func(*podTable)) *podTable {
		return sharing(func(p *podTable) {
			p.Resource.Resource, p.Resource.Group, p.Families[0].Name = "thirds", "b", "third_x"
			spoil(p)
		})
	}
	f("", sharing(func(*podTable) {}), third(func(*podTable) {}))
	f("resource thirds.b: family z is also in the table of others.a", sharing(func(*podTable) {}), third(func(p *podTable) { p.Families[1].Help = "Other." }))
	f("resource thirds.b: family z is also in the table of others.a", sharing(func(*podTable) {}), third(func(p *podTable) { p.Families[1].Identity = nil }))
	f("resource thirds.b: family z is also in the table of others.a", sharing(func(p *podTable) { p.Families[1].Identity = nil }), third(func(*podTable) {}))
}

// TestRegistryOfOnePlural has tables of one plural in several groups, the core group last.
func TestRegistryOfOnePlural(t *testing.T) {
	table := func(group, kind, family string) *generators.Table[*jsonobject.Object] {
		return &generators.Table[*jsonobject.Object]{
			Resource: schema.GroupVersionResource{Group: group, Version: "v1", Resource: "deployments"}, Kind: kind, Scope: generators.Cluster,
			Identity: generators.Identity{generators.UID},
			Families: []generators.Family[*jsonobject.Object]{{Name: family, Type: generators.Gauge, Stability: generators.Alpha, Labels: labelKeys{"label_*"}, Help: "Help.",
				Row: func(o *jsonobject.Object, s *generators.Samples) { s.Allowed(o.GetLabels()) }}},
		}
	}
	mine, core := table("example.com", "Deployment", "mine"), table("", "CoreDeployment", "core")
	f := func(want map[string]string, names string, tables ...generators.Resource) {
		t.Helper()
		r, err := generators.NewRegistry(tables...)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(generators.Names(r.Resources()), " "); got != names {
			t.Errorf("names are %s, want %s", got, names)
		}
		for name, key := range want {
			found, ok := r.Lookup(name)
			if !ok || found.Describe().Key != key {
				t.Errorf("%s is not %s of %s", name, key, names)
			}
		}
		if _, ok := r.Lookup("deployments.other.com"); ok {
			t.Error("a resource is found that does not exist")
		}
	}
	f(map[string]string{"deployments": "deployments.apps", "deployments.apps": "deployments.apps", "deployments.example.com": "deployments.example.com"},
		"deployments deployments.example.com", &generators.Deployments, mine)
	f(map[string]string{"deployments": "deployments.example.com", "deployments.apps": "deployments.apps", "deployments.example.com": "deployments.example.com"},
		"deployments deployments.apps", mine, &generators.Deployments)
	f(map[string]string{"deployments": "deployments", "deployments.apps": "deployments.apps", "deployments.example.com": "deployments.example.com"},
		"deployments.example.com deployments.apps deployments", mine, &generators.Deployments, core)

	// An allowlist is for one of them.
	object := &jsonobject.Object{}
	object.SetLabels(map[string]string{"a": "b"})
	selection := generators.Selection{Labels: generators.Allowlist{"deployments.example.com": {"a"}}}
	got, _ := mine.Compile(selection).Render(nil, nil, object)
	if want := "mine{uid=\"\",label_a=\"b\"} 1\n"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, _ := core.Compile(selection).Render(nil, nil, object); len(got) > 0 {
		t.Errorf("got %q, which is not allowed", got)
	}
}

// TestScheme holds that the scheme has the Go types of all readable versions, and none of
// resources without a Go type.
func TestScheme(t *testing.T) {
	widgets := tableOfType[*jsonobject.Object]()
	widgets.Resource, widgets.Kind = schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "widgets"}, "Widget"
	widgets.Fetch.Older = []string{"v1beta1"}
	r, err := generators.NewRegistry(append(generators.Builtin(), widgets)...)
	if err != nil {
		t.Fatal(err)
	}
	first := r.Scheme()
	for _, resource := range r.Resources() {
		kind, recipe := resource.Describe().Kind, resource.Recipe()
		for _, v := range recipe.Versions {
			object, err := first.New(v.GroupVersion().WithKind(kind.Kind))
			switch {
			case recipe.GoType == nil:
				if err == nil {
					t.Errorf("%s is %T", v, object)
				}
			case err != nil:
				t.Error(err)
			case reflect.TypeOf(object) != recipe.GoType:
				t.Errorf("%s is %T, want %s", v, object, recipe.TypeName())
			}
		}
	}
	if again := r.Scheme(); again != first {
		t.Error("the scheme is made more than once")
	}
	if got := (&generators.Table[*appsv1.Deployment]{}).Recipe().TypeName(); got != "*v1.Deployment" {
		t.Errorf("type name is %s", got)
	}
}
