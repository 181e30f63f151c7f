package handover_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/sharding/handover"
	"github.com/kubestate/kubestate/internal/sharding/journal"
)

// TestCountedOnce is TestNoGap with changes of objects, each of which exactly one process counts.
func TestCountedOnce(t *testing.T) { simulate(t, seedsOf(20), world{cluster: &cluster{}}) }

// TestCountedOnceInCrashes is TestCrashes with changes. A killed process takes what it has counted with it.
func TestCountedOnceInCrashes(t *testing.T) {
	simulate(t, seedsOf(10), world{crashes: true, cluster: &cluster{}})
}

// TestCountedOnceInLosses is TestLosses with changes. What a lost process counts while it is out of
// sight may be counted twice.
func TestCountedOnceInLosses(t *testing.T) {
	simulate(t, seedsOf(10), world{crashes: true, losses: true, cluster: &cluster{}})
}

// A cluster has objects, each with a hash of its own, that change.
type cluster struct {
	*world
	version int                 // the latest, of any resource
	changes map[string][]change // by resource
	counted map[int][]*process  // by version
	merged  map[int]bool        // by version: some process has relisted it together with another one
	outages [objects][]outage
	wrong   error

	lastCut time.Time       // when a process was last cut off or ended without a successor
	left    sharding.Ranges // with open terms, of processes that have ended without a successor, or are about to
}

type change struct {
	version, object int
	at              time.Time
}

// An outage is a range of versions of which some may not be counted, since the counter has died. One
// that lasts has no end.
type outage struct{ from, to int }

// A content is the objects of a process: it has received all changes up to a version of each resource.
type content struct {
	*cluster
	of      *process
	self    handover.Counter
	version map[string]int
	journal *journal.Journal[[]int] // of versions
	listed  sharding.Cuts           // in addition, at a later version
	lists   int64
	serial  int64 // of the last terms that it wrote
	died    bool
}

// objects is their number, maxLag the time in which a process receives a change unless it is cut off.
const (
	objects = 24
	maxLag  = 3 * time.Second
)

var resources = []string{"jobs", "pods"}

// hashOf is the hash of an object.
func hashOf(object int) uint64 { return uint64(object)*(1<<63/objects*2) + 1<<58 }

func newCluster(w *world) *cluster {
	c := &cluster{world: w, version: 1, changes: map[string][]change{}, counted: map[int][]*process{}, merged: map[int]bool{}, left: sharding.None()}
	for i := range c.outages {
		c.outages[i] = []outage{{}} // until the first start
	}
	return c
}

func (c *cluster) newContent(p *process) *content {
	n := &content{cluster: c, of: p, self: handover.Counter{Number: p.number, UID: p.uid, Start: int64(c.uids) * 1000}, version: map[string]int{}}
	for _, r := range resources {
		n.version[r] = c.version
	}
	n.journal = journal.New(sharding.None(), n.add, func(int) { panic("increments were dropped") })
	return n
}

// add counts changes.
func (n *content) add(versions []int) {
	for _, v := range versions {
		for _, other := range n.counted[v] {
			if !n.died && !other.died && n.wrong == nil {
				n.wrong = fmt.Errorf("%d is counted by %d and %d", v, other.number, n.of.number)
			}
		}
		n.counted[v] = append(n.counted[v], n.of)
	}
}

// live changes objects, and has the processes receive changes and what else they have not seen for some
// time.
func (w *world) live() {
	c := w.cluster
	for range w.IntN(3) {
		c.version += 1 + w.IntN(2)
		r := resources[min(w.IntN(4), 1)]
		c.changes[r] = append(c.changes[r], change{c.version, w.IntN(objects), w.now})
	}
	for _, p := range w.processes {
		if p.cut {
			c.lastCut = w.now
			continue
		}
		for _, r := range resources {
			if w.IntN(4) == 0 {
				p.receive(r)
			}
		}
		if w.IntN(50) == 0 {
			w.catchUp(p)
		}
	}
}

// catchUp delivers all events to a process: a member that counts as dead may be alive if others have
// not seen for a long time that it is ready.
func (w *world) catchUp(p *process) {
	p.assignments, p.leases = len(w.assignments), len(w.claims)
	p.SetAssignment(w.assignments[p.assignments-1])
	w.seePods(p, len(w.pods))
	w.see(p)
}

// receive delivers some of the changes that a content lacks.
func (n *content) receive(resource string) {
	pending := n.changes[resource]
	at, _ := slices.BinarySearchFunc(pending, n.version[resource]+1, func(c change, v int) int { return c.version - v })
	pending = pending[at:]
	late := 0
	for late < len(pending) && n.now.Sub(pending[late].at) >= maxLag {
		late++
	}
	switch most := n.IntN(len(pending) + 1); {
	case n.IntN(200) == 0:
		n.relist(resource, pending)
	case len(pending) == 0:
		n.version[resource] = n.cluster.version // a bookmark
	default:
		for _, c := range pending[:max(late, most)] {
			n.take(resource, "", c)
		}
	}
}

// take adds changes of one object, or none, as one increment. Several are later than since.
func (n *content) take(resource, since string, changes ...change) {
	var versions []int
	object := 0
	if len(changes) < 2 {
		since = ""
	}
	for _, c := range changes {
		n.version[resource] = max(n.version[resource], c.version)
		if !n.has(resource, c) {
			versions, object = append(versions, c.version), c.object
		}
	}
	if len(versions) > 0 && n.of.held.Holds(hashOf(object)) {
		n.journal.Add(journal.Change{Resource: resource, Since: since, Version: strconv.Itoa(slices.Max(versions)), Hash: hashOf(object)}, versions)
	}
}

// has reports whether a list had a change.
func (n *content) has(resource string, c change) bool {
	for _, l := range n.listed {
		if l.Ranges.Holds(hashOf(c.object)) && l.At.Has(resource, strconv.Itoa(c.version)) {
			return true
		}
	}
	return false
}

// relist takes all pending changes of each object as one.
func (n *content) relist(resource string, pending []change) {
	since := strconv.Itoa(n.version[resource])
	for o := range objects {
		var own []change
		for _, c := range pending {
			if c.object == o {
				own = append(own, c)
			}
		}
		n.take(resource, since, own...)
		for _, c := range own {
			n.merged[c.version] = n.merged[c.version] || len(own) > 1
		}
	}
	n.version[resource] = n.cluster.version
	n.lists++
}

// list adds ranges to the content.
func (n *content) list(r sharding.Ranges) {
	at := sharding.Positions{}
	for _, each := range resources {
		at[each] = strconv.Itoa(n.cluster.version)
	}
	n.listed = n.listed.With(r, at)
	n.lists++
}

func (n *content) positions() (low, high sharding.Positions, lists int64) {
	low, high = sharding.Positions{}, sharding.Positions{}
	for _, r := range resources {
		low[r] = strconv.Itoa(n.version[r])
		high[r] = low[r]
	}
	return low, high.Join(n.listed.Last()), n.lists
}

// count carries out the part of a decision that is about counting.
func (w *world) count(p *process, d handover.Decision) {
	p.journal.Discard(d.Release)
	for _, cut := range d.Resume {
		p.journal.Resume(cut)
		w.say("%d counts %s after %v", p.number, cut.Ranges, cut.At)
		for o := range objects {
			for i, last := range w.cluster.outages[o] {
				if last.to == 0 && cut.Ranges.Holds(hashOf(o)) {
					w.cluster.outages[o][i].to = w.cluster.version
				}
			}
		}
	}
	p.journal.Hold(d.Hold)
	for _, cut := range d.Settle {
		w.say("%d cuts %s at %v", p.number, cut.Ranges, cut.At)
		p.journal.Settle(cut)
	}
	if d.Terms != nil {
		p.content.serial = d.Terms.Serial
		w.writes = append(w.writes, write{from: p, terms: d.Terms, replaces: d.Replaces})
	}
}

// landTerms delivers a write of terms.
func (w *world) landTerms(wr write) {
	if w.terms[len(w.terms)-1].Serial != wr.replaces {
		return // a later version is to come
	}
	w.say("terms %d of %d: %v", wr.terms.Serial, wr.from.number, wr.terms.All)
	for _, was := range w.terms[len(w.terms)-1].All {
		for _, is := range wr.terms.All {
			if both := is.Ranges.Intersection(was.Ranges); !both.IsNone() && is.By != was.By {
				w.passed(wr.from, was.By, sharding.Cut{Ranges: both, At: is.After})
			}
		}
	}
	w.claims, w.terms = append(w.claims, w.claimed()), append(w.terms, *wr.terms)
	if leftAt := wr.from.leftAt; !slices.Contains(w.processes, wr.from) || !leftAt.IsZero() && w.now.Sub(leftAt) >= grace-lastPart {
		w.leaveOpen(wr.from)
	}
}

// passed checks that a process may take or open ranges that a counter had.
func (w *world) passed(to *process, from handover.Counter, c sharding.Cut) {
	for _, p := range w.processes {
		switch {
		case p.self != from || p == to || p.died:
		case p.cut: // and unready, as a lost one
			w.die(p)
		case w.cluster.wrong == nil:
			w.cluster.wrong = fmt.Errorf("%d counts as dead for %d", p.number, to.number)
		}
	}
	defer func() { w.cluster.left = w.cluster.left.Minus(c.Ranges) }()
	for o := range objects {
		late := !c.At.Reaches(to.content.listed.Within(c.Ranges).Last())
		if !late || from != (handover.Counter{}) || !c.Ranges.Holds(hashOf(o)) {
			continue
		}
		// A process that had listed it earlier was cut off, or has died or ended meanwhile.
		w.cluster.outages[o] = append(w.cluster.outages[o], outage{})
		if !w.crashes && w.now.Sub(w.cluster.lastCut) > time.Minute && !w.cluster.left.Holds(hashOf(o)) && w.cluster.wrong == nil {
			w.cluster.wrong = fmt.Errorf("%d takes %s too late for %v", to.number, c.Ranges, c.At)
		}
	}
}

// die excuses what a process counts and may not have counted yet.
func (w *world) die(p *process) {
	if p.content == nil {
		return
	}
	p.died = true
	p.journal.Resume(sharding.Cut{Ranges: sharding.All()})
	w.stopCounting(p)
}

// stopCounting excuses what a process that ends has not counted yet. Nothing that it has counted may count again,
// unless it has died.
func (w *world) stopCounting(p *process) {
	if p.content == nil {
		return
	}
	w.cluster.lastCut = w.now
	w.leaveOpen(p)
	for o := range objects {
		for _, t := range w.terms[len(w.terms)-1].All {
			switch {
			case !t.Ranges.Holds(hashOf(o)):
			case t.By == p.self:
				w.cluster.outages[o] = append(w.cluster.outages[o], outage{from: min(p.version["pods"], p.version["jobs"])})
			case p.served().Holds(hashOf(o)) && !slices.ContainsFunc(w.processes, func(q *process) bool { return q.self == t.By }):
				w.cluster.outages[o] = append(w.cluster.outages[o], outage{})
			}
		}
	}
}

// leaveOpen notes what a process that has ended, or is about to, leaves open.
func (w *world) leaveOpen(p *process) {
	for _, t := range w.terms[len(w.terms)-1].All {
		if t.By == (handover.Counter{}) {
			w.cluster.left = w.cluster.left.Union(t.Ranges.Intersection(p.served()))
		}
	}
}

// counts reports whether a process counts anything as far as others know.
func (w *world) counts(p *process) bool {
	return p.content != nil && slices.ContainsFunc(w.terms[len(w.terms)-1].All, func(t handover.Term) bool { return t.By == p.self })
}

// setCut cuts a process off, or ends that.
func (p *process) setCut(cut bool) {
	if p.cut = cut; p.content != nil {
		p.SetBlind(cut)
	}
}

// heal ends all cuts but those of lost processes.
func (w *world) heal() {
	for _, p := range w.processes {
		p.setCut(p.zombie)
	}
}

// check has all changes arrive, and returns an error if one has not been counted once.
func (c *cluster) check() error {
	for range 500 {
		c.now = c.now.Add(time.Second)
		for _, p := range c.processes {
			for _, r := range resources {
				p.receive(r)
			}
			c.catchUp(p)
			p.Scraped()
			c.decide(p)
		}
		c.land()
	}
	if c.wrong != nil {
		return c.wrong
	}
	for r, changes := range c.changes {
		for _, e := range changes {
			if len(c.counted[e.version]) == 0 && !c.merged[e.version] && !slices.ContainsFunc(c.outages[e.object], func(o outage) bool { return o.from <= e.version && e.version <= o.to }) {
				return fmt.Errorf("%s of object %d at %d is not counted: outages %v", r, e.object, e.version, c.outages[e.object])
			}
		}
	}
	for _, p := range c.processes {
		if n := p.journal.Kept(); n > 0 {
			return fmt.Errorf("%d keeps %d increments", p.number, n)
		}
	}
	return nil
}
