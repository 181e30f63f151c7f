package store

import (
	"math/bits"
	"slices"
)

// ends returns, by group, the index behind the last page with objects.
func (p *Partition) ends() []int {
	ends := firstPages(p.groups())
	for n, pg := range p.pages {
		if pg != nil {
			ends[n%p.groups()] = n + p.groups()
		}
	}
	return ends
}

// Merge fills p, which must have no objects and no readers, with copies of the pages of the given
// partitions, in order. All have the same classes and budgeted families. The partitions stay
// independent of p; blocks are shared. No object may be in two partitions. Objects stay admitted or
// withheld until Balance.
func (p *Partition) Merge(partitions ...*Partition) {
	for _, from := range partitions {
		p.mergePages(from)
	}
}

// mergePages adds the pages of another partition, except pages without objects, so that repeated
// merges do not accumulate them.
func (p *Partition) mergePages(from *Partition) {
	from.mu.Lock()
	defer from.mu.Unlock()
	p.ticks = max(p.ticks, from.ticks) // no page may have been touched later
	next := p.ends()
	for n, pg := range from.pages {
		if pg == nil {
			continue
		}
		pg.share()
		c := pg.clone()
		at := &next[n%p.groups()]
		for used := c.used; used != 0; used &= used - 1 {
			slot := bits.TrailingZeros64(used)
			p.index.put(c.uids.key(slot), slotRefOf(*at, slot))
		}
		p.growTo(*at)
		p.pages[*at] = c
		p.chargePage(*at)
		*at += p.groups()
		p.openBytes += c.openBytes
	}
}

// chargePage charges the objects of a page. Balance may have to withhold some.
func (p *Partition) chargePage(n int) {
	if p.account == nil {
		return
	}
	for used := p.pages[n].used; used != 0; used &= used - 1 {
		e := p.entry(slotRefOf(n, bits.TrailingZeros64(used)))
		p.charge(nil, &e)
	}
	p.account.recheck(slices.Repeat([]bool{true}, p.account.columns.width()), true)
}
