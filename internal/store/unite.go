package store

// Unite fills p, which must have no objects and no readers, with copies of the pages of the
// given partitions, in order. The partitions stay independent of p. Blocks are shared and not copied.
// No object may be in two partitions.
func (p *Partition) Unite(parts ...*Partition) {
	for _, o := range parts {
		p.take(o)
	}
}

// take adds the pages of another partition. It leaves out pages without objects, so that repeated
// unions do not accumulate them.
func (p *Partition) take(o *Partition) {
	o.mu.Lock()
	defer o.mu.Unlock()
	p.ticks = max(p.ticks, o.ticks) // touched must not be later
	for _, pg := range o.pages {
		if pg == nil {
			continue
		}
		pg.share()
		own := pg.clone()
		p.pages = append(p.pages, own)
		p.openBytes += own.openBytes
		p.enter(len(p.pages) - 1)
	}
}

// enter indexes the objects of a page.
func (p *Partition) enter(n int) {
	pg := p.pages[n]
	for slot := range pageSlots {
		if pg.used&(1<<slot) == 0 {
			continue
		}
		p.index.put(pg.uids.key(slot), slotRefOf(n, slot))
	}
}
