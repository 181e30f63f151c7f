package main

import (
	"context"
	"sync"
	"time"
)

// until is an actor that ends some time after ctx does. It calls stopping as soon
// as ctx ends. Interrupted, it waits for nothing.
func until(ctx context.Context, delay time.Duration, stopping func()) (execute func() error, interrupt func(error)) {
	interrupted := make(chan struct{})
	over := sync.OnceFunc(func() { close(interrupted) })
	execute = func() error {
		select {
		case <-ctx.Done():
		case <-interrupted:
			return nil
		}
		stopping()
		rest := time.NewTimer(delay)
		defer rest.Stop()
		select {
		case <-rest.C:
		case <-interrupted:
		}
		return nil
	}
	return execute, func(error) { over() }
}

// background adapts a function that runs until its context ends to an actor.
func background(ctx context.Context, f func(context.Context)) (execute func() error, interrupt func(error)) {
	ctx, cancel := context.WithCancel(ctx)
	return func() error { f(ctx); return nil }, func(error) { cancel() }
}
