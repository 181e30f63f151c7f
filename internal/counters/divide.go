package counters

import (
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/sharding/journal"
)

// Divide has the ledger keep increments by the hashes of uids, until Resume says which of them count
// here, not in another shard. It calls dropped with the number of changes that it drops, if it would have to
// keep too many. It is called before anything is added.
func (l *Ledger) Divide(dropped func(changes int)) {
	l.divided = journal.New(sharding.None(), l.addKept, dropped)
}

// divide passes the increments of an entry to the journal, and returns the others: counters begin in
// each shard that has objects of their owner.
func (l *Ledger) divide(e Entry) (begins Entry) {
	begins, counts := e, e
	begins.Increments, counts.Increments = nil, nil
	for _, i := range e.Increments {
		if i.By == 0 {
			begins.Increments = append(begins.Increments, i)
		} else {
			counts.Increments = append(counts.Increments, i)
		}
	}
	if len(counts.Increments) > 0 {
		counts.UID = "" // takes memory, and is not read any more
		l.divided.Add(journal.Change{Resource: e.Resource, Since: e.Since, Version: e.ResourceVersion, Hash: sharding.Hash(e.UID)}, counts)
	}
	return begins
}

// addKept adds an entry that may have been kept while its owner was found to have a controller.
func (l *Ledger) addKept(e Entry) {
	l.mu.Lock()
	if known := l.owners[e.Owner.Hash()]; known != nil {
		e.Owner = known.last
	}
	l.mu.Unlock()
	l.add(e)
}

// Resume counts the increments of ranges that are later than a position, also those that were kept.
func (l *Ledger) Resume(c sharding.Cut) { l.divided.Resume(c) }

// Hold keeps the increments of ranges from now on.
func (l *Ledger) Hold(r sharding.Ranges) { l.divided.Hold(r) }

// Settle counts the increments of held ranges up to a position, also those that come later.
func (l *Ledger) Settle(c sharding.Cut) { l.divided.Settle(c) }

// Discard forgets the increments that are kept of ranges.
func (l *Ledger) Discard(r sharding.Ranges) { l.divided.Discard(r) }
