package handover

import (
	"time"

	"github.com/kubestate/kubestate/internal/sharding"
)

// A Decision is what a member does now.
type Decision struct {
	// Release is what to remove from the content, complete or not, before anything else.
	Release sharding.Ranges
	// Want is the content after that. What is missing is listed beside the present content, and
	// reported to Completed.
	Want sharding.Ranges
	// Serve says whether readers get the content.
	Serve bool
	// Claim is the claim to write, nil if the API server has it.
	Claim *Claim
	// Ready says that the member has had all of its hash range once, and that older claims of
	// its pod are overwritten.
	Ready bool
	// Exit says that a leaving member may exit.
	Exit bool
	// Resume is what to count from positions on, in the journal and directly. Then Hold is what to keep in
	// the journal from now on; initially that is everything. Then Settle is what to count up to positions.
	Resume sharding.Cuts
	Hold   sharding.Ranges
	Settle sharding.Cuts
	// Terms are to be written, nil if the API server has them, provided that it has those with the serial
	// Replaces, 0 for none.
	Terms    *Terms
	Replaces int64
	// Unclaimed is served beyond the own hash range because no other member claims it. Overdue
	// says that something has been unclaimed for overdueAfter.
	Unclaimed sharding.Ranges
	Overdue   bool
}

// Decide returns what to do at a time, which must not be before that of the previous call. The
// decision counts as carried out, except that the write of the claim may fail.
func (m *Member) Decide(now time.Time) Decision {
	if m.follows {
		return m.follow()
	}
	m.watchPods(now)
	overdue := !m.unclaimedSince.IsZero() && now.Sub(m.unclaimedSince) >= overdueAfter
	others, target := m.others(), m.Target()
	if m.leaving {
		m.wanted = m.held
		unclaimed := m.Serves().Minus(others)
		own, current := m.own()
		announced := current && own.Leaving || m.Serves().IsNone()
		d := Decision{
			Release: sharding.None(), Want: m.wanted, Serve: m.serving, Hold: sharding.None(), Unclaimed: unclaimed,
		}
		givable := others
		if m.isLast(now) {
			givable = m.Serves()
		}
		m.count(now, m.claimedInServer(), givable, &d)
		handedOver := m.handedOver(now, m.Serves()).Equal(m.Serves())
		d.Exit = announced && (unclaimed.IsNone() && handedOver && !m.unread() || !m.replaceable())
		d.Claim = m.claim(now, Claim{Ranges: m.Serves(), Leaving: true})
		return d
	}
	if !m.assigned {
		return Decision{Release: sharding.None(), Want: m.wanted, Hold: sharding.None(), Claim: m.claim(now, Claim{Ranges: sharding.None()}), Unclaimed: sharding.None()}
	}
	m.serving = m.serving || m.mayServe(target)
	foreign := m.held.Minus(target)
	release := m.handedOver(now, m.releasable(foreign, others))
	m.held, m.wanted, m.scraped = m.held.Minus(release), m.wanted.Minus(release), m.scraped.Minus(release)
	// A running list that covers more than the target is faster than a new one.
	if want := m.Serves().Union(target); !m.wanted.Contains(want) || m.held.Contains(target) {
		m.wanted = want
	}
	m.ready = m.ready || m.held.Contains(target) && m.claimed
	unclaimed := m.Serves().Minus(target).Minus(others)
	m.noteUnclaimed(unclaimed, now)
	d := Decision{
		Release: release, Want: m.wanted, Serve: m.serving, Hold: sharding.None(), Unclaimed: unclaimed, Overdue: overdue && !unclaimed.IsNone(),
		Ready: m.ready,
	}
	withdrawn := foreign.Intersection(others)
	m.count(now, m.claimedInServer().Minus(withdrawn), m.givable(withdrawn, others), &d)
	d.Claim = m.claim(now, Claim{Ranges: m.scraped.Minus(withdrawn.Minus(m.stillCounted(now)))})
	return d
}

// claimedInServer is what the member claims in the API server, by a claim of this process.
func (m *Member) claimedInServer() sharding.Ranges {
	if own, _ := m.own(); m.claimed && own.Holder == m.uid {
		return own.Ranges
	}
	return sharding.None()
}

// isLast reports whether the member ends soon, even if others do not take over.
func (m *Member) isLast(now time.Time) bool { return m.leaving && !now.Before(m.last) }

// givable are the ranges that others should count: those that this member withdraws, and all that they claim
// while its pod is not ready, since they take it for lost.
func (m *Member) givable(withdrawn, others sharding.Ranges) sharding.Ranges {
	if pod := m.pods[m.number]; pod.UID == m.uid && !pod.Ready {
		return others
	}
	return withdrawn
}

// mayServe reports whether a new member starts to serve. The other members release once its pod
// is ready, so it starts then, or earlier if no claim overlaps its target. One that leads after another
// does not wait for more than that one can have served.
func (m *Member) mayServe(target sharding.Ranges) bool {
	free, ready := m.claimedByOthers().Intersection(target).IsNone(), m.pods[m.number].Ready
	return m.held.Contains(target) && (free || ready) || m.epoch > 0 && ready && m.held.Contains(m.assignment.ranges(m.number))
}

// releasable returns the foreign ranges that nobody reads here, or that the own claim in the API
// server has not and the claim of another member has.
func (m *Member) releasable(foreign, others sharding.Ranges) sharding.Ranges {
	own, current := m.own()
	switch {
	case !m.serving:
		return foreign
	case !current:
		return sharding.None()
	}
	return foreign.Intersection(others).Minus(own.Ranges)
}

// claim returns the claim to write, nil if the API server has it. One write is pending at a
// time. A claim that is not seen within confirmation may have been deleted, and is written again.
func (m *Member) claim(now time.Time, c Claim) *Claim {
	_, current := m.own()
	if pod, ok := m.pods[m.number]; ok && pod.UID != m.uid {
		return nil // the pod has a successor
	}
	c.Holder, c.Epoch, c.Since, c.Scrapers, c.Filtered = m.uid, m.epoch, m.since, m.scrapers, m.filtered
	if !c.Leaving {
		c.Listed = m.listedBy(c.Ranges)
	}
	switch {
	case m.sent == nil:
	case current && m.sent.same(c), !current && now.Sub(m.sentAt) < confirmation:
		return nil
	case m.sent.same(c): // either write will do
		m.sentAt = now
		return m.sent
	}
	m.serial++
	c.Serial = m.serial
	m.sent, m.sentAt = &c, now
	return m.sent
}

// replaceable reports whether any other member could take over.
func (m *Member) replaceable() bool {
	for n, pod := range m.pods {
		c := m.claims[n]
		if n != m.number && m.assignment.has(n) && !pod.Ending && (!c.Leaving || c.Holder != pod.UID) {
			return true
		}
	}
	return false
}

// noteUnclaimed keeps the time since when something has been unclaimed.
func (m *Member) noteUnclaimed(unclaimed sharding.Ranges, now time.Time) {
	switch {
	case unclaimed.IsNone():
		m.unclaimedSince = time.Time{}
	case m.unclaimedSince.IsZero():
		m.unclaimedSince = now
	}
}
