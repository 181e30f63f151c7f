package watcher

import (
	"slices"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/listwatch"
	"github.com/kubestate/kubestate/internal/store"
)

// growth is what the content of a resource's next share is put together from, so that
// what is there is neither listed nor held twice: what is served, and what that lacks.
// Each is watched by itself until all of it is complete.
type growth struct {
	base  *target
	added []*target
}

// growth gives what r is put together from under a plan; nil if it has to be listed as
// a whole. The caller holds mu.
func (w *Watcher) growth(r generators.Resource, p plan) *growth {
	base := named(*w.serving.Load(), r.Describe().Name)
	if !w.sharded || base == nil || w.config.Client == nil || !base.extendsTo(p) {
		return nil
	}
	g, lacking := &growth{base: base}, p.shard.Minus(base.shard)
	// What is under way for an earlier share counts, if it is part of this one.
	for _, u := range w.known() {
		if u.grows == nil || u.grows.base != base {
			continue
		}
		for _, a := range u.grows.added {
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

// extendsTo says whether what u has is all as p wants it, and known well enough to go
// on from there. Where the number of objects is limited, it takes a list of all to
// say which they are.
func (u *target) extendsTo(p plan) bool {
	return u.equalButShard(&p) && p.limit == 0 && u.client != nil && !u.shard.IsNone() && p.shard.Contains(u.shard) &&
		!slices.ContainsFunc(u.feeds, func(f *feed) bool { return !f.loop.Resumable() })
}

// complete reports whether all that is added is complete.
func (g *growth) complete() bool {
	return !slices.ContainsFunc(g.added, func(t *target) bool {
		return slices.ContainsFunc(t.feeds, func(f *feed) bool { return !f.complete() })
	})
}

// parts are what has to be watched for u.
func (u *target) parts() []*target {
	if u.grows != nil {
		return slices.Clone(u.grows.added)
	}
	return []*target{u}
}

// grownFrom gives what to build, if that is served which u, which grows, is to be
// built from. That is what is served itself, if by now nothing is to be added; and u
// as a whole, if something else is served.
func (u *target) grownFrom(served *target) *target {
	switch {
	case u.grows.base != served:
		u.grows = nil
	case u.equal(&served.plan):
		return served
	}
	return u
}

// join puts the content together, for loops that go on from there. Nobody must see u before.
func (u *target) join() {
	for i, f := range u.feeds {
		loops, parts := []*listwatch.Loop{}, []*store.Partition{}
		for _, from := range append([]*target{u.grows.base}, u.grows.added...) {
			loops, parts = append(loops, from.feeds[i].loop), append(parts, from.feeds[i].sink.partition)
		}
		f.loop.Adopt(loops, func() { f.sink.partition.Unite(parts...) })
	}
	u.grows = nil
}
