package counters

import (
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/sharding/journal"
)

// Divide makes the ledger journal increments by the hash of the uid, until Resume determines which of
// them this shard counts. It calls dropped with the number of changes that it drops when the journal is full.
// It must be called before Add.
func (l *Ledger) Divide(dropped func(changes int)) {
	l.divided = journal.New(sharding.None(), l.addKept, dropped)
}

// divide journals the increments of an entry, and returns those by 0, which begin counters: each shard
// with objects of the owner has them.
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

// addKept adds a journaled entry, whose owner may have got a controller meanwhile.
func (l *Ledger) addKept(e Entry) {
	l.mu.Lock()
	if known := l.owners[e.Owner.Hash()]; known != nil {
		e.Owner = known.last
	}
	l.mu.Unlock()
	l.add(e)
}

// Resume counts the increments of ranges that are later than a position, including journaled ones.
func (l *Ledger) Resume(c sharding.Cut) { l.divided.Resume(c) }

// Hold journals the increments of ranges from now on.
func (l *Ledger) Hold(r sharding.Ranges) { l.divided.Hold(r) }

// Settle counts the increments of held ranges up to a position, including those that arrive later.
func (l *Ledger) Settle(c sharding.Cut) { l.divided.Settle(c) }

// Discard drops the journaled increments of ranges.
func (l *Ledger) Discard(r sharding.Ranges) { l.divided.Discard(r) }
