package listwatch

import (
	"slices"
	"sync"
	"time"
)

// A State is how things stand between a resource and the API server.
type State string

// The states, from the best to the worst. One of a resource that is watched in several
// namespaces is the worst of them.
const (
	// Synced: the list is complete and watched, or the watch is being resumed.
	Synced State = "synced"
	// Syncing: a list is under way, the first or a later one.
	Syncing State = "syncing"
	// Absent: the API server does not have the resource.
	Absent State = "absent"
	// Forbidden: the API server has it, and not for us.
	Forbidden State = "forbidden"
	// Failing: the last attempt failed in another way.
	Failing State = "error"
)

// States are all there are, from the best to the worst.
func States() []State { return []State{Synced, Syncing, Absent, Forbidden, Failing} }

// refused says whether it is the API server that wants it so.
func (s State) refused() bool { return s == Absent || s == Forbidden }

// A Report is what is known of one resource.
type Report struct {
	// Resource is the resource's key, such as "pods".
	Resource string
	State    State
	// Since is when the resource came into its state.
	Since time.Time
	// Reason is why it is refused or fails, empty otherwise.
	Reason string
	// Contact is the last sign of life that the API server gave about what is served of the
	// resource: an answer, an event or a bookmark. It is the zero time while nothing was complete.
	Contact time.Time
	// Event is when an object was last seen created, changed or deleted; the zero time for never.
	Event time.Time
	// Complete says that a list has ever been complete.
	Complete bool

	tentative bool // something else is requested if this is forbidden
}

// refusalCounts is how long 403 must last to count: an API server that is starting answers 403
// for some seconds for what it will allow.
const refusalCounts = 5 * time.Second

// badSelector is the reason of a report if the API server does not know a field of the selector.
const badSelector = "BadFieldSelector"

// refused reports whether it is the API server that wants it so.
func (r Report) refused() bool {
	return (r.State.refused() || r.Reason == badSelector) && !(r.tentative && r.State == Forbidden)
}

// Forbidden reports whether no list was ever complete, and 403 lasts.
func (r Report) Forbidden() bool {
	return r.State == Forbidden && !r.Complete && time.Since(r.Since) >= refusalCounts
}

// Refused reports whether no list is to be waited for. 404 counts at once: an API server that
// is starting answers 503 for what it has.
func (r Report) Refused() bool {
	return r.State == Absent || r.refused() && time.Since(r.Since) >= refusalCounts
}

// Settled reports whether a list has ever been complete, or is not to be waited for.
func (r Report) Settled() bool { return r.Complete || r.Refused() }

// Awaited reports whether a first complete list is to come, and may come by itself.
func (r Report) Awaited() bool { return !r.Complete && !r.refused() }

// Worse is the report of two loops of one resource.
func (r Report) Worse(t Report) Report {
	worse, better := r, t
	if slices.Index(States(), r.State) < slices.Index(States(), t.State) {
		worse, better = t, r
	}
	if worse.Contact.IsZero() || !better.Contact.IsZero() && better.Contact.Before(worse.Contact) {
		worse.Contact = better.Contact
	}
	if better.Event.After(worse.Event) {
		worse.Event = better.Event
	}
	return worse
}

// enter enters a state, with the reason if it is one of failure.
func (r *Report) enter(next State, reason string) {
	if next != r.State {
		r.State, r.Since = next, time.Now()
	}
	r.Reason = reason
}

// A status keeps the report of a loop. It may be used concurrently.
type status struct {
	mu     sync.Mutex
	report Report
}

// update changes the report.
func (s *status) update(change func(*Report)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.report)
}

// heard notes a sign of life of the server.
func (s *status) heard(at time.Time) {
	s.update(func(r *Report) {
		if at.After(r.Contact) {
			r.Contact = at
		}
	})
}

// Report gives what is known.
func (s *status) Report() (now Report) {
	s.update(func(r *Report) { now = *r })
	if !now.Complete {
		now.Contact = time.Time{}
	}
	return now
}
