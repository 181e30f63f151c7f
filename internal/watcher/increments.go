package watcher

import (
	"github.com/kubestate/kubestate/internal/counters"
	"github.com/kubestate/kubestate/internal/sharding"
)

// Increments are the increments of a shard's objects. They are journaled until Resume determines which count.
type Increments struct {
	*counters.Ledger
	watcher *Watcher
}

// Increments divides the increments with other shards. It is called before Run.
func (w *Watcher) Increments() *Increments {
	dropped := w.metrics.droppedChanges.WithLabelValues() // shows 0
	w.ledger.Divide(func(changes int) {
		dropped.Add(float64(changes))
		w.log.Warn("so many increments wait until it is known which shard counts them that the earliest were dropped", "changes", changes)
	})
	return &Increments{w.ledger, w}
}

// Any reports whether anything is counted.
func (i *Increments) Any() bool { return !i.IsEmpty() }

// Positions returns, for each counted resource, the version up to which the content has all changes, the
// version after which it has none, and a number that changes with each complete list. Resources without known
// versions are missing.
func (i *Increments) Positions() (low, high sharding.Positions, lists int64) {
	low, high = sharding.Positions{}, sharding.Positions{}
	for _, t := range *i.watcher.serving.Load() {
		if !t.counted {
			continue
		}
		known, from, to := true, sharding.Positions{}, sharding.Positions{}
		key := t.resource.Describe().Key
		for n, s := range t.sinks {
			lowest, highest, committed := s.loop.Positions()
			lists += t.serial<<32 + committed
			known = known && lowest != ""
			if n == 0 || from.Has(key, lowest) {
				from[key] = lowest
			}
			to = to.Join(sharding.Positions{key: highest})
		}
		if known {
			low, high = low.Join(from), high.Join(to)
		}
	}
	return low, high, lists
}
