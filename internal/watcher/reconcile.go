package watcher

import (
	"slices"
	"time"
)

// progress is how far a target is.
type progress string

const (
	missing progress = "missing" // there is none
	// ready: everything is complete that the API server does not refuse, and nothing is refused
	// that the served target has complete.
	ready    progress = "ready"
	building progress = "building"
	overdue  progress = "overdue" // not to be waited for: building for longer than buildTimeout, or refused
)

// buildTimeout is how long a target that is wanted no more may be built before the next one
// is begun. Hundreds of thousands of objects are listed in that time.
const buildTimeout = time.Minute

// situation is what there is of one resource: the target that is wanted, the one that is
// served, and one that was begun earlier.
type situation struct {
	wanted, earlier progress
	served          progress // ready if it was ever complete
	same            bool     // the wanted target is the served one
	starting        bool     // something else that is served was never complete, so nobody relies on it
}

// A decision says which target to serve and which to build beside it.
type decision string

const (
	serveWanted  decision = "serve wanted"
	serveEarlier decision = "serve earlier, build wanted"
	buildWanted  decision = "serve served, build wanted"
	buildEarlier decision = "serve served, build earlier"
	keepServed   decision = "serve served"
)

// decide gives what to do in a situation. What was ever complete is displaced by what is ready
// alone; what was begun is finished first, unless that takes too long.
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

// progressOf is the progress of a target, given what makes one ready.
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

// inTurn gives the target to serve and the one to build, each of which may be nil.
func inTurn(wanted, served, earlier *target, starting bool) (serve, build *target) {
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

// reconcile serves what is wanted and ready in the place of what was served before, and gives
// the targets that have to run.
func (w *Watcher) reconcile() (needed []*target) {
	starting := slices.ContainsFunc(w.Checks(), Status.Awaited)
	w.mu.Lock()
	defer w.mu.Unlock()
	serving := *w.serving.Load()
	whole := !w.sharded || !slices.ContainsFunc(w.wanted, func(t *target) bool { return !t.settled() || !t.covers(named(serving, t.Name())) })
	var next, building []*target
	for i, t := range w.wanted {
		served := named(serving, t.Name())
		if t.grows != nil {
			t = t.grownFrom(served)
			w.wanted[i] = t
		}
		serve, build := inTurn(t, served, begun(w.building, t), starting)
		if served != nil && !whole && !served.shard.Equal(t.shard) {
			serve, build = served, t // what Reshard wants comes in one piece
		}
		if serve != nil {
			next = append(next, serve)
		}
		if build != nil {
			building = append(building, build)
		}
		switch {
		case serve != nil && serve.grows != nil:
			serve.join()
		case served != nil && serve != served:
			w.metrics.rebuilds.WithLabelValues(t.Name()).Inc()
		}
	}
	if !slices.Equal(serving, next) {
		w.serving.Store(&next)
	}
	w.building = building
	needed = slices.Clone(next)
	for _, t := range building {
		needed = append(needed, t.parts()...)
	}
	return needed
}

// begun is what of a resource is being listed as a whole, or is to be t.
func begun(building []*target, t *target) *target {
	b := named(building, t.Name())
	if b != t && b != nil && b.grows != nil {
		return nil
	}
	return b
}

// named is the target of a resource, nil if there is none.
func named(all []*target, name string) *target {
	if i := slices.IndexFunc(all, func(t *target) bool { return t.Name() == name }); i >= 0 {
		return all[i]
	}
	return nil
}
