package handover

import (
	"maps"
	"slices"
	"time"

	"github.com/kubestate/kubestate/internal/sharding"
)

// turn is how long the successor of a lost member has to claim its ranges before the next
// successor may take over too.
const turn = 2 * time.Minute

// watchPods keeps which members are lost: their pods have not been ready for the time takeover,
// counted while this member is ready and sees the others. No member is lost while more than half
// are not ready: that is a start, or a failure to observe readiness, and the few others could not
// hold all content.
func (m *Member) watchPods(now time.Time) {
	clear(m.lost)
	own, absent := m.pods[m.number], 0
	fit := m.takeover > 0 && !m.blind && !m.leaving && m.assignment.has(m.number) && own.UID == m.uid && own.Ready && !own.Ending
	for _, n := range m.assignment.numbers() {
		if n != m.number && !m.pods[n].Ready {
			absent++
		}
	}
	if !fit || 2*absent > m.assignment.Total {
		clear(m.missing)
		return
	}
	maps.DeleteFunc(m.missing, func(n int, _ time.Time) bool { return !m.assignment.has(n) || m.pods[n].Ready })
	for _, n := range m.assignment.numbers() {
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

// Target is what the member is to serve in the end: its hash range, what it already holds of
// leaving or lost members, and what it is to take over from them. Without an assignment it is
// none.
func (m *Member) Target() sharding.Ranges {
	if !m.assigned {
		return sharding.None()
	}
	target := m.assignment.ranges(m.number)
	if !m.assignment.has(m.number) {
		return target
	}
	orphans, staying := m.orphans(), m.staying()
	claimed, before := sharding.None(), sharding.None() // by present members, and by those of smaller numbers
	for n := range m.claims {
		if c, ok := m.present(n); ok {
			claimed = claimed.Union(c.Ranges)
			if n < m.number {
				before = before.Union(c.Ranges)
			}
		}
	}
	busy := m.busy(orphans, staying)
	for _, n := range slices.Sorted(maps.Keys(orphans)) {
		orphan := orphans[n]
		target = target.Union(m.held.Intersection(orphan).Minus(before))
		target = target.Union(m.part(n, orphan, staying, busy).Minus(claimed))
	}
	return target
}

// orphans is, by number, the claim of each leaving member and the hash range of each lost one,
// less the hash ranges of the members that stay.
func (m *Member) orphans() map[int]sharding.Ranges {
	all := map[int]sharding.Ranges{}
	for n, c := range m.claims {
		if n != m.number && c.Leaving && c.Holder == m.pods[n].UID {
			all[n] = c.Ranges
		}
	}
	for n := range m.lost {
		orphan := m.assignment.ranges(n)
		if claimed, leaves := all[n]; leaves {
			orphan = orphan.Union(claimed)
		}
		all[n] = orphan
	}
	for n, orphan := range all {
		for _, c := range m.staying() {
			orphan = orphan.Minus(m.assignment.ranges(c))
		}
		all[n] = orphan
	}
	maps.DeleteFunc(all, func(_ int, orphan sharding.Ranges) bool { return orphan.IsNone() })
	return all
}

// staying are the numbers that could take over: this member, and the members of the assignment
// that are ready and stay.
func (m *Member) staying() []int {
	var staying []int
	for _, n := range m.assignment.numbers() {
		c, pod := m.claims[n], m.pods[n]
		if leaves := pod.Ending || c.Leaving && c.Holder == pod.UID; n == m.number || pod.Ready && !leaves {
			staying = append(staying, n)
		}
	}
	return staying
}

// busy are the members that have already taken over from another one.
func (m *Member) busy(orphans map[int]sharding.Ranges, staying []int) map[int]bool {
	busy := map[int]bool{}
	for _, n := range staying {
		for _, orphan := range orphans {
			busy[n] = busy[n] || m.claimsAny(n, orphan)
		}
	}
	return busy
}

// claimsAny reports whether the pod with the number claims any hash of r.
func (m *Member) claimsAny(n int, r sharding.Ranges) bool {
	c, claimed := m.claims[n]
	return claimed && c.Holder == m.pods[n].UID && !c.Ranges.Intersection(r).IsNone()
}

// part is what this member takes over of an orphan. If the API server filters, that is an even
// part. Otherwise the list of a part costs as much as the list of everything, and one member takes
// the whole orphan: one that claims a part of it, or else the next number whose member is not
// busy. Members with the same view choose the same one.
func (m *Member) part(number int, orphan sharding.Ranges, staying []int, busy map[int]bool) sharding.Ranges {
	order := slices.Clone(staying)
	at, _ := slices.BinarySearch(order, number)
	order = slices.Concat(order[at:], order[:at])
	rank := func(n int) int {
		switch {
		case m.claimsAny(n, orphan):
			return 0
		case !busy[n]:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(order, func(a, b int) int { return rank(a) - rank(b) })
	busy[order[0]] = true
	own, turns := slices.Index(order, m.number), max(1, m.lost[number])
	switch filtered := m.claims[number].Filtered; {
	case filtered && turns == 1:
		return orphan.Part(slices.Index(staying, m.number), len(staying))
	case own < turns:
		return orphan
	}
	return sharding.None()
}
