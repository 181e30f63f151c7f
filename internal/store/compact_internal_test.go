package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDuePages expects the indexes of the pages that Compact compacts.
func TestDuePages(t *testing.T) {
	type state struct {
		age       uint64
		open      int
		hasDeltas bool
	}
	const mega = 1 << 20
	f := func(pages []state, want ...int) {
		t.Helper()
		p := &Partition{options: &defaults, ticks: 100}
		for _, s := range pages {
			pg := &page{open: []*openBlock{{}}, openBytes: s.open, touched: 101 - s.age}
			if s.hasDeltas {
				pg.table = &table{}
			}
			p.pages = append(p.pages, pg, nil, &page{})
			if s.age < defaults.idleTicks {
				p.openBytes += s.open // after the compaction of idle pages
			}
		}
		var got []int
		for _, pg := range p.duePages() {
			got = append(got, slices.Index(p.pages, pg)/3)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%v (-want +got):\n%s", pages, d)
		}
		open := 0
		for _, s := range pages {
			if s.age < defaults.idleTicks {
				open += s.open
			}
		}
		if over := p.deltaLimits().deltas == defaults.maxDeltasOverBudget; over != (open > defaults.minBudget) {
			t.Errorf("%v: over budget: %v", pages, over)
		}
	}
	f(nil)
	f([]state{{4, 1, false}, {5, 1, false}, {6, 1, false}}, 1, 2)
	f([]state{{5, 100, true}, {14, 100, true}, {15, 100, true}}, 2)
	f([]state{{4, defaults.largeText + 1, true}, {5, defaults.largeText + 1, true}, {5, defaults.largeText, true}}, 1)
	f([]state{{1, 8 * mega, true}, {2, 8 * mega, true}, {3, 8 * mega, true}})
	f([]state{{1, 8 * mega, true}, {2, 9 * mega, true}, {3, 8 * mega, true}}, 2)
	f([]state{{1, 8 * mega, true}, {2, 20 * mega, true}, {3, 8 * mega, true}}, 1)
	f([]state{{1, 30 * mega, true}, {2, 5 * mega, true}, {3, 8 * mega, true}}, 0)
	f([]state{{1, 30 * mega, true}, {2, 30 * mega, true}, {3, 30 * mega, true}}, 2, 1, 0)
	f([]state{{7, 30 * mega, true}, {2, 20 * mega, true}}, 0)
}

// TestDeltas changes a compressed block up to the limit of deltas and beyond.
func TestDeltas(t *testing.T) {
	f := func(budget, limit int) {
		t.Helper()
		p := newPartition(1, &defaults)
		p.budget = budget
		want := make([]string, pageSlots)
		set := func(slot, version int) {
			line := fmt.Sprintf("f{slot=\"%02d\",x=\"%0100d\"} %d\n", slot, slot, version)
			want[slot] = line
			p.Set(Rendered{UID: fmt.Sprint(slot), Text: []byte(line), Ends: []int{len(line)}})
		}
		for slot := range pageSlots {
			set(slot, 1)
		}
		pg := p.pages[0]
		p.compactPage(pg)
		for i := range limit + 3 {
			set((i*37)%pageSlots, 1000)
			set((i*37)%pageSlots, 2) // replaces the delta
			if hasDeltas := pg.open[0].hasDeltas; hasDeltas != (i < limit) {
				t.Errorf("%d of %d: hasDeltas %v", i+1, limit, hasDeltas)
			}
			c := pg.chunk(0)
			if d := cmp.Diff(strings.Join(want, ""), string(c.appendText(nil, new([]byte)))); d != "" {
				t.Fatalf("%d of %d (-want +got):\n%s", i+1, limit, d)
			}
		}
	}
	f(1<<20, defaults.maxDeltas)
	f(-1, defaults.maxDeltasOverBudget)
}
