package generators_test

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/projection"
)

// TestReads holds that rows read only the fields of Reads: golden, malformed and random objects
// render to the same bytes without the other fields.
func TestReads(t *testing.T) {
	for _, r := range registry.Resources() {
		t.Run(r.Describe().Name, func(t *testing.T) {
			t.Parallel()
			cutter := cutterOf(t, r)
			renderer := r.Compile(withGroups)
			shorter := 0
			for _, o := range manyObjects(t, r) {
				o = unmarshal(t, r, wireForm(t, o))
				o.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: "someone"}})
				wire := wireForm(t, o)
				n := cutter.Object(slices.Clone(wire))
				shorter += len(wire) - n
				whole, cut := unmarshal(t, r, wire), unmarshal(t, r, cutForm(cutter, wire))
				want, wantEnds := renderer.Render(nil, nil, whole)
				got, gotEnds := renderer.Render(nil, nil, cut)
				if d := cmp.Diff(string(want), string(got)); d != "" || !slices.Equal(wantEnds, gotEnds) {
					t.Fatalf("Reads leaves out what a row reads (-whole +cut):\n%s", d)
				}
			}
			if shorter == 0 {
				t.Error("nothing was cut")
			}
		})
	}
}

// manyObjects returns all test objects of the resource and random ones, which tests share.
func manyObjects(tb testing.TB, r generators.Resource) []metav1.Object {
	tb.Helper()
	return testObjects.get(r.Describe().Name, func() []metav1.Object { return makeObjects(tb, r) })
}

var testObjects memo[[]metav1.Object]

func makeObjects(tb testing.TB, r generators.Resource) []metav1.Object {
	tb.Helper()
	objects := slices.Clone(malformedObjects[r.Describe().Name])
	if typicalWires(tb, r) != nil {
		objects = append(objects, typical.objects(tb, r)...)
	}
	for _, c := range clusters {
		if slices.ContainsFunc(c.resources, func(has generators.Resource) bool { return has == r }) {
			objects = append(objects, c.objects(tb, r)...)
		}
	}
	fill := filler(4)
	for range 2 * *objectsPerSeed {
		o := empty(tb, r)
		fill.Fill(o)
		objects = append(objects, o)
	}
	return objects
}

func cutterOf(tb testing.TB, r generators.Resource) *projection.Cutter {
	tb.Helper()
	return projection.Compile(reflect.TypeOf(empty(tb, r)), r.Recipe().Reads).NewCutter()
}

// cutForm returns a cut copy of a wire form.
func cutForm(cutter *projection.Cutter, wire []byte) []byte {
	b := bytes.Clone(wire)
	return b[:cutter.Object(b)]
}

func unmarshal(tb testing.TB, r generators.Resource, wire []byte) metav1.Object {
	tb.Helper()
	o := empty(tb, r)
	if err := o.(message).Unmarshal(wire); err != nil {
		tb.Fatal(err)
	}
	return o
}

// TestReadsIsMinimal holds that some row reads each field of Reads: without it some object
// renders to other bytes.
func TestReadsIsMinimal(t *testing.T) {
	for _, r := range registry.Resources() {
		reads := r.Recipe().Reads
		if len(reads) < 2 {
			continue
		}
		t.Run(r.Describe().Name, func(t *testing.T) {
			t.Parallel()
			renderer := r.Compile(withGroups)
			texts := map[string]string{} // of wire forms
			for _, o := range manyObjects(t, r) {
				wire := wireForm(t, o)
				text, _ := renderer.Render(nil, nil, unmarshal(t, r, wire))
				texts[string(wire)] = string(text)
			}
			for i, field := range reads {
				others := slices.Delete(slices.Clone(reads), i, i+1)
				cutter := projection.Compile(reflect.TypeOf(empty(t, r)), others).NewCutter()
				if !anyDiffers(t, r, renderer, cutter, texts) {
					t.Errorf("no row reads %s", field)
				}
			}
		})
	}
}

// anyDiffers reports whether a cut object renders to another text.
func anyDiffers(tb testing.TB, r generators.Resource, renderer *generators.Renderer, cutter *projection.Cutter, texts map[string]string) bool {
	tb.Helper()
	var got []byte
	for wire, want := range texts {
		got, _ = renderer.Render(got[:0], nil, unmarshal(tb, r, cutForm(cutter, []byte(wire))))
		if string(got) != want {
			return true
		}
	}
	return false
}
