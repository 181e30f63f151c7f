package authfilter

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
)

// Cached returns the digests of cached users and decisions.
func (f *Filter) Cached() (users, decisions []any) {
	return slices.Concat(f.users.positive.Keys(), f.users.negative.Keys()), slices.Concat(f.decisions.positive.Keys(), f.decisions.negative.Keys())
}

// Queue is the queue.
type Queue = queue

// NewQueue returns a queue.
var NewQueue = newQueue

// Wait waits for admission.
func (q *Queue) Wait(ctx context.Context, address netip.Prefix) error { return q.wait(ctx, address) }

// Verified returns the number of addresses of verified clients.
func (f *Filter) Verified() int { return len(f.verified.clients.Keys()) }

// Flows returns the number of addresses with waiting reviews.
func (q *Queue) Flows() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.order.Len()
}

// ErrBusy is the error of a full queue.
var ErrBusy = errBusy

// AddressOf returns the network of a remote address that counts as one client.
func AddressOf(remote string) netip.Prefix {
	return clientOf(&http.Request{RemoteAddr: remote}).address
}
