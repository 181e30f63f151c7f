package process

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// interval is the polling interval of conditions.
const interval = 50 * time.Millisecond

// Await polls condition until it returns nil. If ctx or one of the processes ends, the error includes
// the last one of the condition.
func Await(ctx context.Context, condition func(context.Context) error, needs ...*Process) error {
	ticks := time.NewTicker(interval)
	defer ticks.Stop()
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
		case <-ticks.C:
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
