package authfilter

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
)

// Kept are the digests and answers that the filter keeps.
func (f *Filter) Kept() (tokens, verdicts []any) {
	return slices.Concat(f.tokens.yes.Keys(), f.tokens.no.Keys()), slices.Concat(f.verdicts.yes.Keys(), f.verdicts.no.Keys())
}

// Queue is the queue.
type Queue = queue

// NewQueue makes one.
var NewQueue = newQueue

// Wait waits for a turn.
func (q *Queue) Wait(ctx context.Context, address netip.Prefix) error { return q.wait(ctx, address) }

// Readers are how many addresses are remembered.
func (f *Filter) Readers() int { return len(f.readers.seen.Keys()) }

// Flows are how many addresses wait.
func (q *Queue) Flows() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.order.Len()
}

// ErrBusy is what who cannot wait gets.
var ErrBusy = errBusy

// AddressOf is what of a remote address is taken for one client.
func AddressOf(remote string) netip.Prefix {
	return clientOf(&http.Request{RemoteAddr: remote}).address
}
