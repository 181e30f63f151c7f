package store

import (
	"fmt"
	"testing"
)

// TestUnionsStayCompressed expects a response to copy the compressed blocks of a union, except the
// blocks that repeat a series.
func TestUnionsStayCompressed(t *testing.T) {
	fill := func(name string, from int, families ...Family) View {
		r := NewResource(name, families, 1)
		for i := range 3 * pageSlots {
			o := Rendered{UID: fmt.Sprint(i)}
			for _, f := range families {
				o.Text = fmt.Appendf(o.Text, "%s{n=\"%d\"} 1\n", f.Name, from+i)
				o.Ends = append(o.Ends, len(o.Text))
			}
			r.Partitions()[0].Set(o)
		}
		for range defaults.idleDeltaTicks + 1 {
			r.Compact()
		}
		return r.View()
	}
	f := func(from, copied, stored int, mayRepeat bool) {
		t.Helper()
		first, second := Family{Name: "a", Header: []byte("# a\n")}, Family{Name: "b", Header: []byte("# b\n")}
		one, two := fill("one", 0, first, second), fill("two", from, Family{Name: "a", Header: []byte("# other\n"), MayRepeat: mayRepeat})
		var got struct{ headers, copied, stored int }
		r := NewResponse([]View{one, two}, "")
		r.chunks(func(c *chunk) bool {
			switch {
			case c.stored():
				got.stored++
			case c.compressed.lineCount == 0:
				got.headers++
			default:
				got.copied++
			}
			return true
		})
		want := got
		want.headers, want.copied, want.stored = 2, copied, stored
		if got != want || r.unready != 0 {
			t.Errorf("from %d: %+v, want %+v; %d not ready", from, got, want, r.unready)
		}
	}
	f(0, 9, 0, false)
	f(3*pageSlots, 9, 0, true)
	f(3*pageSlots-1, 8, 1, true)
	f(2*pageSlots-1, 7, 1, true) // all series of a page repeat, and one of the next
	f(0, 6, 0, true)
}

func TestDeduplicateLines(t *testing.T) {
	seen := map[uint64]struct{}{}
	f := func(text, want string, removed int) {
		t.Helper()
		kept, n := deduplicateLines([]byte(text), seen)
		if string(kept) != want || n != removed {
			t.Errorf("%q: %q, %d removed; want %q, %d", text, kept, n, want, removed)
		}
	}
	f("", "", 0)
	f("a 1\nb 1\na 2\n", "a 1\nb 1\n", 1)
	f("a 3\nc 1", "c 1", 1)
	f("c 1\nc 1", "", 2)
	f("x{l=\" 1\"} 1\nx{l=\" 2\"} 1\nx 1\nx{l=\" 1\"} 1\n", "x{l=\" 1\"} 1\nx{l=\" 2\"} 1\nx 1\n", 1)
	f("\n\nq\nq\n \n", "\nq\n \n", 2)
}

func TestNameSet(t *testing.T) {
	var s nameSet
	for _, n := range []int{3, 64, 200} {
		s.add(n)
	}
	for n := range 300 {
		if want := n == 3 || n == 64 || n == 200; s.has(n) != want {
			t.Errorf("%d: %v, want %v", n, s.has(n), want)
		}
	}
	n := numbering{of: map[string]int{}}
	if a, b, again := n.number("a"), n.number("b"), n.number("a"); a == b || a != again {
		t.Errorf("numbers %d and %d, then %d for the first name", a, b, again)
	}
}
