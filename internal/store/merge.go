package store

import "math/bits"

// Merge fills p, which must have no objects and no readers, with copies of the pages of the given
// partitions, in order. The partitions stay independent of p; blocks are shared. No object may be
// in two partitions.
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
	for _, pg := range from.pages {
		if pg == nil {
			continue
		}
		pg.share()
		c := pg.clone()
		for used := c.used; used != 0; used &= used - 1 {
			slot := bits.TrailingZeros64(used)
			p.index.put(c.uids.key(slot), slotRefOf(len(p.pages), slot))
		}
		p.pages = append(p.pages, c)
		p.openBytes += c.openBytes
	}
}
