package store

import "sync"

// A Staging is a staging copy of a partition: the next content, built from a complete list
// beside the present content. It shares the blocks that do not change. One goroutine, that of
// the partition's source, uses it.
type Staging struct {
	next *Partition
	seen []uint64 // by page, slots set since Begin
	// compacting waits for the background compaction, of which compactor admits one.
	compacting sync.WaitGroup
	compactor  chan struct{}
	finished   bool
}

// sparePages is the length of the free list: the page of the background compaction and one
// more.
const sparePages = 2

// Begin starts a Staging, without objects. Set and Delete must not be called on the partition
// until Replace.
func (p *Partition) Begin() *Staging {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := &Partition{
		families:  p.families,
		pages:     make([]*page, len(p.pages)),
		nonFull:   p.nonFull,
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
	return &Staging{next: next, seen: make([]uint64, len(p.pages)), compactor: make(chan struct{}, 1)}
}

// Set is Partition.Set on the staging copy. Lines that r leaves out come from the present content
// if the object has not been set since Begin.
func (g *Staging) Set(r Rendered) bool {
	at := g.next.set(r)
	if at == 0 {
		return false
	}
	g.finished = false
	for len(g.seen) <= at.page() {
		g.seen = append(g.seen, 0)
	}
	g.seen[at.page()] |= 1 << at.slot()
	// A full page whose objects have all been set hardly changes again before Replace.
	// Whether an object has been deleted is known at the end: the budget bounds such pages.
	if pg := g.next.pages[at.page()]; pg.full() && g.seen[at.page()] == pg.used {
		g.compact(pg)
	}
	for _, pg := range g.next.overBudget() {
		g.next.compactPage(pg)
	}
	return true
}

// compact compacts a page in the background, or in the foreground if the background is busy:
// Set must not outrun compaction.
func (g *Staging) compact(pg *page) {
	select {
	case g.compactor <- struct{}{}:
		g.compacting.Go(func() {
			g.next.compactPage(pg)
			<-g.compactor
		})
	default:
		g.next.compactPage(pg)
	}
}

// Retain removes the objects that were set and for which keep returns false.
func (g *Staging) Retain(keep func(uid string) bool) {
	for n, pg := range g.next.pages {
		for slot := range pageSlots {
			if pg != nil && g.isSeen(n, slot) && !keep(pg.uids.get(slot)) {
				g.seen[n] &^= 1 << slot
			}
		}
	}
}

func (g *Staging) isSeen(page, slot int) bool {
	return page < len(g.seen) && g.seen[page]&(1<<slot) != 0
}

// Finish removes the objects that were not set and compacts the rest, page by page. After
// it, Replace compresses nothing and may be called under a lock.
func (g *Staging) Finish() {
	g.compacting.Wait()
	g.next.spare = spareBuffers{} // no pages are added any more
	for n := range g.next.pages {
		g.removeUnseen(n)
		if pg := g.next.pages[n]; pg != nil {
			g.next.compactPage(pg)
		}
	}
	g.finished = true
}

// Abandon waits for the background compaction of a staging copy that is not to be used.
func (g *Staging) Abandon() { g.compacting.Wait() }

// removeUnseen removes the objects of a page that were not set since Begin.
func (g *Staging) removeUnseen(n int) {
	pg := g.next.pages[n]
	for slot := range pageSlots {
		if pg != nil && pg.used&(1<<slot) != 0 && !g.isSeen(n, slot) {
			g.next.remove(slotRefOf(n, slot))
		}
	}
}

// Replace makes g the content of the partition in one step: a view has all of the old content or
// all of the new. It calls Finish if the caller has not. g must not be used afterwards.
func (p *Partition) Replace(g *Staging) {
	if !g.finished {
		g.Finish()
	}
	for n := range g.next.pages {
		g.removeUnseen(n) // removed by Retain since Finish
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, pg := range p.pages {
		if pg != nil {
			pg.discard()
		}
	}
	p.pages, p.index, p.nonFull = g.next.pages, g.next.index, g.next.nonFull
	p.openBytes = g.next.openBytes
}
