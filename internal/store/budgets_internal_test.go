package store

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
)

// limited returns a resource of families a and b with budgets.
func limited(b Budgets) *Resource {
	r := NewResource("things", []Family{{Name: "a", Header: []byte("# a\n")}, {Name: "b", Header: []byte("# b\n")}}, 1)
	r.LimitSeries(b)
	return r
}

// thing renders an object with series of family a, created at a time.
func thing(name, namespace string, created int64, series int) Rendered {
	text := []byte(strings.Repeat(fmt.Sprintf("a{n=%q} 1\n", name), series))
	return Rendered{UID: name, Namespace: namespace, Created: created, Text: text, Ends: []int{len(text), len(text)}}
}

// servedThings returns the names of served objects, in order.
func servedThings(r *Resource) (names []string) {
	v := r.View()
	for _, page := range v.pages {
		c := page.chunk(0)
		for line := range strings.Lines(string(c.appendText(nil, new([]byte)))) {
			name := strings.Split(line, `"`)[1]
			if len(names) == 0 || names[len(names)-1] != name {
				names = append(names, name)
			}
		}
	}
	return names
}

func wantThings(t *testing.T, when string, r *Resource, want ...string) {
	t.Helper()
	if d := cmp.Diff(want, servedThings(r)); d != "" {
		t.Errorf("%s (-want +got):\n%s", when, d)
	}
	if err := r.CheckInvariants(); err != nil {
		t.Errorf("%s: %v", when, err)
	}
}

// TestBudgetStays follows one resource over and under its budget.
func TestBudgetStays(t *testing.T) {
	r := limited(Budgets{Series: 10})
	p := r.partitions[0]
	relist := func(objects ...Rendered) {
		g := p.Begin()
		for _, o := range objects {
			g.Set(o)
		}
		p.Replace(g)
	}
	relist(thing("new", "x", 9, 4), thing("old", "x", 1, 4), thing("middle", "x", 5, 4), thing("none", "x", 0, 2))
	wantThings(t, "first list", r, "middle", "old", "none")
	relist(thing("older", "x", -5, 4), thing("new", "x", 9, 4), thing("old", "x", 1, 4), thing("middle", "x", 5, 5), thing("none", "x", 0, 2))
	wantThings(t, "an older object in a relist", r, "middle", "old", "none")
	p.Set(thing("new", "x", 9, 1))
	r.Balance()
	wantThings(t, "growth beyond the budget leaves no room", r, "middle", "old", "none")
	p.Delete("none")
	wantThings(t, "deletion", r, "middle", "old")
	r.Balance()
	wantThings(t, "the younger of those withheld fits", r, "middle", "old", "new")
	p.Delete("middle")
	r.Balance()
	wantThings(t, "the older one fits", r, "older", "old", "new")
	r.LimitSeries(Budgets{Series: 8})
	r.Balance()
	wantThings(t, "a lower limit", r, "older", "old")
	r.LimitSeries(Budgets{})
	r.Balance()
	wantThings(t, "no limit", r, "older", "old", "new")
}

// TestBudgetWhateverTheOrder lists objects in random orders: the same are admitted.
func TestBudgetWhateverTheOrder(t *testing.T) {
	const objects = 500
	var want map[string]bool
	for seed := range uint64(5) {
		r := limited(Budgets{Series: 300, Namespace: 120, Families: map[string]int{"a": 290}})
		g := r.partitions[0].Begin()
		for _, n := range rand.New(rand.NewPCG(seed, 1)).Perm(objects) {
			g.Set(thing(fmt.Sprint("o", n), fmt.Sprint("n", n%3), int64(n*7919%97), 1+n%4))
		}
		r.partitions[0].Replace(g)
		got := map[string]bool{}
		for _, name := range servedThings(r) {
			got[name] = true
		}
		if want == nil {
			want = got
		}
		if d := cmp.Diff(want, got); d != "" || len(want) < 100 {
			t.Errorf("seed %d, %d objects (-want +got):\n%s", seed, len(want), d)
		}
	}
}

// TestBudgetOfLongObjects counts the series of objects with more lines than a table counts, after
// changes as deltas.
func TestBudgetOfLongObjects(t *testing.T) {
	const long = maxSlotLines + 5
	r := limited(Budgets{Series: 3 * long})
	p := r.partitions[0]
	p.Set(thing("short", "", 1, 2))
	for version := range 3 {
		p.Set(thing("long", "", 2, long+version))
		for _, pg := range p.pages {
			p.compactPage(pg)
		}
		wantThings(t, fmt.Sprint("version ", version), r, "short", "long")
		if report, _ := r.Budgets(); report.Uses[0].Used != long+version+2 {
			t.Errorf("version %d: %+v", version, report)
		}
		if s := r.Stats(); s.Families[0].Series != long+version+2 {
			t.Errorf("version %d: %d series", version, s.Families[0].Series)
		}
	}
	p.Set(thing("long", "", 2, 1))
	if s := r.Stats(); s.Families[0].Series != 3 {
		t.Errorf("a delta: %d series", s.Families[0].Series)
	}
	wantThings(t, "a delta", r, "short", "long")
}

// TestCrossings notes 80 % of a budget once, and again after less than 70 %.
func TestCrossings(t *testing.T) {
	r := limited(Budgets{Series: 10, Namespace: 5, Families: map[string]int{"a": 100}})
	p := r.partitions[0]
	step := func(series int, want ...Crossing) {
		t.Helper()
		p.Set(thing("one", "x", 1, series))
		if d := cmp.Diff(want, r.Crossings()); d != "" {
			t.Errorf("%d series (-want +got):\n%s", series, d)
		}
	}
	p.Set(thing("other", "y", 1, 3))
	step(0)
	step(4, Crossing{Namespace: "x", Limit: 5, Used: 4})
	step(5, Crossing{Limit: 10, Used: 8})
	step(4)
	step(5)
	step(3)
	step(5, Crossing{Limit: 10, Used: 8}, Crossing{Namespace: "x", Limit: 5, Used: 5})
	g := p.Begin()
	g.Set(thing("one", "x", 1, 5))
	g.Set(thing("other", "y", 1, 3))
	p.Replace(g)
	step(5)
}

// TestNoBudgetsNoMemory holds a resource without budgets to the memory of one that knows none.
func TestNoBudgetsNoMemory(t *testing.T) {
	r := compacted(2, 50)
	p := r.partitions[0]
	if r.account != nil || p.account != nil || p.sums != nil || p.scratch != nil || len(p.nonFull) != 1 || len(p.pages) != 2 {
		t.Errorf("%+v", p)
	}
	for n, pg := range p.pages {
		if pg.loads != nil {
			t.Errorf("page %d has loads", n)
		}
	}
	const sizeClass = 2304 // of the Go runtime, also without loads
	if size := unsafe.Sizeof(page{}); size > sizeClass {
		t.Errorf("a page has %d bytes", size)
	}
	o := object(5, 1, 50)
	if n := testing.AllocsPerRun(100, func() { p.Set(o); r.Balance() }); n > 0 {
		t.Errorf("%v allocations", n)
	}
	g := p.Begin()
	if g.next.sums != nil || g.next.pages[0].loads != nil {
		t.Error("a staging copy has sums")
	}
	g.Abandon()
}
