package watcher

import (
	"slices"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/listwatch"
	"github.com/kubestate/kubestate/internal/store"
)

// A growth has the sources of the content under a larger shard: the served target, and targets
// of what that lacks. Each is watched by itself until all are complete, so that nothing is
// listed or held twice.
type growth struct {
	base  *target
	added []*target
}

// growth gives the sources of r under a plan; nil if all of r has to be listed. The caller
// holds mu.
func (w *Watcher) growth(r generators.Resource, p plan) *growth {
	base := named(*w.serving.Load(), r.Describe().Name)
	if !w.sharded || base == nil || w.config.Client == nil || !base.extendsTo(p) {
		return nil
	}
	g, lacking := &growth{base: base}, p.shard.Minus(base.shard)
	// What is being built for an earlier shard counts if this one contains it.
	for _, t := range w.known() {
		if t.grows == nil || t.grows.base != base {
			continue
		}
		for _, a := range t.grows.added {
			if !a.shard.IsNone() && lacking.Contains(a.shard) {
				g.added, lacking = append(g.added, a), lacking.Minus(a.shard)
			}
		}
	}
	if !lacking.IsNone() {
		p.shard = lacking
		g.added = append(g.added, w.newTarget(r, p, w.config))
	}
	return g
}

// extendsTo reports whether p differs from t's plan by a larger shard alone, and every watch of
// t can be resumed. With a limit only a list tells which objects are kept.
func (t *target) extendsTo(p plan) bool {
	return t.equalButShard(&p) && p.limit == 0 && t.client != nil && !t.shard.IsNone() && p.shard.Contains(t.shard) &&
		!slices.ContainsFunc(t.feeds, func(f *feed) bool { return !f.loop.Resumable() })
}

// complete reports whether all that is added is complete.
func (g *growth) complete() bool {
	return !slices.ContainsFunc(g.added, func(t *target) bool {
		return slices.ContainsFunc(t.feeds, func(f *feed) bool { return !f.complete() })
	})
}

// parts gives the targets to run for t.
func (t *target) parts() []*target {
	if t.grows != nil {
		return slices.Clone(t.grows.added)
	}
	return []*target{t}
}

// grownFrom gives the target to build in the place of t, which grows: the served one if nothing
// is to be added to it any more, and t as a full list if another target is served.
func (t *target) grownFrom(served *target) *target {
	switch {
	case t.grows.base != served:
		t.grows = nil
	case t.equal(&served.plan):
		return served
	}
	return t
}

// join unites the content of the sources; the loops of t resume from there. No reader may have
// seen t before.
func (t *target) join() {
	for i, f := range t.feeds {
		loops, parts := []*listwatch.Loop{}, []*store.Partition{}
		for _, from := range append([]*target{t.grows.base}, t.grows.added...) {
			loops, parts = append(loops, from.feeds[i].loop), append(parts, from.feeds[i].partition)
		}
		f.loop.Adopt(loops, func() { f.partition.Merge(parts...) })
	}
	t.grows = nil
}
