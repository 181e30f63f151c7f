package watcher

import (
	"slices"

	"github.com/kubestate/kubestate/internal/sharding"
)

// Reshard has the watcher go over to another share of the objects, as Change does
// to another configuration, except that all resources change at the same time. From
// then on the shard is what Reshard and Drop make it.
func (w *Watcher) Reshard(shard sharding.Ranges) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sharded = true
	config := w.config
	config.Shard = shard
	w.change(config)
}

// Drop takes a part away from the share, that which is served and that which is
// under way. Nothing is listed for that. It returns when no reader gets anything of
// it any more.
func (w *Watcher) Drop(gone sharding.Ranges) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.config.Shard = w.config.Shard.Minus(gone)
	for _, u := range w.known() {
		u.shard = u.shard.Minus(gone)
		for _, f := range u.feeds {
			f.drop(gone)
		}
	}
}

// known are what is served, what is under way, and what is wanted. The caller holds
// mu.
func (w *Watcher) known() []*watched {
	all := slices.Clone(*w.serving.Load())
	for _, u := range slices.Concat(w.building, w.wanted) {
		if !slices.Contains(all, u) {
			all = append(all, u)
		}
	}
	return all
}

// Complete says whether everything that is wanted is served, as far as the API
// server lets it.
func (w *Watcher) Complete() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Equal(*w.serving.Load(), w.wanted) &&
		!slices.ContainsFunc(w.wanted, func(u *watched) bool { return !u.settled() })
}

// Filtered says whether the API server chooses the objects of the share for every
// resource of which that is known, and for one at least.
func (w *Watcher) Filtered() bool {
	chosen := false
	for _, u := range *w.serving.Load() {
		for _, f := range u.feeds {
			switch f.share.told.Load() {
			case -1:
				return false
			case 1:
				chosen = true
			}
		}
	}
	return chosen
}
