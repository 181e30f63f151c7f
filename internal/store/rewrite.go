package store

import "slices"

// Owners are a set.
type Owners map[*Owner]bool

// Rewrite replaces the lines of a family of all objects of some owners. rewrite gets an object's lines,
// and appends their replacement to dst. Objects without lines of the family stay without. Rewrite may run
// beside the writer, which must not set objects of these owners meanwhile.
func (p *Partition) Rewrite(family int, owners Owners, rewrite func(dst, lines []byte, owner *Owner) []byte) {
	w := rewriter{family: family, owners: owners, rewrite: rewrite}
	w.rendered.Ends, w.rendered.Unchanged = make([]int, p.families), slices.Repeat([]bool{true}, p.families)
	w.rendered.Unchanged[family] = false
	for {
		moves := p.countMoves()
		for n := 0; w.page(p, n); n++ {
		}
		if p.countMoves() == moves {
			return
		}
	}
}

// countMoves returns how often objects have been moved between pages.
func (p *Partition) countMoves() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.moves
}

// Rewrite is Partition.Rewrite on the staging copy. The writer calls it.
func (s *Staging) Rewrite(family int, owners Owners, rewrite func(dst, lines []byte, owner *Owner) []byte) {
	s.next.Rewrite(family, owners, rewrite)
	s.finished = false
}

// A rewriter has the arguments and the scratch memory of Rewrite.
type rewriter struct {
	family        int
	owners        Owners
	rewrite       func(dst, lines []byte, owner *Owner) []byte
	rendered      Rendered
	text, scratch []byte
}

// page rewrites the lines of the n-th page. It reports whether that page exists.
func (w *rewriter) page(p *Partition, n int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n >= len(p.pages) {
		return false
	}
	pg := p.pages[n]
	if pg == nil {
		return true
	}
	c, slots := pg.chunk(w.family), pg.ofOwners(w.owners)
	if c.size == 0 || slots == 0 {
		return true
	}
	w.text = c.appendAll(w.text[:0], &w.scratch)
	rest := w.text
	for slot := range pageSlots {
		lines := rest[:pg.fingerprints.length(slot, w.family)]
		rest = rest[len(lines):]
		if len(lines) == 0 || slots&(1<<slot) == 0 {
			continue
		}
		r := &w.rendered
		r.Text = w.rewrite(r.Text[:0], lines, pg.notes.owners.get(slot))
		for family := w.family; family < len(r.Ends); family++ {
			r.Ends[family] = len(r.Text)
		}
		at := slotRefOf(n, slot)
		p.recharge(at, func() { p.change(at, r) })
	}
	return true
}

// ofOwners returns the slots of objects of the given owners.
func (p *page) ofOwners(owners Owners) (slots uint64) {
	if p.notes.owners == nil {
		return 0
	}
	var last *Owner // neighbours often have one owner, and free slots have none
	found := false
	for slot, owner := range p.notes.owners {
		if owner != last {
			last, found = owner, owner != nil && owners[owner]
		}
		if found {
			slots |= 1 << slot
		}
	}
	return slots
}

// AddOwners adds the owners of all objects to a set, which may contain nil afterwards.
func (p *Partition) AddOwners(to Owners) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, pg := range p.pages {
		if pg == nil || pg.notes.owners == nil {
			continue
		}
		var last *Owner
		for _, owner := range pg.notes.owners { // nil in free slots
			if owner != last {
				last, to[owner] = owner, true
			}
		}
	}
}
