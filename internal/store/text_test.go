package store_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/store"
)

// TestPages compares the text of pages with a response, while the writer changes the objects.
func TestPages(t *testing.T) {
	families := []store.Family{{Name: "a"}, {Name: "none"}, {Name: "b"}}
	r := store.NewResource("things", families, 2)
	set := func(i, value int) {
		a := fmt.Sprintf("a{o=\"%d\"} %d\n", i, value)
		b := a + fmt.Sprintf("b{o=\"%d\"} %d\nb{o=\"%d\",x=\"y\"} 1\n", i, value, i)
		r.Partitions()[i%2].Set(store.Rendered{UID: fmt.Sprint(i), Namespace: fmt.Sprint(i % 3), Text: []byte(b), Ends: []int{len(a), len(a), len(b)}})
	}
	for i := range 500 {
		set(i, 0)
	}
	r.Compact()
	for range 10 {
		r.Compact()
	}
	for i := range 100 {
		set(5*i, 1) // as deltas
	}
	if d := cmp.Diff([]string{"a", "none", "b"}, r.Families()); d != "" {
		t.Errorf("families (-want +got):\n%s", d)
	}
	f := func(objects int, namespaces ...string) {
		t.Helper()
		v := r.View(namespaces...)
		var want strings.Builder
		if err := store.NewResponse([]store.View{v}, "").WriteText(&want); err != nil {
			t.Fatal(err)
		}
		texts := make([][]byte, len(families))
		n := 0
		for page := range v.Pages() {
			for i := range families {
				texts[i] = page.AppendText(texts[i], i)
			}
			set(n, 2+n) // waits forever if a lock is held
			n++
		}
		var got strings.Builder
		for _, text := range texts {
			got.Write(text)
		}
		if d := cmp.Diff(want.String(), got.String()); d != "" || n == 0 || v.Objects() != objects {
			t.Errorf("%q: %d pages, %d objects, want %d (-want +got):\n%s", namespaces, n, v.Objects(), objects, d)
		}
	}
	f(500)
	f(167, "0")
	f(333, "0", "2")
	for page := range r.View().Pages() { // ends early
		if text := page.AppendText([]byte("x"), 1); string(text) != "x" {
			t.Errorf("family without lines: %q", text)
		}
		break
	}
	for range r.View("9").Pages() {
		t.Error("a page without objects")
	}
}
