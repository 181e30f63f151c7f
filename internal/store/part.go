package store

import (
	"hash/maphash"
	"sync"
	"unique"
)

var seed = maphash.MakeSeed()

// hash is the hash of lines that fingerprints are cut from.
func hash(lines []byte) uint64 { return maphash.Bytes(seed, lines) }

// Rendered is the rendered series of an object.
type Rendered struct {
	UID string
	// Namespace selects the objects of a View.
	Namespace string
	// Text is the lines of all families in order; Ends are the offsets at which each
	// family ends.
	Text []byte
	Ends []int
	// Basis is the fingerprint of the input of the families in Kept; 0 if unknown.
	Basis uint64
	// Kept masks the families whose stored lines are unchanged and left out of Text; nil
	// if Text has all families.
	Kept []bool
}

// A Part is a partition of a resource: the objects of one source. Set, Delete, Begin and
// Replace have one writer, the source's goroutine. An object keeps its slot, so that
// consecutive responses have the same order.
type Part struct {
	families int

	mu      sync.Mutex
	pages   []*page // nil for a page without objects
	nonFull int     // no page before it has a free slot
	index   index
	ticks   uint64 // advances with each Pack
	// openBytes is the memory of the open blocks of all pages, budget its limit.
	openBytes, budget int
	// spare is a free list of text buffers for new pages. Only a Generation uses it.
	spare spareBuffers
}

func newPart(families int) *Part {
	return &Part{families: families, budget: maxOpenBytes, index: newIndex(0)}
}

// Set inserts or replaces an object. It changes nothing and returns false if r.Kept is set
// and r.Basis is not the stored fingerprint.
func (p *Part) Set(r Rendered) bool { return p.set(r) != 0 }

// set is Set that returns the object's slot reference, 0 for false.
func (p *Part) set(r Rendered) slotRef {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := keyOf(r.UID)
	at := p.index.find(&k)
	if r.Kept != nil && (at == 0 || r.Basis == 0 || r.Basis != p.basis(at)) {
		return 0
	}
	if at == 0 {
		at = p.takeSlot(&k)
	}
	pg, slot := p.pages[at.page()], at.slot()
	pg.namespaces[slot] = unique.Make(r.Namespace)
	pg.bases[slot] = r.Basis
	before := pg.openBytes
	if pg.set(slot, &r, p.maxDeltas()) {
		pg.touched = p.ticks
		p.openBytes += pg.openBytes - before
	}
	return at
}

// Basis returns the fingerprint stored with an object, 0 if there is none.
func (p *Part) Basis(uid []byte) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := keyOf(uid)
	if at := p.index.find(&k); at != 0 {
		return p.basis(at)
	}
	return 0
}

func (p *Part) basis(at slotRef) uint64 { return p.pages[at.page()].bases[at.slot()] }

// takeSlot assigns a free slot to a new object.
func (p *Part) takeSlot(k *key) slotRef {
	n := p.nonFullPage()
	pg := p.pages[n]
	slot := pg.freeSlot()
	pg.used |= 1 << slot
	pg.removed &^= 1 << slot // set replaces the removed object's lines
	pg.uids.set(slot, k)
	at := slotRefOf(n, slot)
	p.index.put(pg.uids.key(slot), at)
	return at
}

// nonFullPage returns the first page with a free slot and adds one if there is none.
func (p *Part) nonFullPage() int {
	for ; p.nonFull < len(p.pages); p.nonFull++ {
		switch pg := p.pages[p.nonFull]; {
		case pg == nil:
			p.pages[p.nonFull] = p.newPage()
			return p.nonFull
		case !pg.full():
			return p.nonFull
		}
	}
	p.pages = append(p.pages, p.newPage())
	return p.nonFull
}

func (p *Part) newPage() *page {
	pg := newPage(p.families, p.ticks)
	if pg.open = p.spare.take(); pg.open != nil {
		for _, b := range pg.open {
			pg.openBytes += b.held()
		}
		p.openBytes += pg.openBytes
	}
	return pg
}

// Has reports whether an object is stored.
func (p *Part) Has(uid string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := keyOf(uid)
	return p.index.find(&k) != 0
}

// Delete removes an object. It ignores an unknown uid.
func (p *Part) Delete(uid string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := keyOf(uid)
	if at := p.index.find(&k); at != 0 {
		p.remove(at)
		p.purge(p.pages[at.page()])
	}
}

// remove frees the slot of an object and leaves its lines in the blocks until purge. Views
// skip them.
func (p *Part) remove(at slotRef) {
	pg, slot := p.pages[at.page()], at.slot()
	p.index.remove(pg.uids.key(slot))
	p.nonFull = min(p.nonFull, at.page())
	pg.uids.remove(slot)
	pg.used &^= 1 << slot
	pg.removed |= 1 << slot
	if pg.empty() {
		p.pages[at.page()] = nil
		p.openBytes -= pg.openBytes
		pg.discard()
	}
}

// purge deletes the lines of removed objects from a page. pg may be nil.
func (p *Part) purge(pg *page) {
	if pg == nil || pg.removed == 0 {
		return
	}
	before := pg.openBytes
	pg.purge(p.maxDeltas())
	pg.touched = p.ticks
	p.openBytes += pg.openBytes - before
}

// Retain removes the objects for which keep returns false. It compresses nothing: views
// skip the removed objects at once, and the next Pack deletes their lines. Retain may run
// beside the writer; it does not filter a Generation or objects that are set meanwhile.
func (p *Part) Retain(keep func(uid string) bool) {
	for n := 0; p.retainPage(n, keep); n++ {
	}
}

// retainPage is Retain for the n-th page. It reports whether that page exists.
func (p *Part) retainPage(n int, keep func(uid string) bool) bool {
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
func (p *Part) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.index.len()
}
