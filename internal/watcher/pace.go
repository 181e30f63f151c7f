package watcher

import (
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// retry is the wait between attempts at a resource: longer each time up to a
// limit, spread so that resources do not try all at once, and short again after
// calm has passed without a failure.
var retry = wait.Backoff{Duration: 500 * time.Millisecond, Factor: 2, Jitter: 1, Steps: 6, Cap: 15 * time.Second}

// What the API server refuses it mostly goes on refusing. Rights that are
// extended must show within a minute, though; an attempt without them costs the
// API server next to nothing.
var pauses = map[State]wait.Backoff{
	Forbidden: {Duration: time.Second, Factor: 2, Jitter: 0.25, Steps: 8, Cap: 40 * time.Second},
	Absent:    {Duration: time.Second, Factor: 2, Jitter: 0.25, Steps: 10, Cap: 3 * time.Minute},
}

const calm = 2 * time.Minute

// pace gives the waits between attempts.
type pace struct {
	after   State
	backoff wait.Backoff
}

// next is the wait after an attempt that took a time and ended in a state.
func (p *pace) next(s State, took time.Duration) time.Duration {
	if !s.refused() {
		s = Failing
	}
	if s != p.after || took > calm {
		p.after, p.backoff = s, retry
		if pause, ok := pauses[s]; ok {
			p.backoff = pause
		}
	}
	return p.backoff.Step()
}
