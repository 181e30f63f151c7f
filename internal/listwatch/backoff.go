package listwatch

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
)

// backoffs are the backoffs of failed requests by the state after the failure: exponential with a cap
// and jitter. 403 and 404 rarely heal, but granted rights must take effect within a minute.
var backoffs = map[State]wait.Backoff{
	Failing:   {Duration: 500 * time.Millisecond, Factor: 2, Jitter: 1, Steps: 6, Cap: 15 * time.Second},
	Forbidden: {Duration: time.Second, Factor: 2, Jitter: 0.25, Steps: 8, Cap: 40 * time.Second},
	Absent:    {Duration: time.Second, Factor: 2, Jitter: 0.25, Steps: 10, Cap: 3 * time.Minute},
}

// resetAfter is the time without a failure after which a backoff starts again.
const resetAfter = 2 * time.Minute

// A pacer determines the pauses after failed requests.
type pacer struct {
	after   State
	last    time.Time // the end of the last pause
	backoff wait.Backoff
}

// next returns the pause after a request that failed with err and led to a state. It is at least the
// server's Retry-After.
func (p *pacer) next(s State, err error, now time.Time) time.Duration {
	if !s.refused() {
		s = Failing
	}
	if s != p.after || now.Sub(p.last) > resetAfter {
		p.after, p.backoff = s, backoffs[s]
	}
	d := p.backoff.Step()
	if seconds, ok := apierrors.SuggestsClientDelay(err); ok {
		d = max(d, time.Duration(seconds)*time.Second)
	}
	p.last = now.Add(d)
	return d
}

// sleep waits for d or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-ctx.Done()
}
