package handover

import (
	"maps"
	"time"

	"github.com/kubestate/kubestate/internal/sharding"
)

const (
	// reach is the time that a member waits until its content has the versions that another one has listed
	// or counted. A quiet resource has no events for a minute.
	reach = 5 * time.Second
	// patience is the time that a member waits for another one, which may be cut off or not count.
	patience = 30 * time.Second
)

// stuck is the time that a member waits until the API server has the terms that it opens.
const stuck = 90 * time.Second

// leavingTurns is the number of successors that may take over from a leaving member before it counts as dead: its
// pod is not ready while it waits for them.
const leavingTurns = 3

// counting is the state of a member that counts increments.
//
// Hashes of the content are in one of four states: counted directly; held, which is kept in a journal
// since a position; about to be given up, held since the member has decided that; or cut, held with an
// open term on its way to the API server. The last one is final until the API server has a later
// version of the terms, since the write may arrive at any time before.
type counting struct {
	self  Counter
	terms Terms // as in the API server

	low, high sharding.Positions // of the content: everything up to low is in it, and nothing after high
	lists     int64              // complete ones
	relists   []relist           // the last ones

	direct sharding.Ranges
	bases  sharding.Cuts // of held ranges: the journal has all changes since
	giving sharding.Ranges
	cuts   sharding.Cuts
	back   sharding.Ranges // of cuts that it takes back
	gone   map[string]bool // uids of pods that have been deleted

	unread bool // scrapers have not read what has been counted last

	sent   int64 // serial of the last written terms, 0 if there are none on their way
	sentAt time.Time
	latest int64 // serial

	reaching, receiving, stuck wait
	taking, taken              waitFor
}

// A relist may have merged several changes of an object that are later than from and up to to.
type relist struct{ from, to sharding.Positions }

// maxRelists is the limit of relists that a member remembers.
const maxRelists = 16

// CountIncrements makes the member count increments, by terms. It must be called first.
func (m *Member) CountIncrements() {
	m.counting = &counting{
		self:   Counter{m.number, m.uid, m.serial},
		direct: sharding.None(), giving: sharding.None(), back: sharding.None(), gone: map[string]bool{},
	}
}

// SetTerms sets the terms to those of one version of the object in the API server: the version of
// the last SetClaims.
func (m *Member) SetTerms(t Terms) {
	c := m.counting
	if t.Serial != c.terms.Serial {
		c.sent = 0 // it has arrived, or cannot any more
	}
	c.terms, c.latest = t, max(c.latest, t.Serial)
}

// TermsFailed reports that the write of the terms with a serial may have failed.
func (m *Member) TermsFailed(serial int64) {
	if m.counting.sent == serial {
		m.counting.sent = 0
	}
}

// SetPositions sets the positions of the content as of a time after the last decision was carried
// out, and the number of complete lists. A list may merge several changes of an object into one.
func (m *Member) SetPositions(low, high sharding.Positions, lists int64) {
	c := m.counting
	if lists != c.lists {
		c.relists = append(c.relists, relist{c.low, high})
		c.relists = c.relists[max(0, len(c.relists)-maxRelists):]
	}
	c.low, c.high, c.lists = low, high, lists
}

// divides reports whether what is kept since a base can be divided exactly at a position.
func (c *counting) divides(base, at sharding.Positions) bool {
	if !at.Reaches(base) {
		return false
	}
	for _, r := range c.relists {
		if !r.from.Reaches(at) && !at.Reaches(r.to) {
			return false
		}
	}
	return true
}

// count decides about increments of the content after the release, and carries that out. wanted are the
// ranges that the member keeps claiming in the API server, givable those that others can count.
func (m *Member) count(now time.Time, wanted, givable sharding.Ranges, d *Decision) {
	c := m.counting
	if c == nil {
		return
	}
	m.adopt(d)
	m.give(now, givable, d)
	m.writeTerms(now, m.takes(now, wanted, givable), d)
}

// adopt follows the terms in the API server.
func (m *Member) adopt(d *Decision) {
	c := m.counting
	mine, named := c.terms.of(c.self), c.terms.named()
	others := named.Minus(mine)
	for _, landed := range c.cuts.Within(others) {
		c.bases = c.bases.With(landed.Ranges, landed.At)
	}
	c.cuts = c.cuts.Minus(others)
	// Another member has the term: this one counted as dead.
	lost := c.direct.Union(c.giving).Intersection(others)
	d.Hold = d.Hold.Union(lost)
	c.direct, c.giving = c.direct.Minus(lost), c.giving.Minus(lost)
	c.bases = c.bases.Minus(lost) // begin now
	for _, t := range c.terms.within(mine.Minus(c.counted())) {
		have := t.Ranges.Intersection(m.held)
		if !have.IsNone() {
			d.Resume = append(d.Resume, sharding.Cut{Ranges: have, At: t.After})
		}
		c.direct = c.direct.Union(have)
		c.cuts = c.cuts.With(t.Ranges.Minus(have), t.After) // taken too late
	}
	c.bases = c.bases.Within(m.held.Minus(c.direct))
	c.bases = c.bases.With(m.held.Minus(c.counted()).Minus(c.bases.Ranges()), c.high)
}

// counted are the ranges that other members see this one count.
func (c *counting) counted() sharding.Ranges {
	return c.direct.Union(c.giving).Union(c.cuts.Ranges())
}

// give opens the terms of givable ranges: it holds them first, and cuts them once the content has all
// versions that their possible receivers have listed.
func (m *Member) give(now time.Time, givable sharding.Ranges, d *Decision) {
	c := m.counting
	if back := c.giving.Minus(givable); !back.IsNone() {
		d.Resume = append(d.Resume, sharding.Cut{Ranges: back})
		c.direct, c.giving = c.direct.Union(back), c.giving.Minus(back)
	}
	listed := m.listed(c.giving)
	over := c.reaching.over(now, !c.giving.IsNone() && !m.blind, reach) || m.isLast(now)
	if !c.giving.IsNone() && (c.low.Reaches(listed) || over) {
		// Everything up to this position counts here, also what arrives later.
		for _, after := range c.after(c.giving) {
			cut := sharding.Cut{Ranges: after.Ranges, At: c.high.Join(listed).Join(after.At)}
			c.cuts = c.cuts.With(cut.Ranges, cut.At)
			d.Settle = append(d.Settle, cut)
		}
		c.giving, c.reaching, c.unread = sharding.None(), wait{}, true
	}
	begin := c.direct.Intersection(givable)
	d.Hold = d.Hold.Union(begin)
	c.direct, c.giving = c.direct.Minus(begin), c.giving.Union(begin)
}

// after divides ranges by where the terms of this member begin.
func (c *counting) after(r sharding.Ranges) sharding.Cuts {
	var all sharding.Cuts
	for _, t := range c.terms.within(r) {
		if t.By == c.self {
			all = append(all, sharding.Cut{Ranges: t.Ranges, At: t.After})
		}
	}
	return all.With(r.Minus(all.Ranges()), nil)
}

// listed are the versions up to which possible receivers have listed ranges.
func (m *Member) listed(r sharding.Ranges) sharding.Positions {
	var listed sharding.Positions
	for n := range m.claims {
		if c, ok := m.present(n); ok && !c.Ranges.Intersection(r).IsNone() {
			listed = listed.Join(c.Listed)
		}
	}
	return listed
}

// takes returns the terms that the member takes: open ones, those of dead members, and what no term
// has. Of two members that take the same hash, the API server accepts the first.
func (m *Member) takes(now time.Time, wanted, givable sharding.Ranges) []Term {
	c := m.counting
	var takes, coming, late []Term
	add := func(to *[]Term, r sharding.Ranges, after sharding.Positions) {
		if !r.IsNone() {
			*to = append(*to, Term{r, c.self, after})
		}
	}
	free := wanted.Intersection(m.held).Minus(givable).Minus(c.counted())
	for _, t := range c.terms.within(free) {
		switch dead, sure := m.dead(t.By); {
		case t.By == Counter{}:
			for _, base := range c.bases.Within(t.Ranges) {
				switch {
				case !c.divides(base.At, t.After):
					add(&late, base.Ranges, t.After)
				case !c.low.Reaches(t.After):
					add(&coming, base.Ranges, t.After)
				default:
					add(&takes, base.Ranges, t.After)
				}
			}
		case sure:
			add(&takes, t.Ranges, t.After)
		case dead:
			add(&late, t.Ranges, t.After)
		}
	}
	unnamed, living := free.Minus(c.terms.named()), m.claimedByLiving()
	add(&takes, unnamed.Minus(living), nil)
	add(&late, unnamed.Intersection(living), nil)
	// It takes back what it has cut if no member that claims it has listed it early enough.
	c.back = sharding.None()
	for _, t := range c.terms.within(m.Serves().Intersection(givable).Intersection(m.others()).Minus(c.counted())) {
		for _, base := range c.bases.Within(t.Ranges) {
			if (t.By == Counter{}) && c.divides(base.At, t.After) && !m.takable(base.Ranges, t.After) {
				add(&takes, base.Ranges, t.After)
				c.back = c.back.Union(base.Ranges)
			}
		}
	}
	if c.receiving.over(now, len(coming) > 0 && !m.blind, reach) {
		takes = append(takes, coming...)
	}
	if c.taking.over(now, rangesOf(late), m.blind, patience) {
		takes = append(takes, late...)
	}
	return takes
}

// rangesOf are the ranges of terms.
func rangesOf(terms []Term) sharding.Ranges { return Terms{All: terms}.named() }

// takable reports whether a member that claims any of r has listed it at or before a position, or does not
// say when.
func (m *Member) takable(r sharding.Ranges, after sharding.Positions) bool {
	for n := range m.claims {
		c, ok := m.present(n)
		if ok && !c.Ranges.Intersection(r).IsNone() && after.Reaches(c.Listed) {
			return true
		}
	}
	return false
}

// dead reports whether a counter has ended without opening its terms, and whether that is certain.
func (m *Member) dead(by Counter) (dead, sure bool) {
	c, claimed := m.claims[by.Number]
	pod := m.pods[by.Number]
	switch gone := pod.UID != by.UID; {
	case by == Counter{}, by == m.counting.self:
		return false, false
	case by.UID == m.uid, m.counting.gone[by.UID], claimed && c.Holder != by.UID:
		return true, true
	case claimed && c.Leaving, !gone && pod.Ending:
		return m.lost[by.Number] > leavingTurns, false
	default:
		return m.lost[by.Number] > 0 || !claimed && gone, false
	}
}

// claimedByLiving is the union of the claims of other members that may run.
func (m *Member) claimedByLiving() sharding.Ranges {
	r := sharding.None()
	for n, c := range m.claims {
		if pod := m.pods[n]; n != m.number && pod.UID == c.Holder && (c.Since == pod.Since || !pod.Ready) && !m.counting.gone[c.Holder] {
			r = r.Union(c.Ranges)
		}
	}
	return r
}

// writeTerms writes the terms that the member takes and opens, one write at a time.
func (m *Member) writeTerms(now time.Time, takes []Term, d *Decision) {
	c, next := m.counting, m.counting.terms
	for _, t := range c.terms.All {
		if t.By.UID == m.uid && t.By != c.self { // of an earlier process of this pod
			next = next.with(Term{Ranges: t.Ranges, After: t.After})
		}
	}
	next = next.with(Term{Ranges: c.direct.Minus(c.terms.named()), By: c.self}) // deleted by another client
	for _, t := range takes {
		next = next.with(t)
	}
	for _, cut := range c.cuts {
		next = next.with(Term{Ranges: cut.Ranges, After: cut.At})
	}
	pod, known := m.pods[m.number]
	if next.equal(c.terms) || c.sent != 0 && now.Sub(c.sentAt) < confirmation || known && pod.UID != m.uid {
		return
	}
	c.latest++
	next.Serial = c.latest
	c.sent, c.sentAt = next.Serial, now
	d.Terms, d.Replaces = &next, c.terms.Serial
}

// handedOver returns the part of ranges to release that another member counts. The rest is released after
// a time, in which this member may have to take it back.
func (m *Member) handedOver(now time.Time, release sharding.Ranges) sharding.Ranges {
	c := m.counting
	if c == nil || !m.serving {
		return release
	}
	release = release.Minus(m.stillCounted(now))
	taken := sharding.None()
	for _, t := range c.terms.All {
		if t.By != c.self && t.By != (Counter{}) {
			taken = taken.Union(t.Ranges)
		}
	}
	release = release.Minus(c.back)
	if c.taken.over(now, release.Minus(taken).Intersection(m.others()), m.blind, patience) {
		return release
	}
	return release.Intersection(taken)
}

// unread reports whether scrapers have not read what the member has counted last. They could not
// later, if it ended.
func (m *Member) unread() bool { return m.counting != nil && m.counting.unread }

// stillCounted are the ranges that the member must claim because it counts them, for a limited time if it
// cannot open their terms.
func (m *Member) stillCounted(now time.Time) sharding.Ranges {
	c := m.counting
	if c == nil {
		return sharding.None()
	}
	if c.stuck.over(now, len(c.cuts) > 0, stuck) {
		return c.direct.Union(c.giving)
	}
	return c.counted()
}

// listedBy are the versions up to which the member has listed claimed ranges that it does not count.
func (m *Member) listedBy(claim sharding.Ranges) sharding.Positions {
	if m.counting == nil {
		return nil
	}
	bases := m.counting.bases.Within(claim)
	if len(bases) == 0 {
		return nil
	}
	last := bases.Last()
	if n := len(m.counting.relists); n > 0 {
		last = last.Join(m.counting.relists[n-1].to)
	}
	return maps.Clone(last)
}
