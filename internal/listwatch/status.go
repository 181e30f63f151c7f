package listwatch

import (
	"slices"
	"sync"
	"time"
)

// A State is how things stand between a resource and the API server.
type State string

// The states. One of a resource that is watched in several namespaces is the
// worst of them; these are in that order.
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

// A Report is what a status says of one resource.
type Report struct {
	// Resource is the resource's key, such as "pods".
	Resource string
	State    State
	// Since is when the resource came into its state.
	Since time.Time
	// Reason is why it is refused or fails, empty otherwise.
	Reason string
	// Contact is the last sign of life that the API server gave about what is
	// served of the resource: an answer, an event or a bookmark. It is the zero
	// time while nothing was complete.
	Contact time.Time
	// Event is when an object was last created, changed or deleted, as far as
	// it was seen; the zero time if that was never.
	Event time.Time
}

// Worse is the report of two loops of one resource.
func (s Report) Worse(t Report) Report {
	worst := s
	if slices.Index(States(), t.State) > slices.Index(States(), s.State) {
		worst = t
	}
	worst.Contact = earlier(s.Contact, t.Contact)
	worst.Event = s.Event
	if t.Event.After(s.Event) {
		worst.Event = t.Event
	}
	return worst
}

// earlier is the earlier of two times, if both are set.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// A Status keeps how things stand between a loop and the API server. It may be used
// concurrently.
type Status struct {
	mu       sync.Mutex
	complete bool // once
	state    State
	since    time.Time
	reason   string
	contact  time.Time
	event    time.Time
}

func newStatus() *Status { return &Status{state: Syncing, since: time.Now()} }

// united is the status of content that is put together from that of several loops, of which
// the first was complete.
func united(all []*Status) *Status {
	r := all[0].Report("")
	for _, s := range all[1:] {
		r = r.Worse(s.Report(""))
	}
	return &Status{complete: true, state: r.State, since: r.Since, reason: r.Reason, contact: r.Contact, event: r.Event}
}

// enter enters a state, with the reason if it is one of failure.
func (s *Status) enter(next State, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.enterLocked(next)
	s.reason = reason
}

func (s *Status) enterLocked(next State) {
	if next != s.state {
		s.state, s.since = next, time.Now()
	}
}

// listing notes that a list begins.
func (s *Status) listing() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == Synced {
		s.enterLocked(Syncing)
		s.reason = ""
	}
}

// heard notes a sign of life of the server.
func (s *Status) heard(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at.After(s.contact) {
		s.contact = at
	}
}

// changed notes an event about an object.
func (s *Status) changed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.contact = time.Now()
	s.event = s.contact
}

// completed notes a complete list. It reports whether that is the first.
func (s *Status) completed() (first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first = !s.complete
	s.complete = true
	if s.state == Syncing {
		s.enterLocked(Synced)
	}
	return first
}

// park notes that there is nothing to request, and so nothing that becomes older.
func (s *Status) park() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.enterLocked(Synced)
	s.reason, s.contact = "", time.Time{}
}

// Complete reports whether a list has ever been complete.
func (s *Status) Complete() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.complete
}

// Awaited reports whether a first complete list is to come, and may come by itself.
func (s *Status) Awaited() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.complete && !s.state.refused()
}

// refusalCounts is how long 403 must last to count: an API server that is starting answers 403
// for some seconds for what it will allow.
const refusalCounts = 5 * time.Second

// Waived reports whether no list is to be waited for. 404 counts at once: an API server that
// is starting answers 503 for what it has.
func (s *Status) Waived() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state == Absent || s.state == Forbidden && time.Since(s.since) >= refusalCounts
}

// Refused reports whether no list was ever complete, and the server has refused one for
// refusalCounts.
func (s *Status) Refused() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.complete && s.state.refused() && time.Since(s.since) >= refusalCounts
}

// State is the present state.
func (s *Status) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Report gives what is known of the resource.
func (s *Status) Report(resource string) Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := Report{Resource: resource, State: s.state, Since: s.since, Reason: s.reason, Event: s.event}
	if s.complete {
		r.Contact = s.contact
	}
	return r
}
