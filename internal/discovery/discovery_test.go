package discovery_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/internal/customresource"
	"github.com/kubestate/kubestate/internal/discovery"
)

// definition returns an established definition of plural.group; a version that ends in "-" is not
// served.
func definition(name string, versions ...string) *apiextensionsv1.CustomResourceDefinition {
	plural, group, _ := strings.Cut(name, ".")
	d := &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID("of-" + name)},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: group, Scope: apiextensionsv1.NamespaceScoped,
			Names: apiextensionsv1.CustomResourceDefinitionNames{Plural: plural, Kind: strings.ToUpper(plural), Categories: []string{"all"}},
		},
		Status: apiextensionsv1.CustomResourceDefinitionStatus{Conditions: []apiextensionsv1.CustomResourceDefinitionCondition{
			{Type: apiextensionsv1.NamesAccepted, Status: apiextensionsv1.ConditionTrue}, {Type: apiextensionsv1.Established, Status: apiextensionsv1.ConditionTrue},
		}},
	}
	for _, v := range versions {
		version, isNotServed := strings.CutSuffix(v, "-")
		d.Spec.Versions = append(d.Spec.Versions, apiextensionsv1.CustomResourceDefinitionVersion{Name: version, Served: !isNotServed})
	}
	return d
}

// pending returns a definition that the API server does not serve yet.
func pending(name string, versions ...string) *apiextensionsv1.CustomResourceDefinition {
	d := definition(name, versions...)
	d.Status.Conditions[1].Status = apiextensionsv1.ConditionFalse
	return d
}

// kind is the kind of a definition.
func kind(name string, versions ...string) customresource.Kind {
	plural, group, _ := strings.Cut(name, ".")
	return customresource.Kind{Group: group, Kind: strings.ToUpper(plural), Plural: plural, Namespaced: true, Categories: []string{"all"}, Versions: versions, UID: types.UID("of-" + name)}
}

func TestKindOf(t *testing.T) {
	f := func(o metav1.Object, want customresource.Kind, wantOK bool) {
		t.Helper()
		got, ok := discovery.KindOf(o)
		if d := cmp.Diff(want, got); d != "" || ok != wantOK {
			t.Errorf("%v, want %v (-want +got):\n%s", ok, wantOK, d)
		}
	}
	f(definition("a.example.com", "v1", "v2-", "v3"), kind("a.example.com", "v1", "v3"), true)
	f(pending("a.example.com", "v1"), kind("a.example.com", "v1"), true) // as in files
	f(definition("a.example.com", "v1-"), kind("a.example.com"), true)
	f(definition("a.example.com"), kind("a.example.com"), true)
	cluster := kind("a.example.com", "v1")
	cluster.Namespaced = false
	d := definition("a.example.com", "v1")
	d.Spec.Scope = apiextensionsv1.ClusterScoped
	f(d, cluster, true)
	f(&corev1.Pod{}, customresource.Kind{}, false)
	scaled := kind("a.example.com", "v1", "v3", "v4")
	scaled.Scales = map[string]customresource.Scale{"v1": {SpecReplicas: ".spec.a", StatusReplicas: ".status.b"}, "v4": {SpecReplicas: ".spec.c", StatusReplicas: ".status.d"}}
	f(withScales(definition("a.example.com", "v1", "v2-", "v3", "v4"), ".spec.a .status.b", ".spec.x .status.x", "", ".spec.c .status.d"), scaled, true)
	d = definition("a.example.com", "v1")
	d.Spec.Versions[0].Subresources = &apiextensionsv1.CustomResourceSubresources{Status: &apiextensionsv1.CustomResourceSubresourceStatus{}}
	f(d, kind("a.example.com", "v1"), true)
}

// withScales adds scale subresources to the versions of a definition, of the paths for spec and status.
func withScales(d *apiextensionsv1.CustomResourceDefinition, paths ...string) *apiextensionsv1.CustomResourceDefinition {
	for i, of := range paths {
		if spec, status, ok := strings.Cut(of, " "); ok {
			d.Spec.Versions[i].Subresources = &apiextensionsv1.CustomResourceSubresources{
				Scale: &apiextensionsv1.CustomResourceSubresourceScale{SpecReplicasPath: spec, StatusReplicasPath: status},
			}
		}
	}
	return d
}

// A catalog is a Catalog with its registry.
type catalog struct {
	*discovery.Catalog
	reg *prometheus.Registry
}

func newCatalog() catalog {
	reg := prometheus.NewRegistry()
	return catalog{discovery.NewCatalog(reg), reg}
}

// state is a catalog's kinds, its counters of added, updated and deleted definitions and its gauge, and
// whether it has signaled.
type state struct {
	Kinds    []string
	Counts   [4]int
	Signaled bool
}

func (c catalog) state(t *testing.T) state {
	t.Helper()
	var s state
	for _, k := range c.Kinds() {
		s.Kinds = append(s.Kinds, k.Plural+"."+k.Group+" "+strings.Join(k.Versions, ","))
	}
	select {
	case <-c.Changes():
		s.Signaled = true
	default:
	}
	families, err := c.reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"add_events_total", "update_events_total", "delete_events_total", "cache"}
	for _, f := range families {
		name := strings.TrimPrefix(f.GetName(), "kube_state_metrics_custom_resource_state_")
		m := f.GetMetric()[0]
		s.Counts[slices.Index(names, name)] = int(m.GetCounter().GetValue() + m.GetGauge().GetValue())
	}
	return s
}

// TestCatalog adds, changes and deletes definitions.
func TestCatalog(t *testing.T) {
	c := newCatalog()
	f := func(about string, change func(), want state) {
		t.Helper()
		change()
		if d := cmp.Diff(want, c.state(t)); d != "" {
			t.Errorf("%s (-want +got):\n%s", about, d)
		}
	}
	set := func(d metav1.Object) func() {
		return func() {
			t.Helper()
			if err := c.Set(d); err != nil {
				t.Error(err)
			}
		}
	}
	remove := func(d metav1.Object) func() { return func() { c.Delete(d) } }
	f("empty", func() {}, state{})
	f("not established", set(pending("b.example.com", "v1")), state{})
	f("no conditions", set(&apiextensionsv1.CustomResourceDefinition{ObjectMeta: metav1.ObjectMeta{Name: "b.example.com"}}), state{})
	f("established", set(definition("b.example.com", "v1")), state{[]string{"b.example.com v1"}, [4]int{1, 0, 0, 1}, true})
	status := definition("b.example.com", "v1")
	status.ResourceVersion, status.Generation, status.Status.StoredVersions = "7", 8, []string{"v1"}
	f("status", set(status), state{[]string{"b.example.com v1"}, [4]int{1, 0, 0, 1}, false})
	f("another version", set(definition("b.example.com", "v1", "v2")), state{[]string{"b.example.com v1,v2"}, [4]int{1, 1, 0, 1}, true})
	f("a version not served any more", set(definition("b.example.com", "v1-", "v2")), state{[]string{"b.example.com v2"}, [4]int{1, 2, 0, 1}, true})
	f("a scale subresource", set(withScales(definition("b.example.com", "v1-", "v2"), "", ".spec.a .status.b")), state{[]string{"b.example.com v2"}, [4]int{1, 3, 0, 1}, true})
	f("the same one", set(withScales(definition("b.example.com", "v1-", "v2"), "", ".spec.a .status.b")), state{[]string{"b.example.com v2"}, [4]int{1, 3, 0, 1}, false})
	f("another path", set(withScales(definition("b.example.com", "v1-", "v2"), "", ".spec.a .status.c")), state{[]string{"b.example.com v2"}, [4]int{1, 4, 0, 1}, true})
	f("no scale subresource any more", set(definition("b.example.com", "v1-", "v2")), state{[]string{"b.example.com v2"}, [4]int{1, 5, 0, 1}, true})
	f("a second definition", set(definition("a.other.com", "v1")), state{[]string{"b.example.com v2", "a.other.com v1"}, [4]int{2, 5, 0, 2}, true})
	f("a third definition", set(definition("a.example.com", "v1")), state{[]string{"a.example.com v1", "b.example.com v2", "a.other.com v1"}, [4]int{3, 5, 0, 3}, true})
	again := definition("a.example.com", "v1")
	again.UID = "other"
	f("recreated", func() { c.Delete(definition("a.example.com", "v1")); set(again)() }, state{[]string{"a.example.com v1", "b.example.com v2", "a.other.com v1"}, [4]int{4, 5, 1, 3}, true})
	if kinds := c.Kinds(); kinds[0].UID != "other" {
		t.Errorf("recreated: %+v", kinds[0])
	}
	f("not established any more", set(pending("b.example.com", "v2")), state{[]string{"a.example.com v1", "a.other.com v1"}, [4]int{4, 5, 2, 2}, true})
	f("deleted", remove(definition("a.other.com", "v1")), state{[]string{"a.example.com v1"}, [4]int{4, 5, 3, 1}, true})
	f("deleted again", remove(definition("a.other.com", "v1")), state{[]string{"a.example.com v1"}, [4]int{4, 5, 3, 1}, false})
	f("several changes", func() {
		for _, name := range []string{"c.example.com", "d.example.com"} {
			set(definition(name, "v1"))()
		}
	}, state{[]string{"a.example.com v1", "c.example.com v1", "d.example.com v1"}, [4]int{6, 5, 3, 3}, true})
}

// TestBatch has lists of definitions, which replace all kinds on commit.
func TestBatch(t *testing.T) {
	c := newCatalog()
	for _, name := range []string{"a.example.com", "b.example.com", "c.example.com"} {
		if err := c.Set(definition(name, "v1")); err != nil {
			t.Fatal(err)
		}
	}
	before := c.state(t)
	list := func(of ...*apiextensionsv1.CustomResourceDefinition) interface {
		Finish()
		Abandon()
		Commit(func(namespace, key string) bool)
	} {
		b := c.Begin()
		for _, d := range of {
			if err := b.Set(d); err != nil {
				t.Fatal(err)
			}
		}
		return b
	}
	f := func(about string, want state) {
		t.Helper()
		if d := cmp.Diff(want, c.state(t)); d != "" {
			t.Errorf("%s (-want +got):\n%s", about, d)
		}
	}
	before.Signaled = false
	b := list(definition("a.example.com", "v1"), definition("b.example.com", "v2"), pending("c.example.com", "v1"), definition("d.example.com", "v1"))
	f("begun", before)
	b.Finish()
	f("finished", before)
	b.Commit(nil)
	f("committed", state{[]string{"a.example.com v1", "b.example.com v2", "d.example.com v1"}, [4]int{4, 1, 1, 3}, true})
	list(definition("e.example.com", "v1")).Abandon()
	f("abandoned", state{[]string{"a.example.com v1", "b.example.com v2", "d.example.com v1"}, [4]int{4, 1, 1, 3}, false})
	b = list(definition("a.example.com", "v1"), definition("e.example.com", "v1"))
	b.Commit(func(_, key string) bool { return !strings.Contains(key, "e.example.com") })
	f("committed in part", state{[]string{"a.example.com v1"}, [4]int{4, 1, 3, 1}, true})
	list().Commit(nil)
	f("empty", state{nil, [4]int{4, 1, 4, 0}, true})
}

// TestCatalogIsConcurrent changes and reads a catalog under the race detector.
func TestCatalogIsConcurrent(t *testing.T) {
	c := newCatalog()
	var all sync.WaitGroup
	for _, name := range []string{"a.example.com", "b.example.com"} {
		all.Go(func() {
			for i := range 200 {
				if err := c.Set(definition(name, "v1", []string{"v2", "v3"}[i%2])); err != nil {
					t.Error(err)
				}
				c.Delete(definition(name))
			}
		})
	}
	all.Go(func() {
		for range 200 {
			kinds := c.Kinds()
			if len(kinds) > 2 {
				t.Errorf("%d kinds", len(kinds))
			}
			discovery.WithGuesses(kinds, []schema.GroupVersionKind{{Group: "example.com", Version: "v9", Kind: "A"}, {Group: "example.com", Version: "v1", Kind: "X"}})
		}
	})
	all.Wait()
	if s := c.state(t); s.Kinds != nil || !s.Signaled {
		t.Errorf("%+v", s)
	}
}

func TestWithGuesses(t *testing.T) {
	gvk := func(group, version, kind string) schema.GroupVersionKind {
		return schema.GroupVersionKind{Group: group, Version: version, Kind: kind}
	}
	guess := func(group, kind, plural string, versions ...string) customresource.Kind {
		return customresource.Kind{Group: group, Kind: kind, Plural: plural, Namespaced: true, Versions: versions}
	}
	f := func(defined []customresource.Kind, objects []schema.GroupVersionKind, want ...customresource.Kind) {
		t.Helper()
		if d := cmp.Diff(want, discovery.WithGuesses(defined, objects)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	f(nil, nil)
	f(nil, []schema.GroupVersionKind{gvk("b.com", "v1beta1", "Policy"), gvk("b.com", "v1", "Policy"), gvk("b.com", "v2alpha1", "Policy"), gvk("a.com", "v1", "Class")},
		guess("a.com", "Class", "classes", "v1"), guess("b.com", "Policy", "policies", "v1", "v1beta1", "v2alpha1"))
	f([]customresource.Kind{kind("a.example.com", "v1")}, []schema.GroupVersionKind{gvk("example.com", "v1", "A"), gvk("example.com", "v7", "A"), gvk("other.com", "v1", "A")},
		kind("a.example.com", "v1"), guess("other.com", "A", "as", "v1")) // a definition takes precedence
	f(nil, []schema.GroupVersionKind{gvk("", "v1", "Thing"), gvk("a.com", "v1", "X"), gvk("a.com", "v1", "X")}, guess("", "Thing", "things", "v1"), guess("a.com", "X", "xs", "v1"))
}
