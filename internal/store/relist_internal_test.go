package store

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// compacted returns a resource with compressed pages of objects with one line each.
func compacted(pages, lineBytes int) *Resource {
	r := NewResource("things", []Family{{Name: "a", Header: []byte("# a\n")}}, 1)
	p := r.partitions[0]
	for n := range pages * pageSlots {
		p.Set(object(n, 1, lineBytes))
	}
	for _, pg := range p.pages {
		p.compactPage(pg)
	}
	return r
}

func object(n, version, lineBytes int) Rendered {
	line := fmt.Appendf(nil, "a{n=\"%d\"} %0*d\n", n, lineBytes, version)
	return Rendered{UID: fmt.Sprint(n), Text: line, Ends: []int{len(line)}}
}

// openMemory returns the memory of open blocks and of the free list.
func openMemory(p *Partition) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, pg := range p.pages {
		for family := range p.families {
			if pg != nil && pg.open != nil {
				n += pg.open[family].memory()
			}
		}
	}
	for _, blocks := range p.free.pages {
		for _, b := range blocks {
			n += b.memory()
		}
	}
	return n
}

// TestRelistIsBounded relists objects that have all changed, in several orders: open memory never
// exceeds the budget by more than the pages in compaction, and no block is open at the end.
func TestRelistIsBounded(t *testing.T) {
	const pages, lineBytes = 24, 4 << 10
	r := compacted(pages, lineBytes)
	p := r.partitions[0]
	p.budget = 4 * pageSlots * lineBytes
	limit := p.budget + (defaults.freePages+1)*pageSlots*(lineBytes+100)
	f := func(name string, order []int, missing func(n int) bool) {
		t.Helper()
		g := p.Begin()
		for _, n := range order {
			if missing(n) {
				continue
			}
			g.Set(object(n, 2, lineBytes))
			if open := openMemory(g.next); open > limit {
				t.Fatalf("%s: %d open bytes, want at most %d", name, open, limit)
			}
		}
		p.Replace(g)
		if s := r.Stats(); s.OpenBytes != 0 {
			t.Errorf("%s: %d open bytes after Replace", name, s.OpenBytes)
		}
	}
	inOrder := make([]int, pages*pageSlots)
	for i := range inOrder {
		inOrder[i] = i
	}
	missing := func(n int) bool { return n%pageSlots == 7 }
	f("none is missing", inOrder, func(int) bool { return false })
	f("scattered", rand.New(rand.NewPCG(1, 3)).Perm(pages*pageSlots), missing)
	f("in order", inOrder, missing)
}

// TestRelistOfFewerIsBounded relists half of the objects, unchanged: Finish compacts the removal of
// the others.
func TestRelistOfFewerIsBounded(t *testing.T) {
	const pages, lineBytes = 24, 4 << 10
	r := compacted(pages, lineBytes)
	p := r.partitions[0]
	g := p.Begin()
	want := 0
	keep := func(uid string) bool { return !strings.HasSuffix(uid, "8") }
	for n := range pages * pageSlots / 2 {
		o := object(2*n, 1, lineBytes)
		g.Set(o)
		if keep(o.UID) {
			want++
		}
	}
	g.Finish()
	g.Retain(func(_, uid string) bool { return keep(uid) })
	if open := openMemory(g.next); open > 0 {
		t.Errorf("%d open bytes after Finish", open)
	}
	p.Replace(g)
	if open := openMemory(p); open > 0 || p.Len() != want {
		t.Errorf("%d open bytes, want 0; %d objects, want %d", open, p.Len(), want)
	}
}

// TestRetainLeavesBlocks expects Retain to open and compress no block, views without the removed
// objects, and Compact to delete their lines.
func TestRetainLeavesBlocks(t *testing.T) {
	const pages, lineBytes = 3, 200
	r := compacted(pages, lineBytes)
	p := r.partitions[0]
	tables := map[int]*table{}
	for n, pg := range p.pages {
		tables[n] = pg.table
	}
	keep := func(uid string) bool { return strings.HasSuffix(uid, "0") }
	p.Retain(keep)
	for n, pg := range p.pages {
		if pg.table != tables[n] || pg.open != nil {
			t.Errorf("page %d is compacted or open", n)
		}
	}
	want := &bytes.Buffer{}
	want.WriteString("# a\n")
	for n := range pages * pageSlots {
		if o := object(n, 1, lineBytes); keep(o.UID) {
			want.Write(o.Text)
		}
	}
	f := func(when string) {
		t.Helper()
		var got bytes.Buffer
		if err := NewResponse([]View{r.View()}, "").WriteText(&got); err != nil || got.String() != want.String() {
			t.Errorf("%s: %d bytes of text, %v, want %d", when, got.Len(), err, want.Len())
		}
		if s := r.Stats(); s.Objects != 20 || s.Families[0].Series != 20 {
			t.Errorf("%s: %d objects, %d series", when, s.Objects, s.Families[0].Series)
		}
		if err := r.CheckInvariants(); err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	f("after Retain")
	p.Compact()
	f("after Compact")
	for n, pg := range p.pages {
		if pg.table == tables[n] || pg.open != nil || pg.removed != 0 {
			t.Errorf("page %d is not compacted", n)
		}
	}
}
