package server

import (
	"container/list"
	"sync"
)

// turns let limit scrapes be answered at a time, and as many more wait. A free turn goes
// to the client address that has fewest, and among equals to who has waited longest. When
// nobody else may wait, a newcomer takes the place of the last who came of the address that
// has most, if that has at least two more than the newcomer's. So no address keeps
// another one out.
type turns struct {
	limit int

	mu             sync.Mutex
	taken, waiting int
	arrivals       int
	askers         map[string]*asker
}

// An asker is a client address that has a turn or waits for one.
type asker struct {
	address string
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
	a := t.askers[address]
	if a == nil {
		a = &asker{address: address}
	}
	if t.taken < t.limit {
		t.askers[address] = a
		t.taken, a.taken = t.taken+1, a.taken+1
		return true, nil
	}
	if t.waiting >= t.limit {
		most := t.crowded()
		if most.count() < a.count()+2 {
			return false, nil
		}
		t.decide(most.waiting.Back().Value.(*ticket), false)
	}
	t.askers[address] = a
	t.arrivals++
	wait = &ticket{arrival: t.arrivals, of: a, decided: make(chan bool, 1)}
	wait.place = a.waiting.PushBack(wait)
	t.waiting++
	return false, wait
}

// crowded is who has most of those who wait.
func (t *turns) crowded() (most *asker) {
	for _, a := range t.askers {
		if a.waiting.Len() > 0 && (most == nil || a.count() > most.count()) {
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
		if next == nil || a.taken < next.of.taken || a.taken == next.of.taken && first.arrival < next.arrival {
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
		t.taken, w.of.taken = t.taken+1, w.of.taken+1
	}
	t.forget(w.of)
	w.decided <- granted
}

func (t *turns) forget(a *asker) {
	if a.count() == 0 {
		delete(t.askers, a.address)
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
	t.taken, a.taken = t.taken-1, a.taken-1
	t.forget(a)
	if w := t.next(); w != nil {
		t.decide(w, true)
	}
}
