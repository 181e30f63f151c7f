package main

import (
	"context"
	"sync"
	"time"
)

// until is an actor that ends some time after ctx does: when over, which is called
// as soon as ctx ends, returns. over is to wait for nothing once it is interrupted.
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

// wait waits for a time, or until one of the channels is closed.
func wait(d time.Duration, done, interrupted <-chan struct{}) {
	rest := time.NewTimer(d)
	defer rest.Stop()
	select {
	case <-rest.C:
	case <-done:
	case <-interrupted:
	}
}

// background adapts a function that runs until its context ends to an actor.
func background(ctx context.Context, f func(context.Context)) (execute func() error, interrupt func(error)) {
	ctx, cancel := context.WithCancel(ctx)
	return func() error { f(ctx); return nil }, func(error) { cancel() }
}
