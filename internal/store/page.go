package store

import (
	"math/bits"
	"slices"
)

// pageSlots is the number of objects of a page: more of them pack better, and
// make more text to open and pack again for a change of one.
const pageSlots = 64

// A page holds the text of up to pageSlots objects, each in a slot of its own.
type page struct {
	used uint64 // by slot
	uids [pageSlots]string
	// namespaces of the objects, by slot.
	namespaces [pageSlots]string
	bases      [pageSlots]uint64 // of the objects' text, by slot
	blocks     []*block          // by family, nil where no object has lines
	marks      *marks
	// touched is the time of the last change, in the part's ticks.
	touched uint64
	// opened says that there may be open blocks.
	opened bool
}

func (p *page) full() bool  { return bits.OnesCount64(p.used) == pageSlots }
func (p *page) empty() bool { return p.used == 0 }

// freeSlot is the first slot without an object.
func (p *page) freeSlot() int { return bits.TrailingZeros64(^p.used) }

// newPage is a page without objects.
func newPage(families int, touched uint64) *page {
	return &page{blocks: make([]*block, families), marks: newMarks(families), touched: touched}
}

// set makes the object's lines of a slot the given ones, but for those that are
// kept. It reports whether they were others before.
func (p *page) set(slot int, r *Rendered) (changed bool) {
	if p.marks.lack(r) {
		p.marks = p.marks.withColumns(r)
	}
	start := 0
	for family, end := range r.Ends {
		lines := r.Text[start:end]
		start = end
		if r.Kept != nil && r.Kept[family] {
			continue
		}
		if now := markOf(lines); now != p.marks.mark(slot, family) {
			p.change(slot, family, lines, now)
			changed = true
		}
	}
	return changed
}

// clear takes a slot's lines out of all families.
func (p *page) clear(slot int) {
	for family := range p.blocks {
		if p.marks.mark(slot, family) != 0 {
			p.change(slot, family, nil, 0)
		}
	}
}

// change puts lines in the place of those of a slot.
func (p *page) change(slot, family int, lines []byte, of mark) {
	if p.marks.shared {
		p.marks = p.marks.clone()
	}
	b := p.blocks[family]
	if b == nil {
		b = &block{open: true}
	}
	b = b.editable()
	start := 0
	for s := range slot {
		start += p.marks.length(s, family)
	}
	b.set(start, p.marks.length(slot, family), lines)
	p.marks.set(slot, family, of, len(lines))
	if b.size == 0 {
		b = nil
	}
	p.blocks[family] = b
	p.opened = true
}

// choose gives the slots of objects in one of the namespaces, all objects if none
// are named.
func (p *page) choose(namespaces []string) uint64 {
	if len(namespaces) == 0 {
		return p.used
	}
	var chosen uint64
	for slot := range pageSlots {
		if p.used&(1<<slot) != 0 && slices.Contains(namespaces, p.namespaces[slot]) {
			chosen |= 1 << slot
		}
	}
	return chosen
}

// clone is a page that may be changed without p changing.
func (p *page) clone() *page {
	p.shareMarks()
	c := *p
	c.blocks = slices.Clone(p.blocks)
	return &c
}

// shareMarks marks the marks as held by somebody else too.
func (p *page) shareMarks() {
	if !p.marks.shared { // written once: a holder may be reading
		p.marks.shared = true
	}
}

// share marks what is open as held by somebody else too.
func (p *page) share() {
	if !p.opened {
		return
	}
	for _, b := range p.blocks {
		if b.isOpen() && !b.shared { // written once: a holder may be reading
			b.shared = true
		}
	}
}

func (p *page) openBytes() int {
	n := 0
	for _, b := range p.blocks {
		if b.isOpen() {
			n += b.size
		}
	}
	return n
}
