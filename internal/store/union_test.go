package store_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/store"
)

// parseResource makes a resource of "family=lines|lines family=lines": the lines of each object
// in each family, with ":" for a space. Families that end in "?" may repeat series. A resource
// whose first family has no lines has no objects.
func parseResource(t *testing.T, name, families string) *store.Resource {
	t.Helper()
	var all []store.Family
	var byFamily [][]string
	for word := range strings.FieldsSeq(families) {
		family, lines, _ := strings.Cut(word, "=")
		repeats := strings.HasSuffix(family, "?")
		family = strings.TrimSuffix(family, "?")
		all = append(all, store.Family{
			Name: family, Header: fmt.Appendf(nil, "# %s of %s\n", family, name),
			Typed: fmt.Appendf(nil, "# typed %s of %s\n", family, name), MayRepeat: repeats,
		})
		byFamily = append(byFamily, strings.Split(lines, "|"))
	}
	r := store.NewResource(name, all, 1)
	for object := range byFamily[0] {
		o := store.Rendered{UID: fmt.Sprint(name, object), Namespace: fmt.Sprint("n", object)}
		for _, lines := range byFamily {
			if object >= len(lines) || lines[object] == "" {
				o.Ends = append(o.Ends, len(o.Text))
				continue
			}
			for line := range strings.SplitSeq(lines[object], ",") {
				o.Text = append(o.Text, strings.Replace(line, ":", " ", 1)+"\n"...)
			}
			o.Ends = append(o.Ends, len(o.Text))
		}
		if lines := byFamily[0]; len(lines) > 1 || lines[0] != "" {
			r.Partitions()[0].Set(o)
		}
	}
	return r
}

func TestUnions(t *testing.T) {
	f := func(want string, repeated map[string]int, resources ...string) {
		t.Helper()
		var views []store.View
		for i, families := range resources {
			views = append(views, parseResource(t, fmt.Sprint("r", i), families).View())
		}
		r := store.NewResponse(views, "")
		if got := strings.ReplaceAll(store.CheckResponse(t, r), "\n", ";"); got != want {
			t.Errorf("%q: %q, want %q", resources, got, want)
		}
		if d := cmp.Diff(repeated, r.Repeated()); d != "" {
			t.Errorf("%q: repeated series (-want +got):\n%s", resources, d)
		}
	}
	f("", nil)
	f("# a of r0;a0 1;# b of r1;b0 1;", nil, "a=a0:1", "b=b0:1")
	// A union has the place and the header of its first family.
	f("# a of r0;a0 1;a1 1;# b of r0;b0 1;", nil, "a=a0:1 b=b0:1", "a=a1:1")
	f("# a of r0;a0 1;# b of r0;b0 1;b1 1;b2 1;# c of r1;c1 1;", nil, "a=a0:1 b=b0:1", "c=c1:1 b=b1:1", "b=b2:1")
	f("# a of r0;a0 1;a1 1;a2 1;# b of r0;b0 1;b1 1;# c of r1;c1 1;c2 1;", nil, "a=a0:1 b=b0:1", "b=b1:1 a=a1:1 c=c1:1", "c=c2:1 a=a2:1")
	f("# a of r0;x 1;y 1;z 1;x 2;", nil, "a=x:1|y:1", "a=z:1,x:2")
	// A resource without objects has no families, one with objects has all of them.
	f("# a of r1;a1 1;a2 1;# b of r1;# c of r2;c2 1;", nil, "c= a=", "a=a1:1 b=", "c=c2:1 a=a2:1")
	f("# a of r0;a0 1;# b of r0;b1 1;", nil, "a=a0:1 b=", "b=b1:1")
	f("# b of r0;b0 1;", nil, "b=b0:1", "a= b=")
	// One resource has a family twice.
	f("# a of r0;a0 1;a1 1;# b of r0;b0 1;", nil, "a=a0:1 b=b0:1 a=a1:1")
	f("# a of r0;a0 1;a1 1;a2 1;# b of r0;b0 1;", nil, "a=a0:1 b=b0:1 a=a1:1", "a=a2:1")
	// Of equal series the first remains if any family of the union may repeat series.
	f("# a of r0;x 1;y 1;", map[string]int{"a": 2}, "a?=x:1|x:2,y:1|y:2")
	f("# a of r0;x 1;y 1;z 3;# b of r0;x 1;x 1;", map[string]int{"a": 3}, "a?=x:1|x:2,y:1 b=x:1|x:1", "a=x:3,y:3,z:3")
	f("# a of r0;x 1;y 3;", map[string]int{"a": 2}, "a=x:1|x:2", "a?=x:3,y:3")
	f("# a of r0;x 1;y 1;# b of r0;y 1;# c of r1;y 1;z 1;", map[string]int{"a": 0, "b": 1, "c": 0}, "a?=x:1|y:1 b?=y:1|y:2", "c?=y:1|z:1")
	f("# a of r0;x 1;x 2;# b of r1;x 1;", nil, "a=x:1|x:2", "b=x:1", "b?=")
	f("# a of r0;# b of r0;", map[string]int{"b": 0}, "a=| b?=")
}

// TestResponseAllocations expects no allocation per resource or family of a response without
// unions.
func TestResponseAllocations(t *testing.T) {
	allocations := func(resources, families int) float64 {
		var views []store.View
		for n := range resources {
			words := make([]string, families)
			for i := range words {
				words[i] = fmt.Sprintf("family_%d_%d=x:1", n, i)
			}
			views = append(views, parseResource(t, fmt.Sprint("r", n), strings.Join(words, " ")).View())
		}
		return testing.AllocsPerRun(20, func() { store.NewResponse(views, "") })
	}
	if few, many := allocations(1, 1), allocations(50, 20); many > few {
		t.Errorf("%v allocations for a family, %v for 1000", few, many)
	}
}
