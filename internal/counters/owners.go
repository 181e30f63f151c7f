package counters

import (
	"hash/maphash"
	"time"
)

// keepChainFor is the time for which a chain stays that no object refers to: its increments may be
// under way.
const keepChainFor = 5 * time.Minute

// owners has the chains of controllers by a hash of their first: a chain breaks when a workload is
// deleted, as its controllers are deleted before its objects.
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

// sweep removes chains to which no object has referred for some time. refers tells by a hash of the first
// controller whether an object does.
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

// Release tells that an owner is present and has no controller.
func (l *Ledger) Release(o Owner) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.owners, o.Hash())
}
