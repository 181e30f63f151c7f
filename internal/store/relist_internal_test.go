package store

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// relisted is a resource with so many compressed pages of objects with one line each.
func relisted(pages, lineBytes int) *Resource {
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

// openMemory is what a part holds in open blocks and in spare buffers.
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

// TestRelistIsBounded lists objects anew of which all have changed, in another order than
// that of the pages and one a page missing: what is open never exceeds the budget by
// more than the pages that are at work, and nothing is left open at the end.
func TestRelistIsBounded(t *testing.T) {
	const pages, lineBytes = 24, 4 << 10
	r := relisted(pages, lineBytes)
	p := r.partitions[0]
	p.budget = 4 * pageSlots * lineBytes
	most := p.budget + (defaults.freePages+1)*pageSlots*(lineBytes+100)
	f := func(name string, order []int, missing func(n int) bool) {
		t.Helper()
		g := p.Begin()
		for _, n := range order {
			if missing(n) {
				continue
			}
			g.Set(object(n, 2, lineBytes))
			if held := openMemory(g.next); held > most {
				t.Fatalf("%s: %d bytes held, want %d at most", name, held, most)
			}
		}
		p.Replace(g)
		if s := r.Stats(); s.OpenBytes != 0 {
			t.Errorf("%s: %d bytes open after the list", name, s.OpenBytes)
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

// TestRelistOfFewerIsBounded lists half of the objects anew, unchanged: their removal is
// compressed page by page.
func TestRelistOfFewerIsBounded(t *testing.T) {
	const pages, lineBytes = 24, 4 << 10
	r := relisted(pages, lineBytes)
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
	g.Retain(keep)
	if held := openMemory(g.next); held > 0 {
		t.Errorf("%d bytes open once finished", held)
	}
	p.Replace(g)
	if held := openMemory(p); held > 0 || p.Len() != want {
		t.Errorf("%d bytes open, want none, %d objects, want %d", held, p.Len(), want)
	}
}

// TestRetainLeavesBlocks has Retain remove objects of all pages: no block is opened or
// compressed by it, views do not have the objects, and the next Compact deletes their lines.
func TestRetainLeavesBlocks(t *testing.T) {
	const pages, lineBytes = 3, 200
	r := relisted(pages, lineBytes)
	p := r.partitions[0]
	tables := map[int]*table{}
	for n, pg := range p.pages {
		tables[n] = pg.table
	}
	keep := func(uid string) bool { return strings.HasSuffix(uid, "0") }
	p.Retain(keep)
	for n, pg := range p.pages {
		if pg.table != tables[n] || pg.open != nil {
			t.Errorf("page %d was compressed or opened", n)
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
			t.Errorf("page %d was not compressed", n)
		}
	}
}
