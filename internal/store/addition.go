package store

import "unique"

// BeginAddition starts a Staging of objects that Add adds to p. It shares nothing with p, which may
// change meanwhile.
func (p *Partition) BeginAddition() *Staging {
	empty := newPartition(p.families, p.options)
	if p.account != nil {
		empty.limit(p.account)
	}
	return empty.Begin()
}

// Add adds the objects of an addition in one step: a view has all of them or none. None may be in p.
// Present objects keep their slots and stay admitted. It calls Finish if the caller has not. s must
// not be used afterwards.
func (p *Partition) Add(s *Staging) {
	s.complete()
	p.mu.Lock()
	defer p.mu.Unlock()
	free := firstPages(p.groups())
	added := map[int]bool{}
	for n, pg := range s.next.pages {
		if pg == nil {
			continue
		}
		group := n % p.groups()
		at := free[group]
		for at < len(p.pages) && p.pages[at] != nil {
			at += p.groups()
		}
		free[group] = at
		p.growTo(at)
		p.pages[at] = pg
		added[at] = true
		pg.touched = p.ticks
		p.openBytes += pg.openBytes
		for slot := range pageSlots {
			if pg.used&(1<<slot) != 0 {
				p.index.put(pg.uids.key(slot), slotRefOf(at, slot))
			}
		}
		p.nonFull[group] = min(p.nonFull[group], at)
	}
	if p.account != nil {
		p.addSums(s, added)
	}
}

// addSums adds the sums of an addition in the given pages to those of p, and applies the budgets again if
// any sum or limit has changed since Finish.
func (p *Partition) addSums(s *Staging, added map[int]bool) {
	changed, left := p.changeSums(s, func() { p.sums.addAll(s.next.sums, 1) })
	if !changed || s.next.sums.withheldObjects == 0 && !left.exceeds() {
		return
	}
	want := make([]uint64, len(p.pages))
	for n, pg := range p.pages {
		if pg != nil && !p.isWithheld(n) && !added[n] {
			want[n] = pg.used
		}
	}
	p.rebalance(left, want, func() {})
}

// RemoveNamespaces removes the objects of namespaces in one step: a view has all of them or none.
// Otherwise it is like Retain.
func (p *Partition) RemoveNamespaces(names map[string]bool) {
	handles := make(map[unique.Handle[string]]bool, len(names))
	for name := range names {
		handles[unique.Make(name)] = true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for n, pg := range p.pages {
		if pg == nil {
			continue
		}
		for slot, namespace := range pg.namespaces {
			if pg.used&(1<<slot) != 0 && handles[namespace] {
				p.remove(slotRefOf(n, slot))
			}
		}
	}
}
