package store

import (
	"hash/maphash"
	"maps"
	"slices"
	"sync"
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
	index map[string]place
	ticks uint64 // goes on with each round of packing
}

// place is where an object is.
type place struct{ page, slot int32 }

func newPart(families int) *Part {
	return &Part{families: families, index: map[string]place{}}
}

// Set stores the text of an object, in place of what was there for its uid. It does
// nothing, and is false, if lines are to be kept of which the basis is another or
// not known.
func (p *Part) Set(r Rendered) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, ok := p.index[r.UID]
	if r.Kept != nil && (!ok || r.Basis == 0 || r.Basis != p.basis(at)) {
		return false
	}
	if !ok {
		at = p.takePlace(r.UID)
	}
	pg, slot := p.pages[at.page], int(at.slot)
	pg.namespaces[slot], pg.bases[slot] = r.Namespace, r.Basis
	if pg.set(slot, &r) {
		pg.touched = p.ticks
	}
	return true
}

// Basis is that of the text of an object, 0 if it is not known or there is no text.
func (p *Part) Basis(uid []byte) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at, ok := p.index[string(uid)]; ok {
		return p.basis(at)
	}
	return 0
}

func (p *Part) basis(at place) uint64 { return p.pages[at.page].bases[at.slot] }

// takePlace finds a place for a new object.
func (p *Part) takePlace(uid string) place {
	n := p.roomyPage()
	slot := p.pages[n].freeSlot()
	p.pages[n].used |= 1 << slot
	p.pages[n].uids[slot] = uid
	at := place{int32(n), int32(slot)}
	p.index[uid] = at
	return at
}

// roomyPage is the first page with room, made if there is none.
func (p *Part) roomyPage() int {
	for ; p.roomy < len(p.pages); p.roomy++ {
		switch pg := p.pages[p.roomy]; {
		case pg == nil:
			p.pages[p.roomy] = newPage(p.families, p.ticks)
			return p.roomy
		case !pg.full():
			return p.roomy
		}
	}
	p.pages = append(p.pages, newPage(p.families, p.ticks))
	return p.roomy
}

// Has says whether there is text of an object.
func (p *Part) Has(uid string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.index[uid]
	return ok
}

// Delete forgets an object. It does nothing for a uid that is not stored.
func (p *Part) Delete(uid string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at, ok := p.index[uid]; ok {
		p.remove(uid, at)
	}
}

func (p *Part) remove(uid string, at place) {
	pg := p.pages[at.page]
	pg.used &^= 1 << at.slot
	delete(p.index, uid)
	p.roomy = min(p.roomy, int(at.page))
	if pg.empty() {
		p.pages[at.page] = nil
		return
	}
	pg.uids[at.slot], pg.namespaces[at.slot] = "", ""
	pg.clear(int(at.slot))
	pg.touched = p.ticks
}

// Retain forgets the objects of which keep says false, a page at a time. It may be
// called at any time: a generation that is being built, and objects that are set
// meanwhile, are left to the caller.
func (p *Part) Retain(keep func(uid string) bool) {
	for n := 0; ; n++ {
		pg, more := p.retainPage(n, keep)
		if !more {
			return
		}
		if pg != nil {
			p.packPage(pg) // text that is open takes many times the memory
		}
	}
}

// retainPage is Retain for the n-th page. It gives that if it has changed and is
// still there, and says whether there may be more.
func (p *Part) retainPage(n int, keep func(uid string) bool) (changed *page, more bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n >= len(p.pages) {
		return nil, false
	}
	pg := p.pages[n]
	if pg == nil {
		return nil, true
	}
	for slot := range pageSlots {
		if uid := pg.uids[slot]; pg.used&(1<<slot) != 0 && !keep(uid) {
			p.remove(uid, place{int32(n), int32(slot)})
			changed = p.pages[n]
		}
	}
	return changed, true
}

// A Generation is the next content of a part, built beside the present one from
// what of it is still true: text that has not changed stays packed as it is. It
// serves the goroutine of the part's source.
type Generation struct {
	next *Part
	seen []uint64 // by page and slot: has been set
	// packing are the pages being packed beside, packer the permission to.
	packing sync.WaitGroup
	packer  chan struct{}
}

// Begin starts the next generation of the part, as yet without objects. The
// part must not be written to before the generation has taken its place.
func (p *Part) Begin() *Generation {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := &Part{
		families: p.families,
		pages:    make([]*page, len(p.pages)),
		roomy:    p.roomy,
		index:    maps.Clone(p.index),
		ticks:    p.ticks,
	}
	for n, pg := range p.pages {
		if pg != nil {
			pg.share()
			next.pages[n] = pg.clone()
		}
	}
	return &Generation{next: next, seen: make([]uint64, len(p.pages)), packer: make(chan struct{}, 1)}
}

// Set is Part.Set on the generation. What is kept is of the present content, if the
// object was not set before.
func (g *Generation) Set(r Rendered) bool {
	if !g.next.Set(r) {
		return false
	}
	at := g.next.index[r.UID]
	for len(g.seen) <= int(at.page) {
		g.seen = append(g.seen, 0)
	}
	g.seen[at.page] |= 1 << at.slot
	// A page of which everything is known now will hardly be touched again
	// before it is seen: packing it keeps the whole from being open at once.
	if pg := g.next.pages[at.page]; pg.full() && g.seen[at.page] == pg.used {
		g.pack(pg)
	}
	return true
}

// pack packs a page while more objects are set, or at once if another is being
// packed: setting is to be no quicker than packing.
func (g *Generation) pack(pg *page) {
	select {
	case g.packer <- struct{}{}:
		g.packing.Go(func() {
			g.next.packPage(pg)
			<-g.packer
		})
	default:
		g.next.packPage(pg)
	}
}

// Retain takes back objects that were set and of which keep says false.
func (g *Generation) Retain(keep func(uid string) bool) {
	for n, pg := range g.next.pages {
		for slot := range pageSlots {
			if g.isSeen(n, slot) && !keep(pg.uids[slot]) {
				g.seen[n] &^= 1 << slot
			}
		}
	}
}

func (g *Generation) isSeen(page, slot int) bool {
	return page < len(g.seen) && g.seen[page]&(1<<slot) != 0
}

// Replace makes g the content of the part in one step: a view has all of the old
// content or all of the new. g must not be used afterwards.
func (p *Part) Replace(g *Generation) {
	g.packing.Wait()
	for n, pg := range g.next.pages {
		if pg == nil {
			continue
		}
		for slot := range pageSlots {
			if pg.used&(1<<slot) != 0 && !g.isSeen(n, slot) {
				g.next.remove(pg.uids[slot], place{int32(n), int32(slot)})
			}
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pages, p.index, p.roomy = g.next.pages, g.next.index, g.next.roomy
}

// Len is the number of objects stored.
func (p *Part) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.index)
}

// Times and amounts that decide when open blocks are packed. A block that is
// changed again soon is better left open: opening and packing it costs more than
// the change. Memory bounds how much may be open.
const (
	quietTicks   = 5
	maxOpenBytes = 24 << 20
)

// Pack packs the open blocks of pages that have been quiet for some rounds, or
// of all but the last round's if too much is open. It is to be called about once
// a second, by one goroutine.
func (p *Part) Pack() {
	for _, pg := range p.quietPages() {
		p.packPage(pg)
	}
}

func (p *Part) quietPages() []*page {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ticks++
	var opened []*page
	open := 0
	for _, pg := range p.pages {
		if pg != nil && pg.opened {
			opened = append(opened, pg)
			open += pg.openBytes()
		}
	}
	quiet := uint64(quietTicks)
	if open > maxOpenBytes {
		quiet = 2
	}
	return slices.DeleteFunc(opened, func(pg *page) bool { return p.ticks-pg.touched < quiet })
}

// packPage packs the open blocks of a page, without a lock while it compresses.
// Blocks that change meanwhile stay open.
func (p *Part) packPage(pg *page) {
	p.mu.Lock()
	pg.share()
	blocks := slices.Clone(pg.blocks)
	p.mu.Unlock()

	for i, b := range blocks {
		if b == nil || !b.open {
			continue
		}
		packed := b.packed()
		p.mu.Lock()
		if pg.blocks[i] == b {
			pg.blocks[i] = packed
		}
		p.mu.Unlock()
	}

	p.mu.Lock()
	defer p.mu.Unlock()
	pg.opened = slices.ContainsFunc(pg.blocks, (*block).isOpen)
}
