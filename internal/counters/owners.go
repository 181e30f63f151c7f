package counters

import "hash/maphash"

// owners has the last controller of a chain by the hash of the first. It outlives the chain: when a
// workload is deleted, controllers are deleted before their objects.
type owners map[uint64]*Owner

var ownerSeed = maphash.MakeSeed()

// Hash returns a hash of an owner, of this process alone.
func (o Owner) Hash() uint64 { return maphash.Comparable(ownerSeed, o) }

// set sets the last object of the chain of first.
func (w owners) set(first, last Owner) {
	if known := w[first.Hash()]; known == nil || *known != last {
		w[first.Hash()] = &last
	}
}

// retain removes the chains that end with owners for which keep returns false.
func (w owners) retain(keep func(Owner) bool) {
	for hash, last := range w {
		if !keep(*last) {
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
		return *known
	}
	return first
}

// Release removes the chain of an owner that is present and has no controller.
func (l *Ledger) Release(o Owner) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.owners, o.Hash())
}
