package store

import (
	"math/bits"
	"slices"
	"unique"
)

// pageSlots is the number of objects in a page. More slots compress better; fewer cost
// less to compress again after a change.
const pageSlots = 64

// A page holds the lines of up to pageSlots objects, one per slot.
type page struct {
	fingerprints *fingerprints
	// table locates the compressed blocks; nil before the first compaction.
	table *table
	// open has, by family, the blocks that differ from the table; nil if none does. Their
	// deltas apply to the table's blocks.
	open []*block
	// openBytes is the approximate memory of open blocks.
	openBytes int
	// compacting counts the compactors of the page.
	compacting int
	// touched is the partition's tick of the last change.
	touched uint64
	used    uint64 // slots with an object
	removed uint64 // slots of removed objects whose lines are still in blocks
	// Last, since most of it has no pointers.
	uids       uids
	inputs     [pageSlots]uint64                // fingerprints of the objects' inputs, by slot
	namespaces [pageSlots]unique.Handle[string] // by slot
}

func (p *page) full() bool  { return bits.OnesCount64(p.used) == pageSlots }
func (p *page) empty() bool { return p.used == 0 }

// freeSlot returns the first slot without an object.
func (p *page) freeSlot() int { return bits.TrailingZeros64(^p.used) }

// newPage returns a page without objects.
func newPage(families int, touched uint64) *page {
	return &page{fingerprints: newFingerprints(families), touched: touched}
}

// set replaces the lines of a slot, except those of families in r.Unchanged. It reports whether
// any line changed.
func (p *page) set(slot int, r *Rendered, maxDeltas int) (changed bool) {
	if p.fingerprints.lack(slot, r) {
		p.fingerprints = p.fingerprints.withRoom(slot, r)
	}
	start := 0
	for family, end := range r.Ends {
		lines := r.Text[start:end]
		start = end
		if r.Unchanged != nil && r.Unchanged[family] {
			continue
		}
		if now := fingerprintOf(lines); now != p.fingerprints.fingerprint(slot, family) {
			p.change(slot, family, lines, now, maxDeltas)
			changed = true
		}
	}
	return changed
}

// purge deletes the lines of removed objects.
func (p *page) purge(maxDeltas int) {
	for slot := range pageSlots {
		if p.removed&(1<<slot) != 0 {
			p.clear(slot, maxDeltas)
		}
	}
	p.removed = 0
}

// discard drops the open blocks of a page that has left its partition, so that a running
// compactor has nothing to close and no open bytes to subtract.
func (p *page) discard() { p.open, p.openBytes, p.removed = nil, 0, 0 }

// clear deletes a slot's lines from all families.
func (p *page) clear(slot, maxDeltas int) {
	for family := range p.fingerprints.columns {
		if p.fingerprints.fingerprint(slot, family) != (fingerprint{}) {
			p.change(slot, family, nil, fingerprint{}, maxDeltas)
		}
	}
}

// change replaces a slot's lines of a family. A block with maxDeltas deltas is opened as
// text first.
func (p *page) change(slot, family int, lines []byte, of fingerprint, maxDeltas int) {
	if p.fingerprints.shared {
		p.fingerprints = p.fingerprints.clone()
	}
	before := p.openBytesOf(family) // openBlock may replace a shared block by a clone of another size
	b := p.openBlock(family)
	old := p.fingerprints.length(slot, family)
	if b.hasDeltas && p.outgrown(b, slot, family, maxDeltas) {
		b.open(p.chunk(family))
	}
	if b.hasDeltas {
		start, compressedLines := p.compressedLines(b, slot, family, old)
		b.addDelta(slot, start, old, compressedLines, lines)
	} else {
		b.set(p.fingerprints.before(slot, family), old, lines)
	}
	p.fingerprints.set(slot, family, of, len(lines))
	p.openBytes += b.held() - before
}

// openBytesOf returns the memory of a family's open block.
func (p *page) openBytesOf(family int) int {
	if p.open == nil {
		return 0
	}
	return p.open[family].held()
}

// openBlock returns the writable open block of a family and makes one if there is none.
func (p *page) openBlock(family int) *block {
	if p.open == nil {
		p.open = make([]*block, len(p.fingerprints.columns))
	}
	switch b := p.open[family]; {
	case b != nil:
		p.open[family] = b.writable()
	case p.table != nil:
		compressed := p.table.block(family)
		p.open[family] = &block{hasDeltas: true, size: int(compressed.size), lines: int(compressed.lines)}
	default:
		p.open[family] = &block{}
	}
	return p.open[family]
}

// tiny is the size of text up to which a block is opened and gets no deltas.
const tiny = 2 << 10

// outgrown reports whether b is better opened as text than given one more delta.
func (p *page) outgrown(b *block, slot, family, maxDeltas int) bool {
	if p.table.block(family).size <= tiny {
		return true
	}
	_, found := b.find(slot)
	return !found && len(b.deltas) >= maxDeltas
}

// compressedLines returns the offset of a slot's lines in the compressed text and their
// number. length is theirs; b has the deltas so far.
func (p *page) compressedLines(b *block, slot, family, length int) (start, lines int) {
	start = p.fingerprints.before(slot, family)
	for _, e := range b.deltas {
		if int(e.slot) >= slot {
			break
		}
		start += int(e.old) - p.fingerprints.length(int(e.slot), family)
	}
	return start, p.table.lines(family, slot, length)
}

// choose returns the slots of objects in any of the namespaces.
func (p *page) choose(namespaces []unique.Handle[string]) (chosen uint64) {
	for slot, namespace := range p.namespaces {
		if p.used&(1<<slot) != 0 && slices.Contains(namespaces, namespace) {
			chosen |= 1 << slot
		}
	}
	return chosen
}

// clone returns an independent copy of p, whose open blocks must be shared.
func (p *page) clone() *page {
	p.shareFingerprints()
	c := *p
	c.uids = p.uids.clone()
	c.open, c.compacting = slices.Clone(p.open), 0
	return &c
}

// shareFingerprints marks the fingerprints as immutable: another holder reads them.
func (p *page) shareFingerprints() {
	if !p.fingerprints.shared { // written once: a holder may be reading
		p.fingerprints.shared = true
	}
}

// share marks the open blocks as immutable: another holder reads them.
func (p *page) share() {
	for _, b := range p.open {
		b.share()
	}
}

// close moves what w has compressed into the table. Blocks that have changed since stay
// open. It returns, by family, the blocks that have no other holder.
func (p *page) close(w *compactor) (reusable []*block) {
	p.compacting--
	if p.open == nil {
		return nil // another compactor was first
	}
	f := w.fresh.without(func(family int) bool { return p.open[family] != w.open[family] })
	if len(f.families) == 0 {
		return nil
	}
	reusable = make([]*block, len(p.open))
	if p.table == nil {
		p.table = &table{columns: make([]uint16, len(p.open))}
	}
	p.table = p.table.with(f)
	for _, family := range f.families {
		p.openBytes -= p.open[family].held()
		if w.own[family] && p.compacting == 0 {
			reusable[family] = p.open[family]
		}
		p.open[family] = nil
	}
	if !slices.ContainsFunc(p.open, func(b *block) bool { return b != nil }) {
		p.open = nil
	}
	return reusable
}
