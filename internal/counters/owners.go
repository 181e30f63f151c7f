package counters

import (
	"hash/maphash"
	"time"
)

// keepChainFor is the time for which a chain without references stays: its increments may arrive late.
const keepChainFor = 5 * time.Minute

// owners has chains of controllers by the hash of their first. They outlive the controllers: when a
// workload is deleted, controllers are deleted before their objects.
type owners map[uint64]*chain

// A chain has the last object of a chain of controllers.
type chain struct {
	last Owner
	gone time.Time // when Sweep has found no object that refers to the chain; zero if there is one
}

var ownerSeed = maphash.MakeSeed()

// Hash returns a hash of an owner, of this process alone.
func (o Owner) Hash() uint64 { return maphash.Comparable(ownerSeed, o) }

// set sets the last object of the chain of first.
func (w owners) set(first, last Owner) {
	hash := first.Hash()
	if known := w[hash]; known == nil || known.last != last {
		w[hash] = &chain{last: last}
	}
}

// sweep removes chains without references for keepChainFor. refers reports whether an object refers to the
// first controller of a chain, given by its hash.
func (w owners) sweep(now time.Time, refers func(first uint64) bool) {
	for hash, c := range w {
		switch {
		case refers(hash):
			c.gone = time.Time{}
		case c.gone.IsZero():
			c.gone = now
		case now.Sub(c.gone) >= keepChainFor:
			delete(w, hash)
		}
	}
}

// Resolve returns the owner of an object whose chain of controllers begins and ends with the given
// ones. A chain without a second controller may have lost it: the owner is the last one known.
func (l *Ledger) Resolve(first, last Owner) Owner {
	l.mu.Lock()
	defer l.mu.Unlock()
	if first != last {
		l.owners.set(first, last)
		return last
	}
	if known := l.owners[first.Hash()]; known != nil {
		return known.last
	}
	return first
}

// End ends a deleted owner, or begins it again.
func (l *Ledger) End(o Owner, ended bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.resources {
		if a := r.owners[o]; a != nil {
			a.ended = ended
		}
	}
}

// EndAll ends owners that a list lacks, given by their hashes.
func (l *Ledger) EndAll(lacks map[uint64]struct{}) {
	if len(lacks) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.resources {
		for o, a := range r.owners {
			if _, gone := lacks[o.Hash()]; gone {
				a.ended = true
			}
		}
	}
}

// Release removes the chains of owners, by their hashes, that are present and have no controller.
func (l *Ledger) Release(owners ...uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, hash := range owners {
		delete(l.owners, hash)
	}
}
