package store_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/kubestate/kubestate/internal/store"
)

// TestFormats has families of one name that are of different formats, in two resources, and compares
// responses of open, compressed and selected blocks.
func TestFormats(t *testing.T) {
	families := []store.Family{
		{Name: "a", Header: []byte("# a\n")},
		{Name: "b", Header: []byte("# b text\n"), Format: store.TextFormat},
		{Name: "b", Header: []byte("# b typed\n"), Format: store.TypedFormat},
	}
	first, second := store.NewResource("first", families, 1), store.NewResource("second", families[1:], 1)
	var one, two [3]string
	for i := range 70 {
		uid, namespace := fmt.Sprint(i), fmt.Sprint("n", i%2)
		lines := []string{"a " + uid + "\n", "b " + uid + "\n", "b " + uid + "\nc " + uid + "\n"}
		if namespace == "n1" {
			for f, line := range lines {
				one[f] += line
				two[f] += "2" + line
			}
		}
		a, b := lines[0], lines[0]+lines[1]
		first.Partitions()[0].Set(store.Rendered{UID: uid, Namespace: namespace, Text: []byte(b + lines[2]), Ends: []int{len(a), len(b), len(b + lines[2])}})
		b = "2" + lines[1]
		second.Partitions()[0].Set(store.Rendered{UID: uid, Namespace: namespace, Text: []byte(b + "2" + lines[2]), Ends: []int{len(b), len(b + "2" + lines[2])}})
	}
	check := func(name string) {
		t.Helper()
		f := func(newResponse func([]store.View, string) *store.Response, want string, resources ...*store.Resource) {
			t.Helper()
			views := store.Views(resources, store.Selection{Namespaces: []string{"n1"}})
			if got := store.CheckResponse(t, newResponse(views, "# end\n")); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		f(store.NewResponse, "# a\n"+one[0]+"# b text\n"+one[1]+"# end\n", first)
		f(store.NewTypedResponse, "# a\n"+one[0]+"# b typed\n"+one[2]+"# end\n", first)
		f(store.NewResponse, "# a\n"+one[0]+"# b text\n"+one[1]+two[1]+"# end\n", first, second)
		f(store.NewTypedResponse, "# a\n"+one[0]+"# b typed\n"+one[2]+two[2]+"# end\n", first, second)
		store.CheckResponse(t, store.NewResponse([]store.View{first.View(), second.View()}, ""))
		store.CheckResponse(t, store.NewTypedResponse([]store.View{first.View(), second.View()}, ""))
	}
	check("open")
	for range 20 {
		first.Compact()
		second.Compact()
	}
	check("compressed")
	if got := first.Families(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("families %q", got)
	}
	if got := first.Stats().Families; len(got) != 2 || got[0].Series != 70 || got[1].Series != 70 {
		t.Errorf("statistics %+v", got)
	}
}
