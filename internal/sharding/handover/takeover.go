package handover

import (
	"maps"
	"slices"
	"time"

	"github.com/kubestate/kubestate/internal/sharding"
)

// turn is how long the one who is to take over from a lost member may take until
// the next one may do so too.
const turn = 2 * time.Minute

// watch notes which members are lost: their pods have not been ready for the time
// takeover. That time counts only while this member is ready and sees the others. If
// most of them are not ready, none is lost: that looks like a start, or like a
// fault of what tells of readiness, and the few others could not hold it all.
func (m *Member) watch(now time.Time) {
	clear(m.lost)
	own, absent := m.pods[m.number], 0
	fit := m.takeover > 0 && !m.blind && !m.leaving && m.layout.has(m.number) && own.UID == m.uid && own.Ready && !own.Ending
	for _, n := range m.layout.numbers() {
		if n != m.number && !m.pods[n].Ready {
			absent++
		}
	}
	if !fit || 2*absent > m.layout.Total {
		clear(m.missing)
		return
	}
	maps.DeleteFunc(m.missing, func(n int, _ time.Time) bool { return !m.layout.has(n) || m.pods[n].Ready })
	for _, n := range m.layout.numbers() {
		if n == m.number || m.pods[n].Ready {
			continue
		}
		since, noted := m.missing[n]
		if !noted {
			since, m.missing[n] = now, now
		}
		if beyond := now.Sub(since) - m.takeover; beyond >= 0 {
			m.lost[n] = 1 + int(beyond/turn)
		}
	}
}

// Target is what the member is to serve in the end: its share of the layout, and of
// what members have that leave or are lost, what it has already or is to take over.
// Until the layout is known there is none.
func (m *Member) Target() sharding.Ranges {
	if !m.laid {
		return sharding.None()
	}
	target := m.layout.share(m.number)
	if !m.layout.has(m.number) {
		return target
	}
	orphans, staying := m.orphans(), m.staying()
	served, before := sharding.None(), sharding.None() // by others, and by those of smaller numbers
	for n := range m.promises {
		if p, ok := m.present(n); ok {
			served = served.Union(p.Serves)
			if n < m.number {
				before = before.Union(p.Serves)
			}
		}
	}
	busy := m.busy(orphans, staying)
	for _, n := range slices.Sorted(maps.Keys(orphans)) {
		orphan := orphans[n]
		target = target.Union(m.has.Intersection(orphan).Minus(before))
		target = target.Union(m.part(n, orphan, staying, busy).Minus(served))
	}
	return target
}

// orphans is what nobody who stays has in its share of what the members with the
// numbers serve that leave, or are to serve that are lost.
func (m *Member) orphans() map[int]sharding.Ranges {
	all := map[int]sharding.Ranges{}
	for n, p := range m.promises {
		if n != m.number && p.Leaving && p.Holder == m.pods[n].UID {
			all[n] = p.Serves
		}
	}
	for n := range m.lost {
		orphan := m.layout.share(n)
		if serves, leaves := all[n]; leaves {
			orphan = orphan.Union(serves)
		}
		all[n] = orphan
	}
	for n, orphan := range all {
		for _, c := range m.staying() {
			orphan = orphan.Minus(m.layout.share(c))
		}
		all[n] = orphan
	}
	maps.DeleteFunc(all, func(_ int, orphan sharding.Ranges) bool { return orphan.IsNone() })
	return all
}

// staying are the numbers of those who could take over: this member, and those of
// the layout whose pods are ready and stay.
func (m *Member) staying() []int {
	var staying []int
	for _, n := range m.layout.numbers() {
		p, pod := m.promises[n], m.pods[n]
		if leaves := pod.Ending || p.Leaving && p.Holder == pod.UID; n == m.number || pod.Ready && !leaves {
			staying = append(staying, n)
		}
	}
	return staying
}

// busy says who has taken over from another already.
func (m *Member) busy(orphans map[int]sharding.Ranges, staying []int) map[int]bool {
	busy := map[int]bool{}
	for _, n := range staying {
		for _, orphan := range orphans {
			busy[n] = busy[n] || m.serves(n, orphan)
		}
	}
	return busy
}

// serves says whether the pod of a number promises any of the ranges.
func (m *Member) serves(n int, r sharding.Ranges) bool {
	p, promised := m.promises[n]
	return promised && p.Holder == m.pods[n].UID && !p.Serves.Intersection(r).IsNone()
}

// part is what of an orphan this member is to take over. It is an even part if the API
// server sends no more than that. Otherwise to list a part costs as much as to list
// all, and the whole orphan goes to one of those who stay: to one who has
// of it, or the next one after the number who has not taken over from another. All
// who see the same choose the same one.
func (m *Member) part(number int, orphan sharding.Ranges, staying []int, busy map[int]bool) sharding.Ranges {
	order := slices.Clone(staying)
	at, _ := slices.BinarySearch(order, number)
	order = slices.Concat(order[at:], order[:at])
	rank := func(n int) int {
		switch {
		case m.serves(n, orphan):
			return 0
		case !busy[n]:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(order, func(a, b int) int { return rank(a) - rank(b) })
	busy[order[0]] = true
	own, turns := slices.Index(order, m.number), max(1, m.lost[number])
	switch filtered := m.promises[number].Filtered; {
	case filtered && turns == 1:
		return orphan.Part(slices.Index(staying, m.number), len(staying))
	case own < turns:
		return orphan
	}
	return sharding.None()
}

// numbers are those of the pods of the layout, in order.
func (l Layout) numbers() []int {
	var all []int
	for n := l.Start; n < l.Start+l.Total; n++ {
		all = append(all, n)
	}
	return all
}
