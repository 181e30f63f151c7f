package store

import (
	"slices"
	"sync"
)

// A Staging is a staging copy of a partition: the next content, built from a complete list
// beside the present content. The two share the blocks that do not change. Only the partition's
// writer uses a Staging.
type Staging struct {
	next *Partition
	seen []uint64 // by page, slots set since Begin
	// compacting waits for the background compaction; semaphore admits one.
	compacting sync.WaitGroup
	semaphore  chan struct{}
	finished   bool
	// changes and ownChanges are those of the account and of the staging copy at the last balance.
	changes, ownChanges uint64
}

// Begin starts a Staging, without objects. Set and Delete must not be called on the partition
// until Replace; Update may be, and the Staging lacks its changes.
func (p *Partition) Begin() *Staging {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := &Partition{
		options:   p.options,
		families:  p.families,
		pages:     make([]*page, len(p.pages)),
		nonFull:   slices.Clone(p.nonFull),
		index:     p.index.clone(),
		ticks:     p.ticks,
		openBytes: p.openBytes,
		budget:    p.budget,
		free:      freeList{limit: p.options.freePages},
		account:   p.account,
		base:      p,
	}
	if p.account != nil {
		p.account.mu.Lock()
		next.sums = p.sums.clone()
		p.account.mu.Unlock()
	}
	for n, pg := range p.pages {
		if pg != nil {
			pg.share()
			next.pages[n] = pg.clone()
		}
	}
	s := &Staging{next: next, seen: make([]uint64, len(p.pages)), semaphore: make(chan struct{}, 1)}
	next.moved = s.moved
	return s
}

// Set is Partition.Set on the staging copy. Lines that r leaves out are those of the present
// content if the object has not been set since Begin.
func (s *Staging) Set(r Rendered) bool {
	at := s.next.set(r)
	if at == 0 {
		return false
	}
	s.finished = false
	s.see(at)
	// A full page with all objects set hardly changes again before Replace. Other pages may
	// lose objects at the end; the budget bounds their open bytes.
	if pg := s.next.pages[at.page()]; s.next.isFull(pg) && s.seen[at.page()] == pg.used {
		s.compact(pg)
	}
	s.next.CompactExcess()
	return true
}

// Update is Partition.Update on the staging copy.
func (s *Staging) Update(r Rendered) {
	s.next.Update(r)
	s.finished = false
}

// see marks a slot as set.
func (s *Staging) see(at slotRef) {
	for len(s.seen) <= at.page() {
		s.seen = append(s.seen, 0)
	}
	s.seen[at.page()] |= 1 << at.slot()
}

// compact compacts a page in the background, or in the foreground if the background is busy,
// so that Set does not outrun compaction.
func (s *Staging) compact(pg *page) {
	select {
	case s.semaphore <- struct{}{}:
		s.compacting.Go(func() {
			s.next.compactPage(pg)
			<-s.semaphore
		})
	default:
		s.next.compactPage(pg)
	}
}

// Retain removes the objects that were set and for which keep returns false.
func (s *Staging) Retain(keep func(namespace, uid string) bool) {
	for n, pg := range s.next.pages {
		for slot := range pageSlots {
			if pg != nil && s.isSeen(n, slot) && !keep(pg.namespaces[slot].Value(), pg.uids.get(slot)) {
				s.seen[n] &^= 1 << slot
			}
		}
	}
}

func (s *Staging) isSeen(page, slot int) bool {
	return page < len(s.seen) && s.seen[page]&(1<<slot) != 0
}

// Finish removes the objects that were not set, applies the budgets, and compacts the others, page by
// page. After Finish, Replace compresses nothing and may be called under a lock.
func (s *Staging) Finish() {
	s.compacting.Wait()
	s.next.free = freeList{} // hardly a page is added from here on
	if s.next.account != nil {
		for n := range s.next.pages {
			s.removeUnseen(n)
		}
		s.balance()
	}
	for n := range s.next.pages {
		s.removeUnseen(n)
		if pg := s.next.pages[n]; pg != nil {
			s.next.compactPage(pg)
		}
	}
	s.finished = true
}

// Abandon waits for the background compaction of a Staging that will not be used.
func (s *Staging) Abandon() { s.compacting.Wait() }

// complete calls Finish if the caller has not, and removes the objects that Retain has removed since.
func (s *Staging) complete() {
	if !s.finished {
		s.Finish()
	}
	for n := range s.next.pages {
		s.removeUnseen(n)
	}
}

// removeUnseen removes the objects of a page that were not set since Begin.
func (s *Staging) removeUnseen(n int) {
	pg := s.next.pages[n]
	for slot := range pageSlots {
		if pg != nil && pg.used&(1<<slot) != 0 && !s.isSeen(n, slot) {
			s.next.remove(slotRefOf(n, slot))
		}
	}
}

// Replace makes s the content of the partition in one step: a view has all of the old content or
// all of the new. It calls Finish if the caller has not. s must not be used afterwards.
func (p *Partition) Replace(s *Staging) {
	s.complete()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, pg := range p.pages {
		if pg != nil {
			pg.discard()
		}
	}
	index := p.index
	p.replaced++
	p.pages, p.index, p.nonFull = s.next.pages, s.next.index, s.next.nonFull
	p.openBytes = s.next.openBytes
	if p.account != nil {
		p.replaceSums(s, index)
	}
}
