package store

// Unite makes p, which has no objects and no readers yet, hold what all the given
// parts do, in their order. Those stay as they are: their readers and writers, as far
// as there are any left, may go on, and p does not see what changes there afterwards.
// What is packed is shared and not copied. No object may be in two of them.
func (p *Part) Unite(parts ...*Part) {
	for _, o := range parts {
		p.take(o)
	}
}

// take adds the pages of another part. Those without objects are left out, so that
// there are no more than objects however often parts are united.
func (p *Part) take(o *Part) {
	o.mu.Lock()
	defer o.mu.Unlock()
	p.ticks = max(p.ticks, o.ticks) // no page was touched in the future
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

// enter notes the objects of a page that comes from another part.
func (p *Part) enter(n int) {
	pg := p.pages[n]
	for slot := range pageSlots {
		if pg.used&(1<<slot) == 0 {
			continue
		}
		p.index.put(pg.uids.key(slot), placeOf(n, slot))
	}
}
