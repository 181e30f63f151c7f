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

// errBusy says that a question could not be asked because of others.
var errBusy = errors.New("too many others wait")

// A queue gives turns at a rate, fairly among addresses: each address that waits gets
// one before any gets a second. At one address who came first goes first. How many
// addresses can wait, and how many questions of each of them, is bounded: what is more
// is refused at once.
//
// flowcontrol of client-go and time/rate serve who comes first, and fair queuing of API
// servers is not a library.
type queue struct {
	limiter        *rate.Limiter
	addresses, per int

	mu    sync.Mutex
	flows map[netip.Prefix]*list.Element // of order
	order list.List                      // of *flow, the next one first
	armed bool                           // a timer will call serve
}

// A flow is what waits of one address; there is something.
type flow struct {
	address netip.Prefix
	waiting []chan struct{} // closed when it is their turn
}

// newQueue makes a queue of so many turns a second, and so many at once after a rest.
func newQueue(perSecond, burst, addresses, per int) *queue {
	return &queue{
		limiter:   rate.NewLimiter(rate.Limit(perSecond), burst),
		addresses: addresses, per: per,
		flows: map[netip.Prefix]*list.Element{},
	}
}

// wait waits for a turn of the address.
func (q *queue) wait(ctx context.Context, address netip.Prefix) error {
	turn, err := q.enter(address)
	if err != nil {
		return err
	}
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	if !q.leave(address, turn) {
		return nil // it has just come
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("%w for a turn, longer than %s", errBusy, patience)
	}
	return ctx.Err()
}

// enter gives what is closed when it is the address' turn.
func (q *queue) enter(address netip.Prefix) (<-chan struct{}, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	turn := make(chan struct{})
	if q.order.Len() == 0 && q.limiter.Allow() {
		close(turn)
		return turn, nil
	}
	e := q.flows[address]
	if e == nil {
		if q.order.Len() >= q.addresses {
			return nil, fmt.Errorf("%w, from %d addresses", errBusy, q.addresses)
		}
		e = q.order.PushBack(&flow{address: address})
		q.flows[address] = e
	}
	f := e.Value.(*flow)
	if len(f.waiting) >= q.per {
		return nil, fmt.Errorf("%w of address %s, %d", errBusy, address, q.per)
	}
	f.waiting = append(f.waiting, turn)
	q.arm()
	return turn, nil
}

// leave takes back what has not had its turn, and says whether there was such.
func (q *queue) leave(address netip.Prefix, turn <-chan struct{}) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	e := q.flows[address]
	if e == nil {
		return false
	}
	f := e.Value.(*flow)
	i := slices.IndexFunc(f.waiting, func(t chan struct{}) bool { return t == turn })
	if i < 0 {
		return false
	}
	f.waiting = slices.Delete(f.waiting, i, i+1)
	q.settle(e)
	return true
}

// settle forgets the flow if nothing of it waits.
func (q *queue) settle(e *list.Element) {
	if f := e.Value.(*flow); len(f.waiting) == 0 {
		q.order.Remove(e)
		delete(q.flows, f.address)
	}
}

// arm has serve called when there is a turn again.
func (q *queue) arm() {
	if q.armed || q.order.Len() == 0 {
		return
	}
	q.armed = true
	r := q.limiter.Reserve()
	delay := max(r.Delay(), time.Millisecond) // which may be rounded down
	r.Cancel()                                // who waits then may be none
	time.AfterFunc(delay, q.serve)
}

// serve gives those turns that there are.
func (q *queue) serve() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.armed = false
	for q.order.Len() > 0 && q.limiter.Allow() {
		e := q.order.Front()
		f := e.Value.(*flow)
		close(f.waiting[0])
		f.waiting = slices.Delete(f.waiting, 0, 1)
		q.order.MoveToBack(e)
		q.settle(e)
	}
	q.arm()
}
