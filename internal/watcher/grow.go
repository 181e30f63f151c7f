package watcher

import (
	"slices"

	"github.com/kubestate/kubestate/internal/generators"
)

// growth is what the content of a resource's next share is put together from, so that
// what is there is neither listed nor held twice: what is served, and what that lacks.
// Each is watched by itself until all of it is complete.
type growth struct {
	base  *watched
	added []*watched
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
		g.added = append(g.added, w.watch(r, p, w.config))
	}
	return g
}

// extendsTo says whether what u has is all as p wants it, and known well enough to go
// on from there. Where the number of objects is limited, it takes a list of all to
// say which they are.
func (u *watched) extendsTo(p plan) bool {
	with := u.plan
	with.shard = p.shard
	return with.equal(p) && p.limit == 0 && u.client != nil && !u.shard.IsNone() && p.shard.Contains(u.shard) &&
		!slices.ContainsFunc(u.feeds, func(f *Feed) bool { return !f.followed() })
}

// settled says whether all that is added is complete that will be.
func (g *growth) settled() bool {
	return !slices.ContainsFunc(g.added, func(u *watched) bool { return !u.settled() })
}

// parts are what has to be watched for u.
func (u *watched) parts() []*watched {
	if u.grows != nil {
		return slices.Clone(u.grows.added)
	}
	return []*watched{u}
}

// grownFrom gives what to build, if that is served which u, which grows, is to be
// built from. That is what is served itself, if by now nothing is to be added; and u
// as a whole, if something else is served.
func (u *watched) grownFrom(served *watched) *watched {
	switch {
	case u.grows.base != served:
		u.grows = nil
	case u.equal(served.plan):
		return served
	}
	return u
}

// join puts the content together, for feeds that go on from there. Nobody must see u
// before.
func (u *watched) join() {
	for i, f := range u.feeds {
		from := []*Feed{u.grows.base.feeds[i]}
		for _, a := range u.grows.added {
			from = append(from, a.feeds[i])
		}
		f.adopt(from)
	}
	u.grows = nil
}

// followed says whether it is known from where to follow what is stored.
func (f *Feed) followed() bool {
	f.storing.Lock()
	defer f.storing.Unlock()
	return f.positions.lowest() != ""
}

// adopt makes what others have stored the content of the feed, the first of which must
// have been complete. Where it is known how far each has followed its share, one watch
// goes on from the lowest of these positions; else all is listed, while what is there
// is served.
func (f *Feed) adopt(from []*Feed) {
	for _, o := range from {
		o.storing.Lock()
		defer o.storing.Unlock()
	}
	known, healths := true, []*health(nil)
	for _, o := range from {
		f.part.Unite(o.part)
		share := o.share.present()
		f.positions = append(f.positions, o.positions.within(share)...)
		known = known && (share.IsNone() || len(o.positions) > 0)
		healths = append(healths, o.health)
	}
	if !known {
		f.positions = nil
	}
	f.adopted = f.positions.lowest() != ""
	f.fresh, f.health = true, united(healths)
	select {
	case <-f.dropped:
	default: // what was dropped before concerns no watch of this feed
	}
}
