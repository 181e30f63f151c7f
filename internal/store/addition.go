package store

import "unique"

// BeginAddition starts a Staging of objects that Add adds to p. It shares nothing with p, which may
// change meanwhile.
func (p *Partition) BeginAddition() *Staging { return newPartition(p.families, p.options).Begin() }

// Add adds the objects of an addition in one step: a view has all of them or none. None may be in p.
// Present objects keep their slots. It calls Finish if the caller has not. s must not be used
// afterwards.
func (p *Partition) Add(s *Staging) {
	s.complete()
	p.mu.Lock()
	defer p.mu.Unlock()
	free := make([]int, p.classes())
	for class := range free {
		free[class] = class
	}
	for n, pg := range s.next.pages {
		if pg == nil {
			continue
		}
		class := n % p.classes()
		at := free[class]
		for at < len(p.pages) && p.pages[at] != nil {
			at += p.classes()
		}
		free[class] = at
		p.growTo(at)
		p.pages[at] = pg
		pg.touched = p.ticks
		p.openBytes += pg.openBytes
		for slot := range pageSlots {
			if pg.used&(1<<slot) != 0 {
				p.index.put(pg.uids.key(slot), slotRefOf(at, slot))
			}
		}
		p.nonFull[class] = min(p.nonFull[class], at)
	}
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
