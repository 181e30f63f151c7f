package watcher

import (
	"slices"

	"github.com/kubestate/kubestate/internal/sharding"
)

// Reshard replaces the shard, as Change does the configuration, but of all resources at once. If
// the new shard contains the served one, only the lacking ranges are listed. From then on Reshard
// and Drop set the shard.
func (w *Watcher) Reshard(shard sharding.Ranges) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sharded, w.config.Shard = true, shard
	w.change(w.config)
}

// Drop removes ranges from the shard of all targets, without a list. It returns once no reader
// sees objects of the ranges.
func (w *Watcher) Drop(gone sharding.Ranges) {
	w.mu.Lock()
	w.config.Shard = w.config.Shard.Minus(gone)
	known := slices.DeleteFunc(w.known(), func(t *target) bool { return t.feeds.only }) // those are of all shards
	for _, t := range known {
		t.shard = t.shard.Minus(gone)
		for _, s := range t.sinks {
			s.loop.Narrow(gone)
		}
	}
	w.mu.Unlock()
	for _, t := range known { // no object of the ranges arrives any more
		for _, s := range t.sinks {
			if s.derived != nil {
				s.derived.Retain(s.loop.Shard.HasKey)
			}
			s.partition.Retain(s.loop.Shard.HasKey)
			if s.cutter != nil {
				s.cutter.retain(func(_, key string) bool { return s.loop.Shard.HasKey(key) })
			}
		}
	}
	w.signal() // a target may have become ready
}

// known returns the served, building and wanted targets and those of their extensions, in the order
// in which they are merged. The caller holds mu.
func (w *Watcher) known() []*target {
	all := slices.Clone(*w.serving.Load())
	for _, t := range slices.Concat(w.building, w.wanted) {
		for _, u := range append(t.toRun(), t) {
			if !slices.Contains(all, u) {
				all = append(all, u)
			}
		}
	}
	return all
}

// Complete reports whether the wanted targets are served, and complete or refused.
func (w *Watcher) Complete() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Equal(*w.serving.Load(), w.wanted) &&
		!slices.ContainsFunc(w.wanted, func(t *target) bool { return !t.settled() })
}

// Filtered reports whether the API server filters by shard: at least one resource is known to be
// filtered, and none not to be.
func (w *Watcher) Filtered() bool {
	filters, known := serverFilters(w.sinks())
	return filters && known
}

// serverFilters reports whether no sink is known to be unfiltered by the API server; known is false
// if nothing is known of any sink.
func serverFilters(sinks []*sink) (filters, known bool) {
	filters = true
	for _, s := range sinks {
		filtered, ok := s.loop.Shard.ServerFilters()
		filters, known = filters && (filtered || !ok), known || ok
	}
	return filters, known
}
