package store

import (
	"math/bits"
	"slices"
	"unique"
)

// pageSlots is the largest number of objects in a page: a bitmap of slots is a uint64.
const pageSlots = 64

// A page holds the lines of up to pageSlots objects, one per slot.
type page struct {
	fingerprints *fingerprints
	// table locates the compressed blocks; nil before the first compaction.
	table *table
	// open has, by family, the blocks that differ from the table; nil if none does. Their
	// deltas apply to the table's blocks.
	open []*openBlock
	// openBytes is the approximate memory of open blocks.
	openBytes int
	// compacting counts the compactors of the page.
	compacting int
	// touched is the partition's tick of the last change.
	touched uint64
	used    uint64 // slots with an object
	removed uint64 // slots of removed objects whose lines are still in blocks

	uids       uids
	notes      notes
	namespaces [pageSlots]unique.Handle[string] // by slot
	loads      *pageLoads                       // nil without budgets
}

func (p *page) empty() bool { return p.used == 0 }

// freeSlot returns the first slot without an object.
func (p *page) freeSlot() int { return bits.TrailingZeros64(^p.used) }

// newPage returns a page without objects.
func newPage(families int, touched uint64) *page {
	return &page{fingerprints: newFingerprints(families), touched: touched}
}

// set replaces the lines of a slot, except those of families in r.Unchanged. It reports whether
// any line changed.
func (p *page) set(slot int, r *Rendered, limits deltaLimits) (changed bool) {
	if p.fingerprints.lacksRoom(slot, r) {
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
			p.change(slot, family, lines, now, limits)
			changed = true
		}
	}
	return changed
}

// purge deletes the lines of removed objects.
func (p *page) purge(limits deltaLimits) {
	for slot := range pageSlots {
		if p.removed&(1<<slot) != 0 {
			p.cut(slot, nil, limits)
		}
	}
	p.removed = 0
}

// discard drops the open blocks of a page that has left its partition, so that a running
// compactor has nothing to install.
func (p *page) discard() { p.open, p.openBytes, p.removed = nil, 0, 0 }

// change replaces a slot's lines of a family. It inflates a block that takes no more deltas first.
func (p *page) change(slot, family int, lines []byte, of fingerprint, limits deltaLimits) {
	if p.fingerprints.shared {
		p.fingerprints = p.fingerprints.clone()
	}
	before := p.openBytesOf(family) // writableBlock may clone
	b := p.writableBlock(family)
	lineCount, old := b.lineCount, p.fingerprints.length(slot, family)
	if b.hasDeltas && p.shouldInflate(b, slot, family, limits) {
		b.inflate(p.chunk(family))
	}
	if b.hasDeltas {
		start, compressedLines := p.locateLines(b, slot, family, old)
		b.addDelta(slot, start, old, compressedLines, lines)
	} else {
		b.set(p.fingerprints.offset(slot, family), old, lines)
	}
	if p.loads != nil {
		p.loads.add(slot, family, b.lineCount-lineCount)
	}
	p.fingerprints.set(slot, family, of, len(lines))
	p.openBytes += b.memory() - before
}

// openBytesOf returns the memory of a family's open block.
func (p *page) openBytesOf(family int) int {
	if p.open == nil {
		return 0
	}
	return p.open[family].memory()
}

// writableBlock returns the writable open block of a family and creates one if there is none.
func (p *page) writableBlock(family int) *openBlock {
	if p.open == nil {
		p.open = make([]*openBlock, len(p.fingerprints.columns))
	}
	switch b := p.open[family]; {
	case b != nil:
		p.open[family] = b.writable()
	case p.table != nil:
		compressed := p.table.block(family)
		p.open[family] = &openBlock{hasDeltas: true, size: int(compressed.size), lineCount: int(compressed.lineCount)}
	default:
		p.open[family] = &openBlock{}
	}
	return p.open[family]
}

// deltaLimits are the limits of the deltas of a block.
type deltaLimits struct{ deltas, tinyText int }

// shouldInflate reports whether text is better for b than one more delta.
func (p *page) shouldInflate(b *openBlock, slot, family int, limits deltaLimits) bool {
	if int(p.table.block(family).size) <= limits.tinyText {
		return true
	}
	_, found := b.find(slot)
	return !found && len(b.deltas) >= limits.deltas
}

// locateLines returns the offset and the count of a slot's lines in the compressed text. length is
// that of the lines; b has the deltas so far.
func (p *page) locateLines(b *openBlock, slot, family, length int) (start, count int) {
	start = p.fingerprints.offset(slot, family)
	for i := range b.deltas {
		d := &b.deltas[i]
		if int(d.slot) >= slot {
			break
		}
		start += int(d.old) - p.fingerprints.length(int(d.slot), family)
	}
	if count = p.table.lineCount(family, slot, length); count == maxSlotLines {
		b := p.table.block(family)
		count = countLines(inflateText(nil, p.table.data(b), int(b.size))[start : start+length])
	}
	return start, count
}

// selectSlots returns the slots of objects in any of the namespaces.
func (p *page) selectSlots(namespaces []unique.Handle[string]) (selected uint64) {
	for slot, namespace := range p.namespaces {
		if p.used&(1<<slot) != 0 && slices.Contains(namespaces, namespace) {
			selected |= 1 << slot
		}
	}
	return selected
}

// clone returns an independent copy of p, whose open blocks must be shared.
func (p *page) clone() *page {
	p.shareFingerprints()
	c := *p
	c.uids = p.uids.clone()
	c.open, c.compacting = slices.Clone(p.open), 0
	c.loads = p.loads.clone()
	c.notes = p.notes.clone()
	return &c
}

// shareFingerprints marks the fingerprints as immutable.
func (p *page) shareFingerprints() {
	if !p.fingerprints.shared { // written once, for a holder may be reading
		p.fingerprints.shared = true
	}
}

// share marks the open blocks as immutable.
func (p *page) share() {
	for _, b := range p.open {
		b.share()
	}
}

// install puts the output of a compactor into the table. Blocks that have changed since capture
// stay open. It returns, by family, the compressed open blocks that have no other holder, nil if there
// are none.
func (p *page) install(c *compactor, o *options) (reusable []*openBlock) {
	p.compacting--
	if p.open == nil {
		return nil // another compactor was first
	}
	out := c.output.without(func(family int) bool { return p.open[family] != c.open[family] })
	if len(out.families) == 0 {
		return nil
	}
	if p.table == nil {
		p.table = &table{columns: make([]uint16, len(p.open))}
	}
	p.table = p.table.with(out, o)
	for _, family := range out.families {
		p.openBytes -= p.open[family].memory()
		if c.exclusive[family] && p.compacting == 0 {
			if reusable == nil {
				reusable = make([]*openBlock, len(p.open))
			}
			reusable[family] = p.open[family]
		}
		p.open[family] = nil
	}
	if !slices.ContainsFunc(p.open, func(b *openBlock) bool { return b != nil }) {
		p.open = nil
	}
	return reusable
}
