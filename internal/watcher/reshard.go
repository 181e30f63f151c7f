package watcher

import (
	"slices"

	"github.com/kubestate/kubestate/internal/sharding"
)

// Reshard replaces the shard as Change does the configuration, except that all resources change
// at the same time, and that only what the served shard lacks is listed if the new one contains
// it. From then on Reshard and Drop set the shard.
func (w *Watcher) Reshard(shard sharding.Ranges) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sharded, w.config.Shard = true, shard
	w.change(w.config)
}

// Drop removes ranges from the shard, of what is served and of what is being built, without a
// list. It returns when no reader gets anything of them any more.
func (w *Watcher) Drop(gone sharding.Ranges) {
	w.mu.Lock()
	w.config.Shard = w.config.Shard.Minus(gone)
	known := w.known()
	for _, t := range known {
		t.shard = t.shard.Minus(gone)
		for _, f := range t.feeds {
			f.loop.Narrow(gone)
		}
	}
	w.mu.Unlock()
	for _, t := range known { // nothing of the ranges arrives any more
		for _, f := range t.feeds {
			f.partition.Retain(f.loop.Shard.HasKey)
		}
	}
	w.signal() // there may be nothing left to wait for
}

// known gives the served, building and wanted targets, each with its parts, in the order in
// which content is put together. The caller holds mu.
func (w *Watcher) known() []*target {
	all := slices.Clone(*w.serving.Load())
	for _, u := range slices.Concat(w.building, w.wanted) {
		for _, each := range append(u.parts(), u) {
			if !slices.Contains(all, each) {
				all = append(all, each)
			}
		}
	}
	return all
}

// Complete reports whether everything that is wanted is served, as far as the API server lets
// it.
func (w *Watcher) Complete() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Equal(*w.serving.Load(), w.wanted) &&
		!slices.ContainsFunc(w.wanted, func(t *target) bool { return !t.settled() })
}

// Filtered reports whether the API server filters every resource by shard of which that is
// known, and one at least.
func (w *Watcher) Filtered() bool {
	filters, known := serverFilters(w.feeds())
	return filters && known
}

// serverFilters reports whether the API server filters all feeds by shard of which that is known,
// and false if it is known of none.
func serverFilters(feeds []*feed) (filters, known bool) {
	filters = true
	for _, f := range feeds {
		each, ok := f.loop.Shard.ServerFilters()
		filters, known = filters && (each || !ok), known || ok
	}
	return filters, known
}
