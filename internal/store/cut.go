package store

// Cut deletes the lines of objects from all families but those that kept marks, by family, and sets
// Input of their notes to 0. It ignores unknown uids. Cut may run beside the writer; it changes neither
// a Staging nor objects that are set meanwhile.
func (p *Partition) Cut(uids []string, kept []bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, uid := range uids {
		k := keyOf(uid)
		if at := p.index.find(&k); at != 0 {
			p.recharge(at, func() { p.cut(at, kept) })
		}
	}
}

func (p *Partition) cut(at slotRef, kept []bool) {
	pg, slot := p.pages[at.page()], at.slot()
	pg.notes.inputs[slot] = 0
	before := pg.openBytes
	if pg.cut(slot, kept, p.deltaLimits()) {
		pg.touched = p.ticks
		p.openBytes += pg.openBytes - before
	}
}

// cut deletes a slot's lines from families that are not kept; nil keeps none. It reports whether
// there were any.
func (p *page) cut(slot int, kept []bool, limits deltaLimits) (changed bool) {
	for family := range p.fingerprints.columns {
		if (kept == nil || !kept[family]) && p.fingerprints.fingerprint(slot, family) != (fingerprint{}) {
			p.change(slot, family, nil, fingerprint{}, limits)
			changed = true
		}
	}
	return changed
}

// CompactExcess compacts the heaviest pages if their open bytes are over budget, as many cuts leave
// them. It may run beside the writer.
func (p *Partition) CompactExcess() {
	for _, pg := range p.pagesOverBudget() {
		p.compactPage(pg)
	}
}

// Cut is Partition.Cut on the staging copy. The writer calls it.
func (s *Staging) Cut(uids []string, kept []bool) { s.next.Cut(uids, kept) }
