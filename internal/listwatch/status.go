package listwatch

import (
	"slices"
	"sync"
	"time"
)

// A State is the state of a resource's requests to the API server.
type State string

// The states, best first. A resource that is watched in several namespaces has the worst of theirs.
const (
	// Synced: the list is complete, and its watch is open or being resumed.
	Synced State = "synced"
	// Syncing: a list or relist is running.
	Syncing State = "syncing"
	// Absent: the API server does not have the resource.
	Absent State = "absent"
	// Forbidden: the API server refuses access.
	Forbidden State = "forbidden"
	// Failing: the last request failed for another reason.
	Failing State = "error"
)

// States returns all states, best first.
func States() []State { return []State{Synced, Syncing, Absent, Forbidden, Failing} }

// refused reports whether the API server refuses requests.
func (s State) refused() bool { return s == Absent || s == Forbidden }

// A Report is the status of one resource.
type Report struct {
	// Resource is the resource's key, such as "pods".
	Resource string
	State    State
	// Since is the time of the last change of state.
	Since time.Time
	// Reason is the reason of a failure, empty otherwise.
	Reason string
	// Contact is the time of the API server's last response, event or bookmark of the resource. It
	// is zero before the first complete list.
	Contact time.Time
	// Event is the time of the last change of an object; zero for never.
	Event time.Time
	// Complete is set from the first complete list on.
	Complete bool
	// Lacking is the number of selected namespaces without objects in the content, since they are
	// being added.
	Lacking int

	tentative bool // something else is requested if this is forbidden
}

// refusalTime is the time until 403 counts: a starting API server sends 403 for some seconds.
const refusalTime = 5 * time.Second

// badSelector is the reason if the API server does not support a field of the selector.
const badSelector = "BadFieldSelector"

// refused reports whether the API server refuses requests.
func (r Report) refused() bool {
	return (r.State.refused() || r.Reason == badSelector) && (!r.tentative || r.State != Forbidden)
}

// Forbidden reports whether no list was ever complete, and 403 lasts.
func (r Report) Forbidden() bool {
	return r.State == Forbidden && !r.Complete && time.Since(r.Since) >= refusalTime
}

// Refused reports whether the API server refuses lists for good. 404 counts at once: a starting API
// server sends 503.
func (r Report) Refused() bool {
	return r.State == Absent || r.refused() && time.Since(r.Since) >= refusalTime
}

// Settled reports whether a list has ever been complete, or is refused.
func (r Report) Settled() bool { return r.Complete || r.Refused() }

// Awaited reports whether the first complete list is outstanding and not refused.
func (r Report) Awaited() bool { return !r.Complete && !r.refused() }

// Worse returns the combined report of two loops of one resource.
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

// enter enters a state, with the reason of a failure.
func (r *Report) enter(next State, reason string) {
	if next != r.State {
		r.State, r.Since = next, time.Now()
	}
	r.Reason = reason
}

// A status has the report of a loop. It may be used concurrently.
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

// recordContact records a response, event or bookmark of the server.
func (s *status) recordContact(at time.Time) {
	s.update(func(r *Report) {
		if at.After(r.Contact) {
			r.Contact = at
		}
	})
}

// Report returns the present report.
func (s *status) Report() (now Report) {
	s.update(func(r *Report) { now = *r })
	if !now.Complete {
		now.Contact = time.Time{}
	}
	return now
}
