package handover

import (
	"time"

	"github.com/kubestate/kubestate/internal/sharding"
)

// Several members may have one number, of which one leads: a Lease of the number decides which. The
// others follow. A follower lists the hash range of the number and the ranges that the leader claims, and
// claims nothing. Once elected, it serves both at once, and claims them after a scrape.
//
// The last leader serves until the next one claims its ranges, so that the claims stay true that other
// members have seen.

// Follow makes the member follow the leader of its number. A leaving member keeps serving its
// ranges, since the next leader may not have been scraped.
func (m *Member) Follow() {
	if m.follows {
		return
	}
	m.follows, m.serving = true, m.serving && m.leaving
	m.unclaimedSince = time.Time{}
}

// Lead makes the member the leader of its number, after all leaders of smaller epochs. It continues the
// claim of the last leader: SetClaims must have been called with a version after the election.
func (m *Member) Lead(epoch int64) {
	if !m.follows {
		return
	}
	m.follows, m.epoch = false, epoch
	m.sent, m.claimed, m.since, m.scraped = nil, false, "", sharding.None()
	m.expected = m.claims[m.number].Scrapers
	m.serving = m.serving || !m.claimedByLeader().IsNone()
}

// claimedByLeader is the claim of the member's number, whichever process has made it.
func (m *Member) claimedByLeader() sharding.Ranges {
	if c, claimed := m.claims[m.number]; claimed {
		return c.Ranges
	}
	return sharding.None()
}

// Complete reports whether a follower holds all ranges that it would lead with.
func (m *Member) Complete() bool {
	return m.assigned && m.held.Contains(m.assignment.ranges(m.number).Union(m.claimedByLeader()))
}

// Settled reports whether the claims in the API server have what the member serves, so that the next
// leader knows it.
func (m *Member) Settled() bool {
	_, current := m.own()
	return current && m.Serves().Minus(m.claimedInServer()).Minus(m.others()).IsNone()
}

// follow is Decide for a follower.
func (m *Member) follow() Decision {
	want, claimed := m.held, m.claimedByLeader()
	if m.assigned && !m.leaving {
		want = m.assignment.ranges(m.number).Union(claimed)
		if claimed.IsNone() { // the leader is new, and may claim what the last one did
			want = want.Union(m.held)
		}
	}
	release := m.held.Minus(want)
	m.held, m.wanted = m.held.Minus(release), m.wanted.Minus(release)
	if !m.wanted.Contains(want) || m.held.Contains(want) {
		m.wanted = want
	}
	m.ready = m.ready || m.Complete()
	d := Decision{
		Release: release, Want: m.wanted, Serve: m.serving || m.ready, Ready: m.ready, Hold: sharding.None(),
		Unclaimed: m.Serves().Minus(m.others()).Minus(m.taken()),
	}
	d.Exit = m.leaving && d.Unclaimed.IsNone()
	return d
}

// taken is what the next leader claims.
func (m *Member) taken() sharding.Ranges {
	if c, pod := m.claims[m.number], m.pods[m.number]; c.Holder != "" && c.Holder != m.uid && c.Holder == pod.UID && pod.Ready && !pod.Ending && !c.Leaving {
		return c.Ranges
	}
	return sharding.None()
}
