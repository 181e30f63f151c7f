package server

import (
	"cmp"
	"container/list"
	"net/netip"
	"sync"
)

// A queue admits limit scrapes at a time, and queues as many more. A free slot goes to the network with
// the fewest active scrapes, there to the client address with the fewest, and among equals to the
// oldest waiter. When the queue is full, a new scrape displaces the newest waiter of the network and
// address with the most scrapes, if they have at least two more than its own. So no network locks
// another one out, and no address another one of its network.
type queue struct {
	limit int

	mu              sync.Mutex
	active, waiting int
	arrivals        int
	clients         map[string]*client
	networks        map[netip.Prefix]*network
}

func newQueue(limit int) *queue {
	return &queue{limit: limit, clients: map[string]*client{}, networks: map[netip.Prefix]*network{}}
}

// A network counts the active scrapes, and those with the waiting ones, of its addresses.
type network struct{ active, count int }

// A client is an address with active or waiting scrapes.
type client struct {
	address string
	prefix  netip.Prefix
	network *network // of prefix
	active  int
	waiting list.List // of *waiter, by arrival
}

// A waiter is a queued scrape.
type waiter struct {
	arrival  int
	of       *client
	place    *list.Element // nil once decided
	admitted chan bool     // one message
}

func (c *client) count() int { return c.active + c.waiting.Len() }

// enter admits or refuses a scrape of the address at once, or returns a waiter.
func (q *queue) enter(address string) (admitted bool, wait *waiter) {
	q.mu.Lock()
	defer q.mu.Unlock()
	c := q.client(address)
	if q.active < q.limit {
		q.activate(c)
		q.keep(c)
		return true, nil
	}
	if q.waiting >= q.limit {
		most := q.largest()
		if !most.hasTwoMore(c) {
			return false, nil
		}
		q.decide(most.waiting.Back().Value.(*waiter), false)
	}
	q.keep(c)
	q.arrivals++
	wait = &waiter{arrival: q.arrivals, of: c, admitted: make(chan bool, 1)}
	wait.place = c.waiting.PushBack(wait)
	q.waiting++
	return false, wait
}

// client is that of an address. A new one has to be kept.
func (q *queue) client(address string) *client {
	if c := q.clients[address]; c != nil {
		return c
	}
	prefix := networkOf(address)
	n := q.networks[prefix]
	if n == nil {
		n = &network{}
	}
	return &client{address: address, prefix: prefix, network: n}
}

// keep counts one more scrape of a client.
func (q *queue) keep(c *client) {
	c.network.count++
	q.clients[c.address], q.networks[c.prefix] = c, c.network
}

func (q *queue) activate(c *client) {
	q.active, c.active, c.network.active = q.active+1, c.active+1, c.network.active+1
}

// hasTwoMore reports whether c keeps at least as many scrapes as o when one goes from c to o.
func (c *client) hasTwoMore(o *client) bool {
	if c.prefix != o.prefix {
		return c.network.count >= o.network.count+2
	}
	return c.count() >= o.count()+2
}

// largest is the client with waiters that has the most scrapes.
func (q *queue) largest() (most *client) {
	for _, c := range q.clients {
		if c.waiting.Len() > 0 && (most == nil || cmp.Or(cmp.Compare(c.network.count, most.network.count), cmp.Compare(c.count(), most.count())) > 0) {
			most = c
		}
	}
	return most
}

// next is the waiter to admit, nil if there is none.
func (q *queue) next() (next *waiter) {
	for _, c := range q.clients {
		if c.waiting.Len() == 0 {
			continue
		}
		first := c.waiting.Front().Value.(*waiter)
		if next == nil || cmp.Or(cmp.Compare(c.network.active, next.of.network.active), cmp.Compare(c.active, next.of.active), cmp.Compare(first.arrival, next.arrival)) < 0 {
			next = first
		}
	}
	return next
}

func (q *queue) decide(w *waiter, admitted bool) {
	w.of.waiting.Remove(w.place)
	w.place = nil
	q.waiting--
	if admitted {
		q.activate(w.of)
	} else {
		q.forget(w.of)
	}
	w.admitted <- admitted
}

// forget counts one scrape of a client less.
func (q *queue) forget(c *client) {
	if c.count() == 0 {
		delete(q.clients, c.address)
	}
	if c.network.count--; c.network.count == 0 {
		delete(q.networks, c.prefix)
	}
}

// giveUp removes a waiter. It reports whether the waiter had just been admitted.
func (q *queue) giveUp(w *waiter) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if w.place == nil {
		return <-w.admitted
	}
	q.decide(w, false)
	return false
}

// leave ends an active scrape of the address.
func (q *queue) leave(address string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	c := q.clients[address]
	q.active, c.active, c.network.active = q.active-1, c.active-1, c.network.active-1
	q.forget(c)
	if w := q.next(); w != nil {
		q.decide(w, true)
	}
}
