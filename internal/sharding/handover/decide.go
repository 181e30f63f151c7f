package handover

import (
	"time"

	"github.com/kubestate/kubestate/internal/sharding"
)

// A Decision is what a member is to do now.
type Decision struct {
	// Drop is what to take away from what there is, and from what is under way,
	// before anything else.
	Drop sharding.Ranges
	// Want is what to have after that. What lacks is to be completed beside what
	// there is, and told to Completed.
	Want sharding.Ranges
	// Open says that readers get what there is, rather than nothing.
	Open bool
	// Promise is what to tell the others, nil if they know.
	Promise *Promise
	// Ready says that the member has had all of its share once, and that the others
	// know nothing any more of what its pod may have promised before.
	Ready bool
	// End says that a leaving member may end.
	End bool
	// Awaited is what is served beyond the share, since nobody else serves it
	// yet; Overdue says that this has been so for too long.
	Awaited sharding.Ranges
	Overdue bool
}

// Decide says what to do at a time that is not before that of the last call. What
// it decides counts as done, except that the promise may be Lost.
func (m *Member) Decide(now time.Time) Decision {
	m.watch(now)
	waited := !m.waits.IsZero() && now.Sub(m.waits) >= patience
	others, target := m.others(), m.Target()
	if m.leaving {
		m.wanted = m.has
		awaited := m.Serves().Minus(others)
		own, known := m.own()
		known = known && own.Leaving || m.Serves().IsNone()
		return Decision{
			Drop: sharding.None(), Want: m.wanted, Open: m.open, Promise: m.promise(now, Promise{Serves: m.Serves(), Leaving: true}),
			Awaited: awaited, End: known && (awaited.IsNone() || !m.replaceable()),
		}
	}
	if !m.laid {
		return Decision{Drop: sharding.None(), Want: m.wanted, Promise: m.promise(now, Promise{Serves: sharding.None()}), Awaited: sharding.None()}
	}
	m.open = m.open || m.ripe(target)
	foreign := m.has.Minus(target)
	drop := m.droppable(foreign, others)
	m.has, m.wanted, m.proven = m.has.Minus(drop), m.wanted.Minus(drop), m.proven.Minus(drop)
	// What is under way and more than is needed is quicker than beginning again.
	if want := m.Serves().Union(target); !m.wanted.Contains(want) || m.has.Contains(target) {
		m.wanted = want
	}
	m.ready = m.ready || m.has.Contains(target) && m.spoken
	awaited := m.Serves().Minus(target).Minus(others)
	m.wait(awaited, now)
	return Decision{
		Drop: drop, Want: m.wanted, Open: m.open, Awaited: awaited, Overdue: waited && !awaited.IsNone(),
		Ready:   m.ready,
		Promise: m.promise(now, Promise{Serves: m.proven.Minus(foreign.Intersection(others))}),
	}
}

// ripe says whether a member that served nothing so far is to begin. The others let
// go once its pod is ready, so that it begins then, and sooner where there is
// nobody who would serve the same.
func (m *Member) ripe(target sharding.Ranges) bool {
	alone := m.promised().Intersection(target).IsNone()
	return m.has.Contains(target) && (alone || m.pods[m.number].Ready)
}

// droppable is what of the foreign nobody needs any more: nobody reads it, or the
// others know that it is not promised here, and one of them promises it.
func (m *Member) droppable(foreign, others sharding.Ranges) sharding.Ranges {
	own, known := m.own()
	switch {
	case !m.open:
		return foreign
	case !known:
		return sharding.None()
	}
	return foreign.Intersection(others).Minus(own.Serves)
}

// promise gives what is to be sent, which is one promise at a time, and nothing if it
// is known. One that is not seen in time may have been taken away before it could
// be, and is sent again.
func (m *Member) promise(now time.Time, p Promise) *Promise {
	_, known := m.own()
	if pod, ok := m.pods[m.number]; ok && pod.UID != m.uid {
		return nil // it has a successor already
	}
	p.Holder, p.Since, p.Filtered = m.uid, m.since, m.filtered
	switch {
	case m.sent == nil:
	case known && m.sent.same(p), !known && now.Sub(m.sentAt) < confirmation:
		return nil
	case m.sent.same(p): // whichever arrives will do
		m.sentAt = now
		return m.sent
	}
	m.serial++
	p.Serial = m.serial
	m.sent, m.sentAt = &p, now
	return m.sent
}

// replaceable says whether there is anybody who could take over.
func (m *Member) replaceable() bool {
	for n, pod := range m.pods {
		p := m.promises[n]
		if n != m.number && m.layout.has(n) && !pod.Ending && (!p.Leaving || p.Holder != pod.UID) {
			return true
		}
	}
	return false
}

// wait notes since when something is awaited.
func (m *Member) wait(awaited sharding.Ranges, now time.Time) {
	switch {
	case awaited.IsNone():
		m.waits = time.Time{}
	case m.waits.IsZero():
		m.waits = now
	}
}
