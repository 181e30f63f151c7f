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
	// Complete says that a list has ever been complete.
	Complete bool
}

// refusalCounts is how long 403 must last to count: an API server that is starting answers 403
// for some seconds for what it will allow.
const refusalCounts = 5 * time.Second

// Refused reports whether no list is to be waited for. 404 counts at once: an API server that
// is starting answers 503 for what it has.
func (r Report) Refused() bool {
	return r.State == Absent || r.State == Forbidden && time.Since(r.Since) >= refusalCounts
}

// Settled reports whether a list has ever been complete, or is not to be waited for.
func (r Report) Settled() bool { return r.Complete || r.Refused() }

// Awaited reports whether a first complete list is to come, and may come by itself.
func (r Report) Awaited() bool { return !r.Complete && !r.State.refused() }

// Worse is the report of two loops of one resource.
func (r Report) Worse(t Report) Report {
	worst := r
	if slices.Index(States(), t.State) > slices.Index(States(), r.State) {
		worst = t
	}
	worst.Contact = earlier(r.Contact, t.Contact)
	worst.Event = r.Event
	if t.Event.After(r.Event) {
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
	mu     sync.Mutex
	report Report
}

func newStatus() *Status { return &Status{report: Report{State: Syncing, Since: time.Now()}} }

// united is the status of content that is put together from that of several loops, of which
// the first was complete.
func united(all []*Status) *Status {
	r := all[0].Report()
	for _, s := range all[1:] {
		r = r.Worse(s.Report())
	}
	r.Complete = true
	return &Status{report: r}
}

// enter enters a state, with the reason if it is one of failure.
func (s *Status) enter(next State, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.enterLocked(next)
	s.report.Reason = reason
}

func (s *Status) enterLocked(next State) {
	if next != s.report.State {
		s.report.State, s.report.Since = next, time.Now()
	}
}

// listing notes that a list begins.
func (s *Status) listing() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.report.State == Synced {
		s.enterLocked(Syncing)
		s.report.Reason = ""
	}
}

// heard notes a sign of life of the server.
func (s *Status) heard(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at.After(s.report.Contact) {
		s.report.Contact = at
	}
}

// changed notes an event about an object.
func (s *Status) changed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.report.Contact = time.Now()
	s.report.Event = s.report.Contact
}

// completed notes a complete list. It reports whether that is the first.
func (s *Status) completed() (first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first = !s.report.Complete
	s.report.Complete = true
	if s.report.State == Syncing {
		s.enterLocked(Synced)
	}
	return first
}

// park notes that there is nothing to request, and so nothing that becomes older.
func (s *Status) park() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.enterLocked(Synced)
	s.report.Reason, s.report.Contact = "", time.Time{}
}

// Report gives what is known. The resource is not.
func (s *Status) Report() Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.report
	if !r.Complete {
		r.Contact = time.Time{}
	}
	return r
}
