package handover

import (
	"time"

	"github.com/kubestate/kubestate/internal/sharding"
)

// An Assignment divides the hashes evenly among the pods of Total numbers from Start on.
type Assignment struct{ Start, Total int }

// ranges is the hash range of the pod with the number.
func (a Assignment) ranges(number int) sharding.Ranges {
	return sharding.Even(number-a.Start, a.Total)
}

// has reports whether the pod with the number has a hash range.
func (a Assignment) has(number int) bool { return number >= a.Start && number < a.Start+a.Total }

// numbers are those of the pods of the assignment, ascending.
func (a Assignment) numbers() []int {
	var all []int
	for n := a.Start; n < a.Start+a.Total; n++ {
		all = append(all, n)
	}
	return all
}

// A Claim is what a member tells the others.
type Claim struct {
	// Holder is the uid of the member's pod, and Since the Pod.Since of its last readiness: the
	// claim of a dead process does not count once the pod is ready again with the next process.
	Holder, Since string
	// Serial identifies a claim, also among several processes of one pod.
	Serial int64
	// Epoch is that of the leader, if several members have the number: a claim does not replace one of a
	// larger epoch.
	Epoch int64
	// Ranges is what the member serves until it has seen a later claim of its own without them.
	Ranges sharding.Ranges
	// Leaving says that the member ends as soon as others claim its ranges.
	Leaving bool
	// Scrapers is the number of periodic scrapers of the member.
	Scrapers int
	// Filtered says that the API server filters by hash range, so that a list of a part costs no
	// more than the part.
	Filtered bool
	// Listed are the versions up to which a member that counts increments has listed claimed ranges that it
	// does not count.
	Listed sharding.Positions
}

// same reports whether o need not be written instead of c: nothing but the serial differs, and c has listed
// at least as much.
func (c Claim) same(o Claim) bool {
	return c.Holder == o.Holder && c.Since == o.Since && c.Leaving == o.Leaving && c.Filtered == o.Filtered && c.Scrapers == o.Scrapers &&
		c.Ranges.Equal(o.Ranges) && c.Listed.Covers(o.Listed)
}

// A Pod is the state of a member's pod in the API server.
type Pod struct {
	UID string
	// Ready is the condition, Since identifies its last transition, and Ending says that the pod
	// is being deleted.
	Ready, Ending bool
	Since         string
}

// A Member is the state of one shard. It is not safe for concurrent use.
type Member struct {
	number   int
	uid      string
	takeover time.Duration // until an unready member is lost, 0 for never

	assigned   bool // assignment is known
	assignment Assignment
	claims     map[int]Claim // by number, as in the API server; not modified
	pods       map[int]Pod

	held     sharding.Ranges // complete content
	wanted   sharding.Ranges // being listed, or held
	ready    bool            // held has covered the target once
	serving  bool            // readers get held
	scraped  sharding.Ranges // the part of held that all scrapers have read
	leaving  bool
	last     time.Time // of Leave
	scrapers int
	since    string // of the own pod's last readiness

	filtered bool
	blind    bool
	missing  map[int]time.Time // since when other members have not been ready
	lost     map[int]int       // lost members, and how many others may take over from each

	serial  int64
	sent    *Claim // the last one, nil if its write failed
	sentAt  time.Time
	claimed bool // the API server has had a claim of this process

	unclaimedSince time.Time // zero if nothing is unclaimed

	follows  bool // another member leads the number
	epoch    int64
	expected int // scrapers that the last leader had

	counting *counting // nil if the member counts no increments
}

const (
	// overdueAfter is how long ranges may be unclaimed before that is reported.
	overdueAfter = 5 * time.Minute
	// confirmation is how long a claim may be pending before it is written again. It is longer
	// than the timeout of a write.
	confirmation = 30 * time.Second
)

// New makes the member of the pod with the number and uid. Serials of its claims follow serial.
// Other members are lost once their pods have not been ready for the time takeover, and never if
// that is 0.
func New(number int, uid string, serial int64, takeover time.Duration) *Member {
	return &Member{
		number: number, uid: uid, serial: serial, takeover: takeover,
		missing: map[int]time.Time{}, lost: map[int]int{},
		claims: map[int]Claim{}, pods: map[int]Pod{},
		held: sharding.None(), wanted: sharding.None(), scraped: sharding.None(),
	}
}

// SetAssignment sets the present assignment. Assignments come in order.
func (m *Member) SetAssignment(a Assignment) { m.assignment, m.assigned = a, true }

// SetPod sets the state of the pod with the number, nil if it does not exist.
func (m *Member) SetPod(number int, p *Pod) {
	if before := m.pods[number].UID; m.counting != nil && before != "" && (p == nil || p.UID != before) {
		m.counting.gone[before] = true
	}
	if p == nil {
		delete(m.pods, number)
		return
	}
	m.pods[number] = *p
	if number == m.number && p.Ready {
		m.since = p.Since
	}
}

// SetClaims sets the claims of all members, by the number of their pods, to those of one version
// of the object in the API server. Versions come in order and may be skipped.
func (m *Member) SetClaims(all map[int]Claim) {
	_, before := m.own()
	m.claims = all
	_, after := m.own()
	m.claimed = m.claimed || after
	if before && !after {
		m.sent = nil // overwritten or deleted by another client
	}
}

// Stale returns the claims of numbers that have neither a hash range nor a pod.
func (m *Member) Stale() map[int]Claim {
	stale := map[int]Claim{}
	for n, c := range m.claims {
		if _, pod := m.pods[n]; m.assigned && !pod && !m.assignment.has(n) && n != m.number {
			stale[n] = c
		}
	}
	return stale
}

// SetFiltered sets whether the API server filters by hash range.
func (m *Member) SetFiltered(filtered bool) { m.filtered = filtered }

// SetBlind sets whether the member cannot see the others or write its claim. Time during which
// the member is blind does not count against the others.
func (m *Member) SetBlind(blind bool) { m.blind = blind }

// Completed reports that r, which Decide wanted, is complete, and served if the member serves.
func (m *Member) Completed(r sharding.Ranges) {
	if r.Equal(m.wanted) {
		m.held = r
	}
}

// Scraped reports that all scrapers have read everything that is served.
func (m *Member) Scraped() {
	if m.serving {
		m.scraped = m.held
	}
	if m.counting != nil {
		m.counting.unread = false
	}
}

// SetScrapers sets the number of periodic scrapers.
func (m *Member) SetScrapers(n int) { m.scrapers = n }

// OthersScrapers is the largest number of periodic scrapers that a member claims which is present or
// leaves: in a rolling update, the next pod ends as soon as a new one is ready. A new member expects as
// many. One that has been scraped knows its own scrapers, and expects none: others may count one twice for a time.
func (m *Member) OthersScrapers() (most int) {
	if !m.scraped.IsNone() {
		return 0
	}
	for n := range m.claims {
		c, present := m.present(n)
		pod := m.pods[n]
		if present || n != m.number && c.Holder == pod.UID && (pod.Ending || c.Leaving) {
			most = max(most, c.Scrapers)
		}
	}
	if !m.claimed {
		most = max(most, m.expected)
	}
	return most
}

// Leave makes the member end as soon as others claim what it serves. From the time last on, shortly before it ends
// in any case, the member opens the terms of everything that it counts: another one that has listed that before
// the end counts the later increments, and no increment counts twice.
func (m *Member) Leave(last time.Time) { m.leaving, m.last = true, last }

// WriteFailed reports that the write of the claim with a serial may have failed. The claim is
// written again unless the API server has it.
func (m *Member) WriteFailed(serial int64) {
	if _, current := m.own(); !current && m.sent != nil && m.sent.Serial == serial {
		m.sent = nil
	}
}

// Serves is what readers get of a member that leads, or that has led and leaves.
func (m *Member) Serves() sharding.Ranges {
	if !m.serving {
		return sharding.None()
	}
	return m.held
}

// present returns the claim of another member, and whether it is reliable: the member runs, is
// ready and stays.
func (m *Member) present(n int) (Claim, bool) {
	c, claimed := m.claims[n]
	pod := m.pods[n]
	return c, claimed && n != m.number && c.Holder == pod.UID && c.Since == pod.Since && pod.Ready && !pod.Ending && !c.Leaving
}

// others is the union of the claims of present members.
func (m *Member) others() sharding.Ranges {
	r := sharding.None()
	for n := range m.claims {
		if c, ok := m.present(n); ok {
			r = r.Union(c.Ranges)
		}
	}
	return r
}

// claimedByOthers is the union of the claims of all other members, present or not.
func (m *Member) claimedByOthers() sharding.Ranges {
	r := sharding.None()
	for n, c := range m.claims {
		if n != m.number {
			r = r.Union(c.Ranges)
		}
	}
	return r
}

// own returns the member's claim in the API server, and whether that is the last one written.
func (m *Member) own() (claim Claim, current bool) {
	c := m.claims[m.number]
	return c, m.sent != nil && c.Serial == m.sent.Serial
}

// Number is that of the member's pod.
func (m *Member) Number() int { return m.number }
