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

// withSpecOnly are the resources that have SpecOnly families.
func withSpecOnly(t *testing.T) (all []generators.Resource) {
	t.Helper()
	for _, r := range registry.Resources() {
		if len(r.Recipe().Mixed) > 0 {
			all = append(all, r)
		}
	}
	if len(all) == 0 {
		t.Fatal("no resources with SpecOnly families")
	}
	return all
}

// TestSpecOnly holds that the lines of SpecOnly families, and of no others, are independent of
// status and metadata, and that an object cut to the Mixed fields has the same lines in all other
// families.
func TestSpecOnly(t *testing.T) {
	for _, r := range withSpecOnly(t) {
		t.Run(r.Describe().Name, func(t *testing.T) {
			t.Parallel()
			renderer := r.Compile(everything)
			names, specOnly := renderer.Names(), renderer.SpecOnly()
			whole, narrow := cutterOf(t, r), narrowOf(t, r, r.Recipe().Mixed)
			varied := slices.Clone(specOnly)
			objects := manyObjects(t, r)
			for i, o := range objects {
				want := linesOf(renderer.Render(nil, nil, o))
				other := linesOf(renderer.Render(nil, nil, withSpecOf(t, r, o, objects[(i+1)%len(objects)])))
				for f, name := range names {
					if specOnly[f] && want[f] != other[f] {
						t.Fatalf("%s does not depend on the spec alone:\n%s", name, cmp.Diff(want[f], other[f]))
					}
					varied[f] = varied[f] || want[f] != other[f]
					if specOnly[f] {
						want[f] = ""
					}
				}
				for _, wire := range [][]byte{wireForm(t, o), cutForm(whole, wireForm(t, o))} {
					got := linesOf(renderer.RenderWithout(specOnly, nil, nil, unmarshal(t, r, cutForm(narrow, wire))))
					if d := cmp.Diff(want, got); d != "" {
						t.Fatalf("Mixed leaves out what a row reads (-whole +narrow):\n%s", d)
					}
				}
			}
			for f, name := range names {
				if !varied[f] {
					t.Errorf("%s depends on the spec alone, and is not SpecOnly", name)
				}
			}
		})
	}
}

// TestMixedIsMinimal holds that some row without SpecOnly reads each field of Mixed.
func TestMixedIsMinimal(t *testing.T) {
	for _, r := range withSpecOnly(t) {
		renderer, fields := r.Compile(everything), r.Recipe().Mixed
		specOnly, objects := renderer.SpecOnly(), manyObjects(t, r)
		for i, field := range fields {
			narrow := narrowOf(t, r, slices.Delete(slices.Clone(fields), i, i+1))
			if !slices.ContainsFunc(objects, func(o metav1.Object) bool {
				want, _ := renderer.RenderWithout(specOnly, nil, nil, o)
				got, _ := renderer.RenderWithout(specOnly, nil, nil, unmarshal(t, r, cutForm(narrow, wireForm(t, o))))
				return string(want) != string(got)
			}) {
				t.Errorf("%s: no mixed row reads %s", r.Describe().Name, field)
			}
		}
	}
}

func narrowOf(tb testing.TB, r generators.Resource, fields []string) *projection.Cutter {
	tb.Helper()
	return projection.Narrow(reflect.TypeOf(empty(tb, r)), fields).NewCutter()
}

// withSpecOf returns other with the spec, name, namespace and uid of o.
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

// TestReset holds that a reset object renders as a new one after the next decoding.
func TestReset(t *testing.T) {
	for _, r := range registry.Resources() {
		reset := r.Recipe().Reset
		if reset == nil {
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
				t.Fatalf("%s (-fresh +used):\n%s", r.Describe().Name, d)
			}
			reset(used)
			if d := cmp.Diff(empty(t, r), used, cmpopts.EquateEmpty()); d != "" {
				t.Fatalf("%s: left (-empty +reset):\n%s", r.Describe().Name, d)
			}
		}
	}
}
