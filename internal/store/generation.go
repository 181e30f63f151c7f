package store

import "sync"

// A Generation is the next content of a part, built beside the present one from
// what of it is still true: text that has not changed stays packed as it is. It
// serves the goroutine of the part's source.
type Generation struct {
	next *Part
	seen []uint64 // by page and slot: has been set
	// packing are the pages being packed beside, packer the permission to.
	packing  sync.WaitGroup
	packer   chan struct{}
	finished bool
}

// sparePages is how many pages of text buffers a generation keeps: that of the page
// that is packed beside, and one more.
const sparePages = 2

// Begin starts the next generation of the part, as yet without objects. The
// part must not be written to before the generation has taken its place.
func (p *Part) Begin() *Generation {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := &Part{
		families:  p.families,
		pages:     make([]*page, len(p.pages)),
		roomy:     p.roomy,
		index:     p.index.clone(),
		ticks:     p.ticks,
		openBytes: p.openBytes,
		budget:    p.budget,
		spare:     spareBuffers{most: sparePages},
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
	at := g.next.set(r)
	if at == 0 {
		return false
	}
	g.finished = false
	for len(g.seen) <= at.page() {
		g.seen = append(g.seen, 0)
	}
	g.seen[at.page()] |= 1 << at.slot()
	// A page of which everything is known now will hardly be touched again
	// before it is seen: packing it keeps the whole from being open at once. Of a page
	// with an object that has been deleted that is known at the end.
	if pg := g.next.pages[at.page()]; pg.full() && g.seen[at.page()] == pg.used {
		g.pack(pg)
	}
	for _, pg := range g.next.overBudget() {
		g.next.packPage(pg)
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
			if pg != nil && g.isSeen(n, slot) && !keep(pg.uids.get(slot)) {
				g.seen[n] &^= 1 << slot
			}
		}
	}
}

func (g *Generation) isSeen(page, slot int) bool {
	return page < len(g.seen) && g.seen[page]&(1<<slot) != 0
}

// Finish removes the objects that were not set and packs the rest, a page at a time.
// It is for callers that hold a lock while they call Replace, which does not compress
// anything after it.
func (g *Generation) Finish() {
	g.packing.Wait()
	g.next.spare = spareBuffers{} // there are no more new pages
	for n := range g.next.pages {
		g.removeUnseen(n)
		if pg := g.next.pages[n]; pg != nil {
			g.next.packPage(pg)
		}
	}
	g.finished = true
}

// removeUnseen removes the objects of a page that were not set.
func (g *Generation) removeUnseen(n int) {
	pg := g.next.pages[n]
	for slot := range pageSlots {
		if pg != nil && pg.used&(1<<slot) != 0 && !g.isSeen(n, slot) {
			g.next.remove(placeOf(n, slot))
		}
	}
}

// Replace makes g the content of the part in one step: a view has all of the old
// content or all of the new. It finishes g if that has not been done. g must not be
// used afterwards.
func (p *Part) Replace(g *Generation) {
	if !g.finished {
		g.Finish()
	}
	for n := range g.next.pages {
		g.removeUnseen(n) // what was taken back since
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, pg := range p.pages {
		if pg != nil {
			pg.discard()
		}
	}
	p.pages, p.index, p.roomy = g.next.pages, g.next.index, g.next.roomy
	p.openBytes = g.next.openBytes
}
