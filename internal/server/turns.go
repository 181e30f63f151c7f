package server

import (
	"cmp"
	"container/list"
	"net/netip"
	"sync"
)

// turns let limit scrapes be answered at a time, and as many more wait. A free turn goes
// to the network that has fewest, there to the client address that has fewest, and among
// equals to who has waited longest. When nobody else may wait, a newcomer takes the place of
// the last who came of the network and address that have most, if they have at least two
// more than the newcomer's. So no network keeps another one out, and no address another one
// of its network.
type turns struct {
	limit int

	mu             sync.Mutex
	taken, waiting int
	arrivals       int
	askers         map[string]*asker
	crowds         map[netip.Prefix]*crowd
}

// A crowd is a network of which clients have turns or wait for one.
type crowd struct{ taken, count int }

// An asker is a client address that has a turn or waits for one.
type asker struct {
	address string
	network netip.Prefix
	crowd   *crowd // of the network
	taken   int
	waiting list.List // of *ticket, in the order of their arrival
}

// A ticket is for one who waits.
type ticket struct {
	arrival int
	of      *asker
	place   *list.Element // nil once it is decided
	decided chan bool     // whether it is the ticket's turn; one message
}

func (a *asker) count() int { return a.taken + a.waiting.Len() }

// enter gives an answer at once, or a ticket.
func (t *turns) enter(address string) (granted bool, wait *ticket) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.asker(address)
	if t.taken < t.limit {
		t.take(a)
		t.keep(a)
		return true, nil
	}
	if t.waiting >= t.limit {
		most := t.crowded()
		if !most.hasTwoMore(a) {
			return false, nil
		}
		t.decide(most.waiting.Back().Value.(*ticket), false)
	}
	t.keep(a)
	t.arrivals++
	wait = &ticket{arrival: t.arrivals, of: a, decided: make(chan bool, 1)}
	wait.place = a.waiting.PushBack(wait)
	t.waiting++
	return false, wait
}

// asker is the address, which is not noted yet if it has nothing.
func (t *turns) asker(address string) *asker {
	if a := t.askers[address]; a != nil {
		return a
	}
	network := networkOf(address)
	c := t.crowds[network]
	if c == nil {
		c = &crowd{}
	}
	return &asker{address: address, network: network, crowd: c}
}

// keep notes the asker, who has one more turn or ticket.
func (t *turns) keep(a *asker) {
	a.crowd.count++
	t.askers[a.address], t.crowds[a.network] = a, a.crowd
}

func (t *turns) take(a *asker) {
	t.taken, a.taken, a.crowd.taken = t.taken+1, a.taken+1, a.crowd.taken+1
}

// hasTwoMore says whether a place may go to b without a having fewer then.
func (a *asker) hasTwoMore(b *asker) bool {
	if a.network != b.network {
		return a.crowd.count >= b.crowd.count+2
	}
	return a.count() >= b.count()+2
}

// crowded is who has most of those who wait.
func (t *turns) crowded() (most *asker) {
	for _, a := range t.askers {
		if a.waiting.Len() > 0 && (most == nil || cmp.Or(cmp.Compare(a.crowd.count, most.crowd.count), cmp.Compare(a.count(), most.count())) > 0) {
			most = a
		}
	}
	return most
}

// next is whose turn it is, nil if nobody waits.
func (t *turns) next() (next *ticket) {
	for _, a := range t.askers {
		if a.waiting.Len() == 0 {
			continue
		}
		first := a.waiting.Front().Value.(*ticket)
		if next == nil || cmp.Or(cmp.Compare(a.crowd.taken, next.of.crowd.taken), cmp.Compare(a.taken, next.of.taken), cmp.Compare(first.arrival, next.arrival)) < 0 {
			next = first
		}
	}
	return next
}

func (t *turns) decide(w *ticket, granted bool) {
	w.of.waiting.Remove(w.place)
	w.place = nil
	t.waiting--
	if granted {
		t.take(w.of)
	} else {
		t.forget(w.of)
	}
	w.decided <- granted
}

// forget notes that the asker has one turn or ticket less.
func (t *turns) forget(a *asker) {
	if a.count() == 0 {
		delete(t.askers, a.address)
	}
	if a.crowd.count--; a.crowd.count == 0 {
		delete(t.crowds, a.network)
	}
}

// giveUp is for a ticket's owner who waits no more. It says whether it was its turn just
// before.
func (t *turns) giveUp(w *ticket) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if w.place == nil {
		return <-w.decided
	}
	t.decide(w, false)
	return false
}

// leave ends a turn of the address.
func (t *turns) leave(address string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.askers[address]
	t.taken, a.taken, a.crowd.taken = t.taken-1, a.taken-1, a.crowd.taken-1
	t.forget(a)
	if w := t.next(); w != nil {
		t.decide(w, true)
	}
}
