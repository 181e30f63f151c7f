package process

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// pause is the time between two looks at a condition.
const pause = 50 * time.Millisecond

// Await calls condition until it returns nil. It gives up when ctx ends or one
// of the processes does, and then returns the last error of the condition too.
func Await(ctx context.Context, condition func(context.Context) error, needs ...*Process) error {
	ticks := time.NewTicker(pause)
	defer ticks.Stop()
	var last error
	for {
		err := condition(ctx)
		if err == nil {
			return nil
		}
		// Cut off by the end of ctx, the condition could not say what is wrong.
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
