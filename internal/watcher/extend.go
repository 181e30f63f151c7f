package watcher

import (
	"slices"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/listwatch"
	"github.com/kubestate/kubestate/internal/store"
)

// An extension has the sources of the content under a larger shard: the served target, and
// targets of the ranges that it lacks. Each source has its own watches until all are complete, so
// that no object is listed or held twice.
type extension struct {
	base  *target
	added []*target
}

// extension returns the sources of r under a plan; nil if all of r must be listed. The caller
// holds mu.
func (w *Watcher) extension(r generators.Resource, p plan) *extension {
	base := named(*w.serving.Load(), r.Describe().Name)
	if !w.sharded || base == nil || w.config.Client == nil || !base.extendsTo(p) {
		return nil
	}
	e, lacking := &extension{base: base}, p.shard.Minus(base.shard)
	// Targets of an earlier extension count if p's shard contains theirs.
	for _, t := range w.known() {
		if t.extends == nil || t.extends.base != base {
			continue
		}
		for _, a := range t.extends.added {
			if !a.shard.IsNone() && lacking.Contains(a.shard) {
				e.added, lacking = append(e.added, a), lacking.Minus(a.shard)
			}
		}
	}
	if !lacking.IsNone() {
		p.shard = lacking
		t := w.newTarget(r, p, w.config)
		t.takeOver(nil)
		e.added = append(e.added, t)
	}
	return e
}

// extendsTo reports whether p differs from t's plan only by a larger shard, and every watch of t
// can be resumed. Under an object limit, only a list can tell which objects to keep.
func (t *target) extendsTo(p plan) bool {
	return t.equalButShard(&p) && p.limit == 0 && t.client != nil && !t.shard.IsNone() && p.shard.Contains(t.shard) &&
		!slices.ContainsFunc(t.sinks, func(s *sink) bool { return !s.loop.Resumable() })
}

// complete reports whether all added targets are complete, and no source lacks a namespace.
func (e *extension) complete() bool {
	return !slices.ContainsFunc(e.added, func(t *target) bool {
		return slices.ContainsFunc(t.sinks, func(s *sink) bool { return !s.complete() })
	}) && !slices.ContainsFunc(e.sources(), func(t *target) bool { return slices.ContainsFunc(t.sinks, (*sink).lacks) })
}

// sources returns the targets with the content, in the order in which they are merged.
func (e *extension) sources() []*target { return append([]*target{e.base}, e.added...) }

// toRun returns the targets to run for t.
func (t *target) toRun() []*target {
	if t.extends != nil {
		return slices.Clone(t.extends.added)
	}
	return []*target{t}
}

// rebase returns the target to build in place of t, an extension: the served one if it lacks
// nothing any more, and t as a full list if another target is served.
func (t *target) rebase(served *target) *target {
	switch {
	case t.extends.base != served:
		t.extends = nil
	case t.equal(&served.plan):
		return served
	}
	return t
}

// merge merges the content of the sources into t, whose loops resume the watches. t must not have
// been served before.
func (t *target) merge() {
	for i, s := range t.sinks {
		var sources []*sink
		var loops []*listwatch.Loop
		for _, from := range t.extends.sources() {
			sources, loops = append(sources, from.sinks[i]), append(loops, from.sinks[i].loop)
		}
		s.loop.Adopt(loops, func() { s.merge(sources) })
	}
	t.Balance() // the sources had budgets of their own
	t.extends = nil
}

// merge merges the content of sources into s.
func (s *sink) merge(sources []*sink) {
	var partitions []*store.Partition
	var derived []deriver
	for _, from := range sources {
		if s.cutter != nil {
			s.cutter.add(from.cutter)
		}
		partitions, derived = append(partitions, from.partition), append(derived, from.derived)
	}
	if s.derived != nil {
		s.derived.merge(derived)
	} else {
		s.partition.Merge(partitions...)
	}
	s.mergeCounting(sources)
}
