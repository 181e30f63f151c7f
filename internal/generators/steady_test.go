package generators_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/projection"
)

// withSteady are the resources of which some families are steady, to some effect.
func withSteady(t *testing.T) (all []generators.Resource) {
	t.Helper()
	for _, r := range generators.All() {
		if len(r.Describe().Unsteady) > 0 {
			all = append(all, r)
		}
	}
	if len(all) == 0 {
		t.Fatal("there are none")
	}
	return all
}

// TestSteady holds that the lines of steady families are the same whatever the
// status and the metadata, that those of any other are not, and that an object as
// Unsteady leaves it has the same lines in all the others.
func TestSteady(t *testing.T) {
	for _, r := range withSteady(t) {
		t.Run(r.Describe().Key, func(t *testing.T) {
			t.Parallel()
			renderer := r.Compile(everything)
			names, steady := renderer.Names(), renderer.Steady()
			whole, narrow := cutterOf(t, r), narrowOf(t, r, r.Describe().Unsteady)
			varied := slices.Clone(steady)
			objects := manyObjects(t, r)
			for i, o := range objects {
				want := linesOf(renderer.Render(nil, nil, o))
				other := linesOf(renderer.Render(nil, nil, withSpecOf(t, r, o, objects[(i+1)%len(objects)])))
				for f, name := range names {
					if steady[f] && want[f] != other[f] {
						t.Fatalf("%s is not steady:\n%s", name, cmp.Diff(want[f], other[f]))
					}
					varied[f] = varied[f] || want[f] != other[f]
					if steady[f] {
						want[f] = ""
					}
				}
				for _, wire := range [][]byte{wireForm(t, o), cutForm(whole, wireForm(t, o))} {
					got := linesOf(renderer.RenderUnsteady(nil, nil, unmarshal(t, r, cutForm(narrow, wire))))
					if d := cmp.Diff(want, got); d != "" {
						t.Fatalf("Unsteady leaves out what a row reads (-whole +narrow):\n%s", d)
					}
				}
			}
			for f, name := range names {
				if !varied[f] {
					t.Errorf("%s is steady, and does not say so", name)
				}
			}
		})
	}
}

// TestUnsteadyNoMore holds that of what a table says its unsteady rows read, nothing
// can be left out.
func TestUnsteadyNoMore(t *testing.T) {
	for _, r := range withSteady(t) {
		renderer, fields := r.Compile(everything), r.Describe().Unsteady
		objects := manyObjects(t, r)
		for i, field := range fields {
			narrow := narrowOf(t, r, slices.Delete(slices.Clone(fields), i, i+1))
			if !slices.ContainsFunc(objects, func(o metav1.Object) bool {
				want, _ := renderer.RenderUnsteady(nil, nil, o)
				got, _ := renderer.RenderUnsteady(nil, nil, unmarshal(t, r, cutForm(narrow, wireForm(t, o))))
				return string(want) != string(got)
			}) {
				t.Errorf("%s: no unsteady row reads %s", r.Describe().Key, field)
			}
		}
	}
}

func narrowOf(tb testing.TB, r generators.Resource, fields []string) *projection.Cutter {
	tb.Helper()
	return projection.Narrow(reflect.TypeOf(empty(tb, r)), fields).NewCutter()
}

// withSpecOf is other with the spec of o, and the name, namespace and uid.
func withSpecOf(tb testing.TB, r generators.Resource, o, other metav1.Object) metav1.Object {
	tb.Helper()
	mixed := empty(tb, r)
	to := reflect.ValueOf(mixed).Elem()
	to.Set(reflect.ValueOf(other.(runtime.Object).DeepCopyObject()).Elem())
	to.FieldByName("Spec").Set(reflect.ValueOf(o).Elem().FieldByName("Spec"))
	mixed.SetName(o.GetName())
	mixed.SetNamespace(o.GetNamespace())
	mixed.SetUID(o.GetUID())
	return mixed
}

// linesOf are the lines of each family.
func linesOf(text []byte, ends []int) (lines []string) {
	start := 0
	for _, end := range ends {
		lines = append(lines, string(text[start:end]))
		start = end
	}
	return lines
}

// TestEmpty holds that of an object that was emptied nothing is left that a row reads,
// also when another has been decoded into it.
func TestEmpty(t *testing.T) {
	for _, r := range generators.All() {
		empties := r.Describe().Empty
		if empties == nil {
			continue
		}
		renderer := r.Compile(everything)
		used := empty(t, r)
		for _, o := range manyObjects(t, r) {
			wire := wireForm(t, o)
			want, _ := renderer.Render(nil, nil, unmarshal(t, r, wire))
			if err := used.(message).Unmarshal(wire); err != nil {
				t.Fatal(err)
			}
			got, _ := renderer.Render(nil, nil, used)
			if d := cmp.Diff(string(want), string(got)); d != "" {
				t.Fatalf("%s (-fresh +used):\n%s", r.Describe().Key, d)
			}
			empties(used)
			if d := cmp.Diff(empty(t, r), used, cmpopts.EquateEmpty()); d != "" {
				t.Fatalf("%s: left (-empty +emptied):\n%s", r.Describe().Key, d)
			}
		}
	}
}
