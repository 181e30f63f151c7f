package store

import (
	"slices"
	"unique"
)

// pageLoads has the counts and creation times of a page's objects, if series are limited.
type pageLoads struct {
	columns *columns
	created [pageSlots]int64 // by slot
	// cells has the counts of the lines in blocks, by slot, then by column.
	cells []uint32
}

func newPageLoads(c *columns) *pageLoads {
	return &pageLoads{columns: c, cells: make([]uint32, pageSlots*c.width())}
}

// clone returns an independent copy. l may be nil.
func (l *pageLoads) clone() *pageLoads {
	if l == nil {
		return nil
	}
	c := *l
	c.cells = slices.Clone(l.cells)
	return &c
}

// of returns the counts of a slot, which changes overwrite.
func (l *pageLoads) of(slot int) load {
	width := l.columns.width()
	return l.cells[slot*width : (slot+1)*width]
}

// add adds lines of a family to a slot.
func (l *pageLoads) add(slot, family, lines int) {
	cells := l.of(slot)
	cells[0] += uint32(lines)
	if c := l.columns.of[family]; c > 0 {
		cells[c] += uint32(lines)
	}
}

// appendLoad appends the counts of an object with all families.
func (c *columns) appendLoad(dst load, r *Rendered) load {
	dst = append(dst, uint32(countLines(r.Text)))
	for range c.width() - 1 {
		dst = append(dst, 0)
	}
	for family, column := range c.of {
		if column == 0 {
			continue
		}
		start := 0
		if family > 0 {
			start = r.Ends[family-1]
		}
		dst[len(dst)-c.width()+column] += uint32(countLines(r.Text[start:r.Ends[family]]))
	}
	return dst
}

// entry returns the entry of an object. Changes of the object overwrite its load.
func (p *Partition) entry(at slotRef) entry {
	pg, slot := p.pages[at.page()], at.slot()
	return entry{pg.namespaces[slot], pg.loads.of(slot), p.isWithheld(at.page())}
}

// recharge changes an object and its entry in the account.
func (p *Partition) recharge(at slotRef, change func()) {
	if p.account == nil {
		change()
		return
	}
	before := p.entry(at)
	p.scratch = append(p.scratch[:0], before.load...)
	before.load = p.scratch
	change()
	if now := p.entry(at); now.namespace != before.namespace || !slices.Equal(now.load, before.load) {
		p.charge(&before, &now)
	}
}

// groupOf returns the group of pages for a new object, which it charges: the class of the object, or
// that of withheld objects.
func (p *Partition) groupOf(k *key, r *Rendered) int {
	if p.account != nil {
		p.scratch = p.account.columns.appendLoad(p.scratch[:0], r)
		e := entry{namespace: unique.Make(r.Namespace), load: p.scratch}
		if p.chargeNew(&e); e.withheld {
			return p.classes()
		}
	}
	return k.class(p.classes())
}

// isWithheld reports whether the n-th page has withheld objects.
func (p *Partition) isWithheld(n int) bool { return n%p.groups() == p.classes() }
