package handover

import (
	"time"

	"github.com/kubestate/kubestate/internal/sharding"
)

// A wait measures how long a condition has lasted.
type wait struct{ since time.Time }

// over reports whether a condition has lasted for limit.
func (w *wait) over(now time.Time, lasts bool, limit time.Duration) bool {
	switch {
	case !lasts:
		w.since = time.Time{}
	case w.since.IsZero():
		w.since = now
	}
	return lasts && now.Sub(w.since) >= limit
}

// A waitFor measures how long all of some ranges have been waited for.
type waitFor struct {
	wait
	ranges sharding.Ranges
}

// over reports whether ranges have been waited for as long as limit.
func (w *waitFor) over(now time.Time, r sharding.Ranges, blind bool, limit time.Duration) bool {
	if !w.ranges.Contains(r) {
		w.since = time.Time{}
	}
	w.ranges = r
	return w.wait.over(now, !r.IsNone() && !blind, limit)
}
