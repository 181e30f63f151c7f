package store_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/store"
)

// TestUpdate replaces the lines of one of two families, at rest, with open blocks and while a list is
// received.
func TestUpdate(t *testing.T) {
	r := store.NewResource("x", []store.Family{{Name: "a"}, {Name: "b"}}, 1)
	p := r.Partitions()[0]
	f := func(about string, change func(), want ...string) {
		t.Helper()
		change()
		var b strings.Builder
		if err := store.NewResponse([]store.View{r.View()}, "").WriteText(&b); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(strings.Join(want, ""), b.String()); d != "" {
			t.Errorf("%s (-want +got):\n%s", about, d)
		}
	}
	both := func(uid, a, b string) store.Rendered {
		return store.Rendered{UID: uid, Namespace: "n", Text: []byte(a + b), Ends: []int{len(a), len(a) + len(b)}}
	}
	onlyB := func(uid, b string) store.Rendered {
		u := both(uid, "", b)
		u.Unchanged = []bool{true, false}
		return u
	}
	f("unknown", func() { p.Update(onlyB("1", "b 1\n")) })
	f("set", func() {
		p.Set(both("1", "a 1\n", "b 1\n"))
		p.Set(both("2", "a 2\n", "b 2\n"))
	}, "a 1\n", "a 2\n", "b 1\n", "b 2\n")
	f("open block", func() { p.Update(onlyB("1", "b one\n")) }, "a 1\n", "a 2\n", "b one\n", "b 2\n")
	for range 20 {
		p.Compact()
	}
	f("compressed block", func() { p.Update(onlyB("2", "b two\n")) }, "a 1\n", "a 2\n", "b one\n", "b two\n")
	f("removed", func() { p.Update(onlyB("1", "")) }, "a 1\n", "a 2\n", "b two\n")
	var s *store.Staging
	f("beside a list", func() {
		s = p.Begin()
		s.Set(both("1", "a 3\n", "b 3\n"))
		s.Set(both("4", "a 4\n", "b 4\n"))
		p.Update(onlyB("1", "b uno\n"))
	}, "a 1\n", "a 2\n", "b uno\n", "b two\n")
	f("in a finished list", func() {
		s.Finish()
		s.Update(onlyB("4", "b four\n"))
		s.Update(onlyB("9", "b nine\n"))
		p.Replace(s)
	}, "a 3\n", "a 4\n", "b 3\n", "b four\n")
}
