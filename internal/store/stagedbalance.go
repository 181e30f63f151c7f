package store

import (
	"math/bits"
	"slices"
)

// moved marks the new slot of an object as set.
func (s *Staging) moved(from, to slotRef) {
	s.seen[from.page()] &^= 1 << from.slot()
	s.see(to)
}

// balance has the objects compete by age that the partition has not admitted. Those that it has
// admitted stay.
func (s *Staging) balance() {
	p := s.next
	a := p.account
	a.mu.Lock()
	s.changes = a.changes
	left := a.clone()
	left.addAll(p.base.sums, -1)
	left.addAll(p.sums, 1)
	a.mu.Unlock()
	defer func() { s.ownChanges = p.sums.changes }()
	if p.sums.withheldObjects == 0 && !left.exceeds() {
		return
	}
	want := make([]uint64, len(p.pages))
	for n, pg := range p.pages {
		if pg != nil {
			p.base.mu.Lock()
			want[n] = p.base.admittedOf(&p.base.index, pg)
			p.base.mu.Unlock()
		}
	}
	p.rebalance(left, want, p.CompactExcess)
}

// admittedOf returns the slots of a page whose objects p has admitted, by an index of p.
func (p *Partition) admittedOf(x *index, pg *page) (slots uint64) {
	for used := pg.used; used != 0; used &= used - 1 {
		slot := bits.TrailingZeros64(used)
		k := pg.uids.key(slot)
		if at := x.find(&k); at != 0 && !p.isWithheld(at.page()) {
			slots |= 1 << slot
		}
	}
	return slots
}

// rebalance admits the objects of want, and others that fit, and withholds the rest. left is the account with
// the present content of p, which nobody else uses or the caller has locked.
func (p *Partition) rebalance(left *account, want []uint64, moved func()) {
	for n, pg := range p.pages {
		if pg == nil || p.isWithheld(n) {
			continue
		}
		for rest := pg.used &^ want[n]; rest != 0; rest &= rest - 1 {
			e := p.entry(slotRefOf(n, bits.TrailingZeros64(rest)))
			left.add(&e, -1)
		}
	}
	for n, pg := range p.pages {
		if pg == nil || !p.isWithheld(n) {
			continue
		}
		for rest := want[n]; rest != 0; rest &= rest - 1 {
			e := p.entry(slotRefOf(n, bits.TrailingZeros64(rest)))
			e.withheld = false
			left.add(&e, 1)
		}
	}
	b := &balance{left: left}
	b.add(p, noLock{})
	b.want[0], b.kept = want, slices.Clone(want)
	b.choose(p.options.oneRound)
	b.apply(func(*Partition) { moved() })
}

// changeSums adds the sums of a staging copy to the account, and has change change those of p. It reports
// whether any sum or limit has changed since Finish, and returns a copy of the account.
func (p *Partition) changeSums(s *Staging, change func()) (changed bool, left *account) {
	a := p.account
	a.mu.Lock()
	defer a.mu.Unlock()
	a.addAll(s.next.sums, 1) // first, as in sums.replace
	change()
	a.room = true
	changed = a.changes != s.changes || s.next.sums.changes != s.ownChanges
	a.changes++
	a.watchColumns()
	a.watchNamespaces()
	return changed, a.clone()
}

// replaceSums puts the sums of a staging copy, whose content p has, in place of those of p, and applies the
// budgets again if any sum or limit has changed since Finish. before is the index of p's former content.
func (p *Partition) replaceSums(s *Staging, before index) {
	changed, left := p.changeSums(s, func() {
		p.account.addAll(p.sums, -1)
		p.sums = s.next.sums
	})
	if !changed || p.sums.withheldObjects == 0 && !left.exceeds() {
		return
	}
	want := make([]uint64, len(p.pages))
	for n, pg := range p.pages {
		if pg != nil {
			want[n] = p.admittedOf(&before, pg)
		}
	}
	p.rebalance(left, want, func() {})
}
