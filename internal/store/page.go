package store

import (
	"math/bits"
	"slices"
	"unique"
)

// pageSlots is the number of objects of a page: more of them pack better, and
// make more text to unpack and pack again for changes of some.
const pageSlots = 64

// A page holds the text of up to pageSlots objects, each in a slot of its own.
type page struct {
	marks *marks
	// table is what is packed, nil as long as nothing is.
	table *table
	// open is what is other than in the table, by family; nil if nothing is. The edits
	// in it are of what the table has.
	open []*block
	// openBytes is the memory that open blocks take, about.
	openBytes int
	// packing counts those who pack the page now.
	packing int
	// touched is the time of the last change, in the part's ticks.
	touched uint64
	used    uint64 // slots with an object
	removed uint64 // slots whose object is removed and whose lines are still in blocks
	// Last, since the collector need not look at most of it.
	uids       uids
	bases      [pageSlots]uint64                // of the objects' text, by slot
	namespaces [pageSlots]unique.Handle[string] // by slot
}

func (p *page) full() bool  { return bits.OnesCount64(p.used) == pageSlots }
func (p *page) empty() bool { return p.used == 0 }

// freeSlot is the first slot without an object.
func (p *page) freeSlot() int { return bits.TrailingZeros64(^p.used) }

// newPage is a page without objects.
func newPage(families int, touched uint64) *page {
	return &page{marks: newMarks(families), touched: touched}
}

// set makes the object's lines of a slot the given ones, but for those that are
// kept. It reports whether they were others before.
func (p *page) set(slot int, r *Rendered, maxEdits int) (changed bool) {
	if p.marks.lack(slot, r) {
		p.marks = p.marks.withRoom(slot, r)
	}
	start := 0
	for family, end := range r.Ends {
		lines := r.Text[start:end]
		start = end
		if r.Kept != nil && r.Kept[family] {
			continue
		}
		if now := markOf(lines); now != p.marks.mark(slot, family) {
			p.change(slot, family, lines, now, maxEdits)
			changed = true
		}
	}
	return changed
}

// purge deletes the lines of removed objects.
func (p *page) purge(maxEdits int) {
	for slot := range pageSlots {
		if p.removed&(1<<slot) != 0 {
			p.clear(slot, maxEdits)
		}
	}
	p.removed = 0
}

// discard empties a page that its part no longer has: a packer that is at work on it
// finds nothing to close.
func (p *page) discard() { p.open, p.openBytes, p.removed = nil, 0, 0 }

// clear takes a slot's lines out of all families.
func (p *page) clear(slot, maxEdits int) {
	for family := range p.marks.columns {
		if p.marks.mark(slot, family) != (mark{}) {
			p.change(slot, family, nil, mark{}, maxEdits)
		}
	}
}

// change puts lines in the place of those of a slot. Of a block with so many edits it
// makes text.
func (p *page) change(slot, family int, lines []byte, of mark, maxEdits int) {
	if p.marks.shared {
		p.marks = p.marks.clone()
	}
	before := p.openBytesOf(family) // the block may give way to a copy of another size
	b := p.openBlock(family)
	old := p.marks.length(slot, family)
	if b.edited && p.outgrown(b, slot, family, maxEdits) {
		b.open(p.piece(family))
	}
	if b.edited {
		start, packedLines := p.packedLines(b, slot, family, old)
		b.edit(slot, start, old, packedLines, lines)
	} else {
		b.set(p.marks.before(slot, family), old, lines)
	}
	p.marks.set(slot, family, of, len(lines))
	p.openBytes += b.held() - before
}

// openBytesOf is the memory that a family's open block takes.
func (p *page) openBytesOf(family int) int {
	if p.open == nil {
		return 0
	}
	return p.open[family].held()
}

// openBlock is the open block of a family, made if there is none.
func (p *page) openBlock(family int) *block {
	if p.open == nil {
		p.open = make([]*block, len(p.marks.columns))
	}
	switch b := p.open[family]; {
	case b != nil:
		p.open[family] = b.editable()
	case p.table != nil:
		packed := p.table.block(family)
		p.open[family] = &block{edited: true, size: int(packed.size), lines: int(packed.lines)}
	default:
		p.open[family] = &block{}
	}
	return p.open[family]
}

// tiny is text that is opened rather than edited.
const tiny = 2 << 10

// outgrown says whether text serves better than one more edit of a block.
func (p *page) outgrown(b *block, slot, family, maxEdits int) bool {
	if p.table.block(family).size <= tiny {
		return true
	}
	_, found := b.find(slot)
	return !found && len(b.edits) >= maxEdits
}

// packedLines gives where a slot's lines of the given length begin in the packed
// text, as b edits it, and their number.
func (p *page) packedLines(b *block, slot, family, length int) (start, lines int) {
	start = p.marks.before(slot, family)
	for _, e := range b.edits {
		if int(e.slot) >= slot {
			break
		}
		start += int(e.old) - p.marks.length(int(e.slot), family)
	}
	return start, p.table.lines(family, slot, length)
}

// choose gives the slots of objects in one of the namespaces.
func (p *page) choose(namespaces []unique.Handle[string]) (chosen uint64) {
	for slot, namespace := range p.namespaces {
		if p.used&(1<<slot) != 0 && slices.Contains(namespaces, namespace) {
			chosen |= 1 << slot
		}
	}
	return chosen
}

// clone is a page that may be changed without p changing. What is open must be
// shared.
func (p *page) clone() *page {
	p.shareMarks()
	c := *p
	c.uids = p.uids.clone()
	c.open, c.packing = slices.Clone(p.open), 0
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
	for _, b := range p.open {
		b.share()
	}
}

// close puts what w has packed in the place of what was open. What has changed
// since stays open. It gives blocks that nobody needs any longer, by family.
func (p *page) close(w *packer) (needless []*block) {
	p.packing--
	if p.open == nil {
		return nil // somebody else was quicker
	}
	f := w.fresh.without(func(family int) bool { return p.open[family] != w.open[family] })
	if len(f.families) == 0 {
		return nil
	}
	needless = make([]*block, len(p.open))
	if p.table == nil {
		p.table = &table{columns: make([]uint16, len(p.open))}
	}
	p.table = p.table.with(f)
	for _, family := range f.families {
		p.openBytes -= p.open[family].held()
		if w.own[family] && p.packing == 0 {
			needless[family] = p.open[family]
		}
		p.open[family] = nil
	}
	if !slices.ContainsFunc(p.open, func(b *block) bool { return b != nil }) {
		p.open = nil
	}
	return needless
}
