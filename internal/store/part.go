package store

import (
	"hash/maphash"
	"sync"
	"unique"
)

var seed = maphash.MakeSeed()

// hash tells lines apart.
func hash(lines []byte) uint64 { return maphash.Bytes(seed, lines) }

// Rendered is the text of an object.
type Rendered struct {
	UID string
	// Namespace is what readers can choose objects by.
	Namespace string
	// Text is the lines of all families, in their order; Ends are its lengths
	// after each family.
	Text []byte
	Ends []int
	// Basis stands for what the lines of some families were made from, those that
	// Kept has; 0 if that is not known.
	Basis uint64
	// Kept says of each family whether its lines stay as they are, and r has none; nil
	// if all are given.
	Kept []bool
}

// A Part is what one source knows of a resource. Set, Delete, Begin and Replace
// are for one goroutine at a time, that of the source. Objects keep their place,
// so that an answer is in the same order as the one before.
type Part struct {
	families int

	mu    sync.Mutex
	pages []*page // nil where there are no objects
	roomy int     // no page before has room
	index index
	ticks uint64 // goes on with each round of packing
	// openBytes is what is open in all pages, budget how much may be.
	openBytes, budget int
	// spare is text buffers of packed pages, by family, for the next new page. Only a
	// generation keeps any.
	spare spareBuffers
}

func newPart(families int) *Part {
	return &Part{families: families, budget: maxOpenBytes, index: newIndex(0)}
}

// Set stores the text of an object, in place of what was there for its uid. It does
// nothing, and is false, if lines are to be kept of which the basis is another or
// not known.
func (p *Part) Set(r Rendered) bool { return p.set(r) != 0 }

// set is Set. It gives the object's place, 0 in place of false.
func (p *Part) set(r Rendered) place {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := keyOf(r.UID)
	at := p.index.find(&k)
	if r.Kept != nil && (at == 0 || r.Basis == 0 || r.Basis != p.basis(at)) {
		return 0
	}
	if at == 0 {
		at = p.takePlace(&k)
	}
	pg, slot := p.pages[at.page()], at.slot()
	pg.namespaces[slot] = unique.Make(r.Namespace)
	pg.bases[slot] = r.Basis
	before := pg.openBytes
	if pg.set(slot, &r, p.maxEdits()) {
		pg.touched = p.ticks
		p.openBytes += pg.openBytes - before
	}
	return at
}

// Basis is that of the text of an object, 0 if it is not known or there is no text.
func (p *Part) Basis(uid []byte) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := keyOf(uid)
	if at := p.index.find(&k); at != 0 {
		return p.basis(at)
	}
	return 0
}

func (p *Part) basis(at place) uint64 { return p.pages[at.page()].bases[at.slot()] }

// takePlace finds a place for a new object.
func (p *Part) takePlace(k *key) place {
	n := p.roomyPage()
	pg := p.pages[n]
	slot := pg.freeSlot()
	pg.used |= 1 << slot
	pg.removed &^= 1 << slot // the object's lines replace the others
	pg.uids.set(slot, k)
	at := placeOf(n, slot)
	p.index.put(pg.uids.key(slot), at)
	return at
}

// roomyPage is the first page with room, made if there is none.
func (p *Part) roomyPage() int {
	for ; p.roomy < len(p.pages); p.roomy++ {
		switch pg := p.pages[p.roomy]; {
		case pg == nil:
			p.pages[p.roomy] = p.newPage()
			return p.roomy
		case !pg.full():
			return p.roomy
		}
	}
	p.pages = append(p.pages, p.newPage())
	return p.roomy
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

// Has says whether there is text of an object.
func (p *Part) Has(uid string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := keyOf(uid)
	return p.index.find(&k) != 0
}

// Delete forgets an object. It does nothing for a uid that is not stored.
func (p *Part) Delete(uid string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := keyOf(uid)
	if at := p.index.find(&k); at != 0 {
		p.remove(at)
		p.purge(p.pages[at.page()])
	}
}

// remove removes an object and leaves its lines in the page's blocks, where views skip
// them.
func (p *Part) remove(at place) {
	pg, slot := p.pages[at.page()], at.slot()
	p.index.remove(pg.uids.key(slot))
	p.roomy = min(p.roomy, at.page())
	pg.uids.remove(slot)
	pg.used &^= 1 << slot
	pg.removed |= 1 << slot
	if pg.empty() {
		p.pages[at.page()] = nil
		p.openBytes -= pg.openBytes
		pg.discard()
	}
}

// purge deletes the lines of removed objects from a page, if there is one.
func (p *Part) purge(pg *page) {
	if pg == nil || pg.removed == 0 {
		return
	}
	before := pg.openBytes
	pg.purge(p.maxEdits())
	pg.touched = p.ticks
	p.openBytes += pg.openBytes - before
}

// Retain removes the objects of which keep says false, a page at a time. It does not
// compress: the next Pack deletes their lines, which views skip until then. It may be
// called at any time: a generation that is being built, and objects that are set
// meanwhile, are left to the caller.
func (p *Part) Retain(keep func(uid string) bool) {
	for n := 0; p.retainPage(n, keep); n++ {
	}
}

// retainPage is Retain for the n-th page. It says whether there is one.
func (p *Part) retainPage(n int, keep func(uid string) bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n >= len(p.pages) {
		return false
	}
	pg := p.pages[n]
	for slot := range pageSlots {
		if pg != nil && pg.used&(1<<slot) != 0 && !keep(pg.uids.get(slot)) {
			p.remove(placeOf(n, slot))
		}
	}
	return true
}

// Len is the number of objects stored.
func (p *Part) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.index.len()
}
