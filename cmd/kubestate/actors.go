package main

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// until returns an actor that calls over when ctx ends, and ends when over returns. over must
// return at once when it is interrupted.
func until(ctx context.Context, over func(interrupted <-chan struct{})) (execute func() error, interrupt func(error)) {
	interrupted := make(chan struct{})
	stop := sync.OnceFunc(func() { close(interrupted) })
	execute = func() error {
		select {
		case <-ctx.Done():
		case <-interrupted:
			return nil
		}
		over(interrupted)
		return nil
	}
	return execute, func(error) { stop() }
}

// wait waits for d, or until one of the channels is closed.
func wait(d time.Duration, done, interrupted <-chan struct{}) {
	rest := time.NewTimer(d)
	defer rest.Stop()
	select {
	case <-rest.C:
	case <-done:
	case <-interrupted:
	}
}

// both joins two actors that are interrupted at the same time, where run.Group would interrupt the
// second after the first has ended. It ends when both have.
func both(executeA func() error, interruptA func(error), executeB func() error, interruptB func(error)) (execute func() error, interrupt func(error)) {
	var begun atomic.Bool
	ended := make(chan struct{})
	interrupt = func(err error) {
		if begun.Swap(true) {
			<-ended
			return
		}
		var ending sync.WaitGroup
		ending.Go(func() { interruptA(err) })
		ending.Go(func() { interruptB(err) })
		ending.Wait()
		close(ended)
	}
	execute = func() error {
		results := make(chan error, 2)
		go func() { results <- executeA() }()
		go func() { results <- executeB() }()
		first := <-results
		interrupt(first)
		return cmp.Or(first, <-results)
	}
	return execute, interrupt
}

// background returns an actor that runs a function until its context is cancelled.
func background(ctx context.Context, f func(context.Context)) (execute func() error, interrupt func(error)) {
	ctx, cancel := context.WithCancel(ctx)
	return func() error { f(ctx); return nil }, func(error) { cancel() }
}
