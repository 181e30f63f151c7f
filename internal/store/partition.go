package store

import (
	"hash/maphash"
	"math/bits"
	"sync"
	"unique"
)

var seed = maphash.MakeSeed()

// hash returns the hash of lines, which fingerprints are cut from.
func hash(lines []byte) uint64 { return maphash.Bytes(seed, lines) }

// Rendered is the rendered series of an object.
type Rendered struct {
	UID string
	// Namespace selects the objects of a View.
	Namespace string
	// Text is the lines of all families in order; Ends are the offsets of their ends.
	Text []byte
	Ends []int
	Note Note
	// Created is the creation time in Unix seconds, by which budgets choose.
	Created int64
	// Unchanged marks the families that Text leaves out: their stored lines stay. It is nil if
	// Text has all families.
	Unchanged []bool
}

// A Partition is a partition of a resource: the objects of one source. Set, Delete, Begin and
// Replace have one writer, the source's goroutine. An object keeps its slot, so that
// consecutive responses have the same order.
type Partition struct {
	options  *options
	families int

	mu      sync.Mutex
	pages   []*page // nil for a page without objects; page n has objects of group n modulo groups()
	nonFull []int   // by group, the index before which no page of the group has a free slot
	index   index
	ticks   uint64 // advances with each Compact
	// openBytes is the memory of the open blocks of all pages, budget its limit.
	openBytes, budget int
	free              freeList // of a Staging
	// account is that of the resource, nil without budgets. sums are the partition's own; base is
	// the partition of a Staging.
	account  *account
	sums     *sums
	base     *Partition
	replaced uint64                 // counts calls of Replace
	moves    uint64                 // counts calls of move
	moved    func(from, to slotRef) // called after a move between pages; may be nil
	scratch  load
}

func newPartition(families int, o *options) *Partition {
	return &Partition{options: o, families: families, budget: o.minBudget, index: newIndex(0), nonFull: firstPages(o.classes)}
}

// firstPages returns, by group, the index of the first page.
func firstPages(groups int) []int {
	first := make([]int, groups)
	for group := range first {
		first[group] = group
	}
	return first
}

// Set inserts or replaces an object. It changes nothing and returns false if r.Unchanged is set
// and r.Note.Input is not that of the stored note.
func (p *Partition) Set(r Rendered) bool { return p.set(r) != 0 }

// set is Set that returns the object's slot reference, 0 for false.
func (p *Partition) set(r Rendered) slotRef {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := keyOf(r.UID)
	at := p.index.find(&k)
	if r.Unchanged != nil && (at == 0 || r.Note.Input == 0 || r.Note.Input != p.input(at)) {
		return 0
	}
	if at == 0 {
		at = p.allocateSlot(&k, p.groupOf(&k, &r))
		p.fill(at, &r)
	} else {
		p.recharge(at, func() { p.fill(at, &r) })
	}
	return at
}

// fill puts an object into its slot.
func (p *Partition) fill(at slotRef, r *Rendered) {
	pg, slot := p.pages[at.page()], at.slot()
	pg.namespaces[slot] = unique.Make(r.Namespace)
	pg.notes.set(slot, r.Note)
	if pg.loads != nil {
		pg.loads.created[slot] = r.Created
	}
	p.change(at, r)
}

// change replaces the lines of an object.
func (p *Partition) change(at slotRef, r *Rendered) {
	pg := p.pages[at.page()]
	before := pg.openBytes
	if pg.set(at.slot(), r, p.deltaLimits()) {
		pg.touched = p.ticks
		p.openBytes += pg.openBytes - before
	}
}

// Update replaces the lines of an object, except those of families in r.Unchanged, whatever their
// input. It ignores an unknown uid, and may run beside the writer.
func (p *Partition) Update(r Rendered) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := keyOf(r.UID)
	if at := p.index.find(&k); at != 0 {
		p.recharge(at, func() { p.change(at, &r) })
	}
}

// allocateSlot assigns a free slot of a group of pages to a new object.
func (p *Partition) allocateSlot(k *key, group int) slotRef {
	n := p.nonFullPage(group)
	pg := p.pages[n]
	slot := pg.freeSlot()
	pg.used |= 1 << slot
	pg.removed &^= 1 << slot // set replaces the removed object's lines
	pg.uids.set(slot, k)
	at := slotRefOf(n, slot)
	p.index.put(pg.uids.key(slot), at)
	return at
}

// classes returns the number of classes of objects.
func (p *Partition) classes() int { return p.options.classes }

// groups returns the number of groups of pages: one for each class, and with budgets one more, of the
// withheld objects of all classes.
func (p *Partition) groups() int {
	if p.account == nil {
		return p.options.classes
	}
	return p.options.classes + 1
}

// nonFullPage returns the first page of a group with a free slot and adds one if there is none.
func (p *Partition) nonFullPage(group int) int {
	n := p.nonFull[group]
	for n < len(p.pages) && p.pages[n] != nil && p.isFull(p.pages[n]) {
		n += p.groups()
	}
	p.nonFull[group] = n
	p.growTo(n)
	if p.pages[n] == nil {
		p.pages[n] = p.newPage()
	}
	return n
}

// growTo adds pages without objects up to the n-th.
func (p *Partition) growTo(n int) {
	for len(p.pages) <= n {
		p.pages = append(p.pages, nil)
	}
}

func (p *Partition) isFull(pg *page) bool { return bits.OnesCount64(pg.used) >= p.options.slots }

// deltaLimits returns the present limits of deltas.
func (p *Partition) deltaLimits() deltaLimits {
	if p.openBytes > p.budget {
		return deltaLimits{p.options.maxDeltasOverBudget, p.options.tinyText}
	}
	return deltaLimits{p.options.maxDeltas, p.options.tinyText}
}

func (p *Partition) newPage() *page {
	pg := newPage(p.families, p.ticks)
	if p.account != nil {
		pg.loads = newPageLoads(p.account.columns)
	}
	if pg.open = p.free.get(); pg.open != nil {
		for _, b := range pg.open {
			pg.openBytes += b.memory()
		}
		p.openBytes += pg.openBytes
	}
	return pg
}

// Has reports whether an object is stored.
func (p *Partition) Has(uid string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := keyOf(uid)
	return p.index.find(&k) != 0
}

// Delete removes an object. It ignores an unknown uid.
func (p *Partition) Delete(uid string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := keyOf(uid)
	if at := p.index.find(&k); at != 0 {
		p.remove(at)
		p.purge(p.pages[at.page()])
	}
}

// remove removes an object. Its lines stay in the blocks until purge; views skip them.
func (p *Partition) remove(at slotRef) {
	if p.account != nil {
		e := p.entry(at)
		p.charge(&e, nil)
	}
	p.release(at)
}

// release frees the slot of an object that is removed or moved.
func (p *Partition) release(at slotRef) {
	pg, slot := p.pages[at.page()], at.slot()
	p.index.remove(pg.uids.key(slot))
	group := at.page() % p.groups()
	p.nonFull[group] = min(p.nonFull[group], at.page())
	pg.uids.remove(slot)
	pg.notes.set(slot, Note{})
	pg.used &^= 1 << slot
	pg.removed |= 1 << slot
	if pg.empty() {
		p.pages[at.page()] = nil
		p.openBytes -= pg.openBytes
		pg.discard()
	}
}

// purge deletes the lines of removed objects from a page. pg may be nil.
func (p *Partition) purge(pg *page) {
	if pg == nil || pg.removed == 0 {
		return
	}
	before := pg.openBytes
	pg.purge(p.deltaLimits())
	pg.touched = p.ticks
	p.openBytes += pg.openBytes - before
}

// Retain removes the objects for which keep returns false. It compresses nothing: views skip the
// removed objects at once, and the next Compact deletes their lines. Retain may run beside the
// writer; it filters neither a Staging nor objects that are set meanwhile.
func (p *Partition) Retain(keep func(uid string) bool) {
	for n := 0; p.retainPage(n, keep); n++ {
	}
}

// retainPage is Retain for the n-th page. It reports whether that page exists.
func (p *Partition) retainPage(n int, keep func(uid string) bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n >= len(p.pages) {
		return false
	}
	pg := p.pages[n]
	for slot := range pageSlots {
		if pg != nil && pg.used&(1<<slot) != 0 && !keep(pg.uids.get(slot)) {
			p.remove(slotRefOf(n, slot))
		}
	}
	return true
}

// Len returns the number of objects.
func (p *Partition) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.index.len()
}
