package process

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Bounds of the pause between two polls of a condition.
const shortest, longest = 50 * time.Millisecond, 250 * time.Millisecond

// pause returns the pause before the next poll of a condition that has been polled for a time: an eighth
// of it, so that a long wait does not take the processors from what it waits for.
func pause(polled time.Duration) time.Duration { return min(max(shortest, polled/8), longest) }

// Await polls condition until it returns nil. If ctx or one of the processes ends, the error includes
// the last one of the condition.
func Await(ctx context.Context, condition func(context.Context) error, needs ...*Process) error {
	began := time.Now()
	var last error
	for {
		err := condition(ctx)
		if err == nil {
			return nil
		}
		// A condition that ctx has canceled has no useful error.
		if ctx.Err() == nil || last == nil {
			last = err
		}
		for _, p := range needs {
			if ended := p.Err(); ended != nil {
				return errors.Join(ended, last)
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), last)
		case <-time.After(pause(time.Since(began))):
		}
	}
}

// Within is Await with a deadline of its own.
func Within(ctx context.Context, limit time.Duration, condition func(context.Context) error, needs ...*Process) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not within %s", limit))
	defer cancel()
	return Await(ctx, condition, needs...)
}

// Sleep waits for d, or until ctx ends.
func Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
