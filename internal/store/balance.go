package store

import (
	"bytes"
	"cmp"
	"math/bits"
	"slices"
	"strings"
	"sync"
)

// compare orders keys by their text.
func (k *key) compare(o *key) int {
	if k.isID && o.isID {
		return bytes.Compare(k.id[:], o.id[:])
	}
	return strings.Compare(k.text(), o.text())
}

func (k *key) text() string {
	if k.isID {
		return k.id.String()
	}
	return k.other
}

// A balance chooses the objects to admit.
type balance struct {
	partitions []*Partition
	locks      []sync.Locker // of the partitions
	replaced   []uint64      // by partition, its count at the start
	// admitted has, by partition and page, the slots of admitted objects at the start, and want those
	// of the objects to admit.
	admitted, want [][]uint64
	// kept has the slots of objects that stay admitted even if they do not fit; nil for those that
	// are.
	kept []uint64
	// left is the account after that choice.
	left *account
}

// noLock stands for a lock that the caller holds, or needs not.
type noLock struct{}

func (noLock) Lock()   {}
func (noLock) Unlock() {}

// A candidate is an object that may be chosen.
type candidate struct {
	created   int64
	key       key
	partition int
	at        slotRef
}

// older orders candidates by age.
func older(a, b candidate) int {
	return cmp.Or(cmp.Compare(a.created, b.created), a.key.compare(&b.key))
}

func newer(a, b candidate) int { return older(b, a) }

// Balance withholds the newest objects if a limit has been lowered below the use, and admits withheld
// objects that fit, oldest first. One goroutine at a time calls it, beside writers and readers.
func (r *Resource) Balance() {
	a := r.account
	if a == nil {
		return
	}
	a.mu.Lock()
	due, cut, cutNamespaces := a.room, slices.Clone(a.cut), a.cutNamespaces
	if due {
		a.room, a.cutNamespaces = false, false
		clear(a.cut)
	}
	cutting := (cutNamespaces || slices.Contains(cut, true)) && a.exceeds()
	if due = due && (cutting || a.withheldObjects > 0); !due {
		a.mu.Unlock()
		return
	}
	b := &balance{left: a.clone()}
	a.mu.Unlock()
	for _, p := range r.partitions {
		p.mu.Lock()
		b.add(p, &p.mu)
		p.mu.Unlock()
	}
	if cutting {
		b.cut(r.options.oneRound, cut, cutNamespaces)
	}
	b.choose(r.options.oneRound)
	if !b.apply(func(p *Partition) { p.CompactExcess() }) {
		a.recheck(cut, cutNamespaces)
	}
}

// add adds a partition, which the caller has locked, with its admitted objects as wanted.
func (b *balance) add(p *Partition, lock sync.Locker) {
	slots := make([]uint64, len(p.pages))
	for n, pg := range p.pages {
		if pg != nil && !p.isWithheld(n) {
			slots[n] = pg.used
		}
	}
	b.partitions, b.locks, b.replaced = append(b.partitions, p), append(b.locks, lock), append(b.replaced, p.replaced)
	b.admitted, b.want = append(b.admitted, slots), append(b.want, slices.Clone(slots))
}

// recheck has the next Balance apply the limits in cut to admitted objects.
func (a *account) recheck(cut []bool, cutNamespaces bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.room, a.cutNamespaces = true, a.cutNamespaces || cutNamespaces
	for i := range a.cut {
		a.cut[i] = a.cut[i] || cut[i]
	}
}

// cut takes the newest objects out of the choice that have series of exceeded budgets, some at a time.
func (b *balance) cut(round int, cut []bool, cutNamespaces bool) {
	exceeded := func(e *entry) bool { return b.left.exceeded(e, cut, cutNamespaces) }
	for {
		all, more := b.candidates(round, newer, func(wanted bool, e *entry) bool { return wanted && exceeded(e) })
		for _, c := range all {
			b.with(c, func(e *entry) {
				if exceeded(e) {
					b.want[c.partition][c.at.page()] &^= 1 << c.at.slot()
					b.left.add(e, -1)
				}
			})
		}
		if !more {
			return
		}
	}
}

// choose adds objects that fit to the choice, oldest first, some at a time.
func (b *balance) choose(round int) {
	for {
		all, more := b.candidates(round, older, func(wanted bool, e *entry) bool { return !wanted && b.left.fits(e, nil) })
		for _, c := range all {
			b.with(c, func(e *entry) {
				if b.left.fits(e, nil) {
					b.want[c.partition][c.at.page()] |= 1 << c.at.slot()
					b.left.add(e, 1)
				}
			})
		}
		if !more {
			return
		}
	}
}

// with calls use with the entry of a candidate, as admitted, if there still is one.
func (b *balance) with(c candidate, use func(*entry)) {
	p, n := b.partitions[c.partition], c.at.page()
	b.locks[c.partition].Lock()
	defer b.locks[c.partition].Unlock()
	if n < len(p.pages) && p.pages[n] != nil && p.pages[n].used&(1<<c.at.slot()) != 0 {
		e := p.entry(c.at)
		e.withheld = false
		use(&e)
	}
}

// candidates returns the first objects in an order for which is returns true, at most limit, and whether
// there are more. wanted says that an object is in the choice.
func (b *balance) candidates(limit int, order func(a, b candidate) int, is func(wanted bool, e *entry) bool) (all []candidate, more bool) {
	for i, p := range b.partitions {
		for n := range b.want[i] {
			b.locks[i].Lock()
			all = p.appendCandidates(all, i, n, b.want[i][n], is)
			b.locks[i].Unlock()
			if len(all) >= 2*limit {
				slices.SortFunc(all, order)
				all, more = all[:limit], true
			}
		}
	}
	slices.SortFunc(all, order)
	if len(all) > limit {
		all, more = all[:limit], true
	}
	return all, more
}

// appendCandidates appends the candidates of a page. i is the index of p.
func (p *Partition) appendCandidates(all []candidate, i, n int, want uint64, is func(wanted bool, e *entry) bool) []candidate {
	if n >= len(p.pages) || p.pages[n] == nil {
		return all
	}
	pg := p.pages[n]
	for used := pg.used; used != 0; used &= used - 1 {
		slot := bits.TrailingZeros64(used)
		at := slotRefOf(n, slot)
		e := p.entry(at)
		e.withheld = false
		if is(want&(1<<slot) != 0, &e) {
			all = append(all, candidate{pg.loads.created[slot], pg.uids.key(slot), i, at})
		}
	}
	return all
}

// apply moves the objects to withhold, and then those to admit, page by page. It calls moved after each
// page. It reports false if a partition has been replaced, which it leaves alone.
func (b *balance) apply(moved func(*Partition)) (complete bool) {
	complete = true
	for _, withhold := range []bool{true, false} {
		for i, p := range b.partitions {
			for group := range p.groups() {
				for n := group; n < len(b.want[i]); n += p.groups() {
					slots := b.want[i][n] &^ b.admitted[i][n]
					if withhold {
						slots = b.admitted[i][n] &^ b.want[i][n]
					}
					if slots == 0 {
						continue
					}
					b.locks[i].Lock()
					same := p.replaced == b.replaced[i]
					if same {
						p.movePage(n, slots, b.keptOf(n))
					}
					b.locks[i].Unlock()
					complete = complete && same
					moved(p)
				}
			}
		}
	}
	return complete
}

func (b *balance) keptOf(page int) uint64 {
	if b.kept == nil {
		return 0
	}
	return b.kept[page]
}

// movePage withholds objects of the n-th page, or, if the page has withheld ones, admits those that
// fit or are in kept.
func (p *Partition) movePage(n int, slots, kept uint64) {
	if n >= len(p.pages) || p.pages[n] == nil {
		return
	}
	withhold := !p.isWithheld(n)
	slots &= p.pages[n].used
	for rest := slots; rest != 0; rest &= rest - 1 {
		slot := bits.TrailingZeros64(rest)
		e := p.entry(slotRefOf(n, slot))
		moved := e
		moved.withheld = withhold
		if withhold || kept&(1<<slot) != 0 {
			p.charge(&e, &moved)
		} else if !p.admit(&e, &moved) {
			slots &^= 1 << slot
		}
	}
	p.move(n, slots)
}

// move moves objects of the n-th page to pages of withheld objects, or from those to pages of their
// classes.
func (p *Partition) move(n int, slots uint64) {
	if slots == 0 {
		return
	}
	p.moves++
	pg := p.pages[n]
	all := pg.rendered(slots)
	for ; slots != 0; slots &= slots - 1 {
		slot := bits.TrailingZeros64(slots)
		r, k := &all[slot], pg.uids.key(slot)
		r.Namespace, r.Note, r.Created = pg.namespaces[slot].Value(), pg.notes.get(slot), pg.loads.created[slot]
		group := p.classes()
		if p.isWithheld(n) {
			group = k.class(p.classes())
		}
		from := slotRefOf(n, slot)
		p.release(from)
		to := p.allocateSlot(&k, group)
		p.fill(to, r)
		if p.moved != nil {
			p.moved(from, to)
		}
	}
}

// rendered returns the lines of slots, by slot.
func (p *page) rendered(slots uint64) *[pageSlots]Rendered {
	var all [pageSlots]Rendered
	var text, scratch []byte
	for family := range p.fingerprints.columns {
		if c := p.chunk(family); c.size > 0 {
			text = c.appendAll(text[:0], &scratch)
		} else {
			text = text[:0]
		}
		start := 0
		for slot := range pageSlots {
			length := p.fingerprints.length(slot, family)
			if r := &all[slot]; slots&(1<<slot) != 0 {
				r.Text = append(r.Text, text[start:start+length]...)
				r.Ends = append(r.Ends, len(r.Text))
			}
			start += length
		}
	}
	return &all
}
