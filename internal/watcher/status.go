package watcher

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

// A Status is what is known of one resource.
type Status struct {
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

// worse is the status of two feeds of a resource.
func (s Status) worse(t Status) Status {
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

// health keeps the status of a feed. It is set by the goroutines that talk to
// the API server, and may be read by any.
type health struct {
	mu       sync.Mutex
	complete bool // once
	state    State
	since    time.Time
	reason   string
	contact  time.Time
	event    time.Time
}

func newHealth() *health { return &health{state: Syncing, since: time.Now()} }

// enter notes a state, and why it is one of failure.
func (h *health) enter(s State, reason string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s != h.state {
		h.state, h.since = s, time.Now()
	}
	h.reason = reason
}

// heard notes a sign of life.
func (h *health) heard() { h.heardAt(time.Now()) }

// heardAt notes that there was a sign of life.
func (h *health) heardAt(t time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t.After(h.contact) {
		h.contact = t
	}
}

// changed notes an event that tells of an object.
func (h *health) changed() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.contact = time.Now()
	h.event = h.contact
}

// completed notes that the list is complete. It says whether that is for the
// first time.
func (h *health) completed() (first bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	first = !h.complete
	h.complete = true
	if h.state == Syncing {
		h.state, h.since = Synced, time.Now()
	}
	return first
}

// wasComplete says whether a list has ever been complete.
func (h *health) wasComplete() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.complete
}

// awaited says whether there is still a first complete list to wait for, and
// that it may come by itself.
func (h *health) awaited() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.complete && !h.state.refused()
}

// waived says whether there is no list to wait for. 404 is final: an API server that
// is starting answers 503 for what it has, but may answer 403 for some seconds.
func (h *health) waived() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.state == Absent || h.state == Forbidden && time.Since(h.since) >= refusedFor
}

// settled says whether a list has ever been complete, or has been refused for some
// time.
func (h *health) settled(refused time.Duration) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.complete || h.state.refused() && time.Since(h.since) >= refused
}

// current is the state.
func (h *health) current() State {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.state
}

// status gives what is known of the resource.
func (h *health) status(resource string) Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := Status{Resource: resource, State: h.state, Since: h.since, Reason: h.reason, Event: h.event}
	if h.complete {
		s.Contact = h.contact
	}
	return s
}
