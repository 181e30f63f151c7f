package clusters

import (
	"time"

	"github.com/kubestate/kubestate/internal/listwatch"
)

// A State is the state of a cluster.
type State string

// The states, best first.
const (
	// Up: everything that may be read is current.
	Up State = "up"
	// Syncing: the first lists are running.
	Syncing State = "syncing"
	// Degraded: requests of some resources fail, or all are forbidden.
	Degraded State = "degraded"
	// Down: requests of all resources fail.
	Down State = "down"
	// Invalid: there is no content, as the kubeconfig cannot be used.
	Invalid State = "invalid"
)

// States returns all states, best first.
func States() []State { return []State{Up, Syncing, Degraded, Down, Invalid} }

// A Health is the health of a cluster.
type Health struct {
	State State
	// Reason is that of a failure, empty otherwise.
	Reason string
	// Since is the time of the last change of a resource that explains the state, zero if unknown.
	Since time.Time
	// Contact is the time of the last response, of the resource for which that is the oldest. It is zero before
	// the first complete list.
	Contact time.Time
}

// HealthOf returns the health of a cluster from the reports of its resources, of which refused ones do not
// count. complete says that the content has been complete once.
func HealthOf(complete bool, reports []listwatch.Report) Health {
	h := Health{State: Up}
	failing, asked, forbidden := 0, 0, 0
	for _, r := range reports {
		if !r.Contact.IsZero() && (h.Contact.IsZero() || r.Contact.Before(h.Contact)) {
			h.Contact = r.Contact
		}
		switch r.State {
		case listwatch.Absent:
			continue
		case listwatch.Forbidden:
			forbidden++
			continue
		case listwatch.Failing:
			failing++
			if h.Reason == "" {
				h.Reason, h.Since = r.Reason, r.Since
			}
		}
		asked++
	}
	switch {
	case failing > 0 && failing == asked:
		h.State = Down
	case !complete:
		h.State = Syncing
	case failing > 0:
		h.State = Degraded
	case asked == 0 && forbidden > 0:
		h.State, h.Reason = Degraded, "Forbidden"
	}
	return h
}
