package watcher

import (
	"slices"
	"time"
)

// progress is the progress of a target.
type progress string

const (
	missing progress = "missing" // no target
	// ready: every namespace is complete or refused, and none is refused that the served target has
	// complete.
	ready    progress = "ready"
	building progress = "building"
	overdue  progress = "overdue" // building for longer than buildTimeout, or refused
)

// buildTimeout is the time that a superseded target may be built before the next one begins.
// Hundreds of thousands of objects are listed in that time.
const buildTimeout = time.Minute

// A situation is the progress of a resource's targets: the wanted one, the served one, and one
// begun earlier.
type situation struct {
	wanted, earlier progress
	served          progress // ready if it was ever complete
	same            bool     // the wanted target is the served one
	starting        bool     // the program is not ready: a served resource was never complete
}

// A decision chooses the target to serve and the one to build beside it.
type decision string

const (
	serveWanted  decision = "serve wanted"
	serveEarlier decision = "serve earlier, build wanted"
	buildWanted  decision = "serve served, build wanted"
	buildEarlier decision = "serve served, build earlier"
	keepServed   decision = "serve served"
)

// decide decides in a situation. Only a ready target replaces one that was ever complete. A target
// begun earlier is finished first, unless it is overdue.
func decide(s situation) decision {
	switch {
	case s.same, s.wanted == ready:
		return serveWanted
	case s.earlier == ready:
		return serveEarlier
	case s.earlier == building:
		return buildEarlier
	case s.served == missing && s.starting:
		return serveWanted
	case s.served == building:
		return keepServed
	case s.served == overdue:
		return serveWanted
	default:
		return buildWanted
	}
}

// progressOf returns the progress of a target, which isReady may call ready.
func progressOf(t *target, isReady func(*target) bool) progress {
	switch {
	case t == nil:
		return missing
	case isReady(t):
		return ready
	case !t.settled() && !t.forbidden() && time.Since(t.began) < buildTimeout:
		return building
	default:
		return overdue
	}
}

// reconcileOne returns the target to serve and the one to build, each of which may be nil.
func reconcileOne(wanted, served, earlier *target, starting bool) (serve, build *target) {
	replaces := func(t *target) bool { return t.settled() && t.covers(served) }
	worthServing := func(t *target) bool { return replaces(t) && t.complete() } // and not all refused
	switch decide(situation{
		wanted: progressOf(wanted, replaces), earlier: progressOf(earlier, worthServing), served: progressOf(served, (*target).complete),
		same: wanted == served, starting: starting,
	}) {
	case serveWanted:
		return wanted, nil
	case serveEarlier:
		return earlier, wanted
	case buildEarlier:
		return served, earlier
	case keepServed:
		return served, nil
	default:
		return served, wanted
	}
}

// reconcile replaces served targets by wanted ones that are ready, and returns the targets to run.
func (w *Watcher) reconcile() (needed []*target) {
	starting := slices.ContainsFunc(w.Checks(), Status.Awaited)
	w.mu.Lock()
	defer w.mu.Unlock()
	serving := *w.serving.Load()
	shardReady := !w.sharded || !slices.ContainsFunc(w.wanted, func(t *target) bool { return !t.settled() || !t.covers(named(serving, t.Name())) })
	var next, building []*target
	for i, t := range w.wanted {
		served := named(serving, t.Name())
		if t.extends != nil {
			t = t.rebase(served)
			w.wanted[i] = t
		}
		serve, build := reconcileOne(t, served, earlierBuild(w.building, t), starting)
		if served != nil && !shardReady && !served.shard.Equal(t.shard) {
			serve, build = served, t // all resources change to a new shard at once
		}
		if serve != nil {
			next = append(next, serve)
		}
		if build != nil {
			building = append(building, build)
		}
		switch {
		case serve != nil && serve.extends != nil:
			serve.merge()
		case serve != served:
			if serve != nil {
				serve.takeOver(served)
			}
			if served != nil {
				w.metrics.rebuilds.WithLabelValues(t.Name()).Inc()
			}
		}
		switch {
		case build != nil && build.extends == nil:
			build.countBeside(serve)
		case serve != nil && build == nil:
			serve.forget()
		}
	}
	if !slices.Equal(serving, next) {
		w.serving.Store(&next)
	}
	w.building = building
	w.closeUnknown()
	needed = slices.Clone(next)
	for _, t := range building {
		needed = append(needed, t.toRun()...)
	}
	return needed
}

// earlierBuild returns the target of t's resource that is being built: a full list, or t itself.
func earlierBuild(building []*target, t *target) *target {
	b := named(building, t.Name())
	if b != t && b != nil && b.extends != nil {
		return nil
	}
	return b
}

// named returns the target of a resource; nil if there is none.
func named(all []*target, name string) *target {
	if i := slices.IndexFunc(all, func(t *target) bool { return t.Name() == name }); i >= 0 {
		return all[i]
	}
	return nil
}
