package authfilter

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// errBusy is the error of a review that was not sent because the queue is full or slow.
var errBusy = errors.New("too many reviews are queued")

// A queue admits reviews at a rate, fairly among addresses: round robin over the addresses with
// waiting reviews, first in first out within an address. The number of addresses and of reviews
// of each is bounded: beyond, reviews are rejected at once.
//
// flowcontrol of client-go and time/rate are first in first out over all callers, and the fair
// queuing of API servers is not a library.
type queue struct {
	limiter             *rate.Limiter
	maxFlows, maxLength int

	mu        sync.Mutex
	flows     map[netip.Prefix]*list.Element // of order
	order     list.List                      // of *flow, the next one first
	scheduled bool                           // a timer will call dispatch
}

// A flow has the waiting reviews of an address, at least one.
type flow struct {
	address netip.Prefix
	waiting []chan struct{} // closed on admission
}

// newQueue returns a queue that admits reviews at a rate and in a burst.
func newQueue(perSecond, burst, maxFlows, maxLength int) *queue {
	return &queue{
		limiter:  rate.NewLimiter(rate.Limit(perSecond), burst),
		maxFlows: maxFlows, maxLength: maxLength,
		flows: map[netip.Prefix]*list.Element{},
	}
}

// wait waits until a review of the address is admitted.
func (q *queue) wait(ctx context.Context, address netip.Prefix) error {
	admitted, err := q.enqueue(address)
	if err != nil {
		return err
	}
	select {
	case <-admitted:
		return nil
	case <-ctx.Done():
	}
	if !q.remove(address, admitted) {
		return nil // admitted meanwhile
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("%w: not admitted within %s", errBusy, reviewTimeout)
	}
	return ctx.Err()
}

// enqueue returns a channel that is closed on admission.
func (q *queue) enqueue(address netip.Prefix) (<-chan struct{}, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	admitted := make(chan struct{})
	if q.order.Len() == 0 && q.limiter.Allow() {
		close(admitted)
		return admitted, nil
	}
	e := q.flows[address]
	if e == nil {
		if q.order.Len() >= q.maxFlows {
			return nil, fmt.Errorf("%w: %d addresses", errBusy, q.maxFlows)
		}
		e = q.order.PushBack(&flow{address: address})
		q.flows[address] = e
	}
	f := e.Value.(*flow)
	if len(f.waiting) >= q.maxLength {
		return nil, fmt.Errorf("%w: %d of address %s", errBusy, q.maxLength, address)
	}
	f.waiting = append(f.waiting, admitted)
	q.schedule()
	return admitted, nil
}

// remove removes a review from the queue. It returns false if the review was admitted.
func (q *queue) remove(address netip.Prefix, admitted <-chan struct{}) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	e := q.flows[address]
	if e == nil {
		return false
	}
	f := e.Value.(*flow)
	i := slices.IndexFunc(f.waiting, func(c chan struct{}) bool { return c == admitted })
	if i < 0 {
		return false
	}
	f.waiting = slices.Delete(f.waiting, i, i+1)
	q.removeIfEmpty(e)
	return true
}

func (q *queue) removeIfEmpty(e *list.Element) {
	if f := e.Value.(*flow); len(f.waiting) == 0 {
		q.order.Remove(e)
		delete(q.flows, f.address)
	}
}

// schedule sets a timer for the next dispatch, if reviews wait and none is set.
func (q *queue) schedule() {
	if q.scheduled || q.order.Len() == 0 {
		return
	}
	q.scheduled = true
	r := q.limiter.Reserve()
	delay := max(r.Delay(), time.Millisecond) // Delay may round down
	r.Cancel()                                // dispatch takes the token, if reviews still wait
	time.AfterFunc(delay, q.dispatch)
}

// dispatch admits as many reviews as the limiter allows.
func (q *queue) dispatch() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.scheduled = false
	for q.order.Len() > 0 && q.limiter.Allow() {
		e := q.order.Front()
		f := e.Value.(*flow)
		close(f.waiting[0])
		f.waiting = slices.Delete(f.waiting, 0, 1)
		q.order.MoveToBack(e)
		q.removeIfEmpty(e)
	}
	q.schedule()
}
