package handover_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/sharding/handover"
)

// A world is an API server, a controller, kubelets, scrapers and the members between them.
// Events are delivered late and in random order.
type world struct {
	*rand.Rand
	now time.Time

	// What the API server has: its history, and the present.
	assignments []handover.Assignment
	pods        []event[handover.Pod]
	claims      []map[int]handover.Claim // versions of all claims
	terms       []handover.Terms         // in these versions
	revision    map[int]int              // of the claim of a number
	pod         map[int]*handover.Pod
	writes      []write // on their way

	processes []*process
	ordered   bool // pods are created and deleted one at a time
	uids      int
	excused   []excuse
	whole     bool // everything was served once
	// Enabled faults: events at the worst moments, killed processes, and lost nodes.
	adverse, crashes, losses bool
	down                     map[int]bool // no process is started for the number
	log                      []string
	cluster                  *cluster      // nil if nothing is counted
	pairs                    map[int]*pair // by number, nil if each number has one member
	deposes                  bool          // leaders that are cut off lose the election
}

// takeover is how long a member is unready until it is lost.
const takeover = time.Minute

// grace is how long a leaving member waits for others that are lost.
const grace = 155 * time.Second

// lastPart is the last part of it, in which the member opens the terms of what nobody has claimed.
const lastPart = 50 * time.Second

// event is a change of the pod with the number, nil if it is deleted.
type event[T any] struct {
	number int
	is     *T
}

type write struct {
	from     *process
	claim    handover.Claim
	stale    map[int]handover.Claim
	revision int             // that it was made for
	terms    *handover.Terms // nil for a claim
	replaces int64
}

// excuse is what may be unserved since a process was lost, until all members have seen the loss
// and others serve and claim it.
type excuse struct {
	ranges sharding.Ranges
	pods   int
}

// process is a member with its watcher: how much of the history it has seen.
type process struct {
	*handover.Member
	number                    int
	uid                       string
	assignments, pods, leases int // seen
	cut, leaving              bool
	zombie                    bool  // its node is lost to the others, and it runs on
	pending                   bool  // its write is pending
	serial                    int64 // of that
	leftAt                    time.Time
	claimed                   handover.Claim // the last one written
	held, wanted              sharding.Ranges
	decision                  handover.Decision
	readBy, readsSoFar        int // scrapes that began since readers got more
	*content                      // nil if nothing is counted
}

func newWorld(seed uint64) *world {
	w := &world{
		Rand: rand.New(rand.NewPCG(seed, 1)), now: time.Unix(1e9, 0),
		pod: map[int]*handover.Pod{}, revision: map[int]int{}, down: map[int]bool{}, claims: []map[int]handover.Claim{{}}, terms: []handover.Terms{{}},
	}
	w.ordered = w.IntN(2) == 0
	w.assignments = []handover.Assignment{w.anyAssignment()}
	return w
}

// anyAssignment is of up to eight members, more often of few: those meet more often.
func (w *world) anyAssignment() handover.Assignment {
	return handover.Assignment{Total: 1 + min(w.IntN(8), w.IntN(8))}
}

func (w *world) assignment() handover.Assignment { return w.assignments[len(w.assignments)-1] }

func (w *world) say(format string, args ...any) { w.log = append(w.log, fmt.Sprintf(format, args...)) }

// served is what readers of the process get.
func (p *process) served() sharding.Ranges {
	if !p.decision.Serve || p.Serves().IsNone() { // a follower has content, and its readers get nothing
		return sharding.None()
	}
	return p.held
}

// union is what all processes serve.
func (w *world) union() sharding.Ranges {
	r := sharding.None()
	for _, p := range w.processes {
		r = r.Union(p.served())
	}
	return r
}

func (w *world) setPod(number int, p *handover.Pod) {
	if before := w.pod[number]; p != nil && before != nil {
		p.Since = before.Since
		if before.Ready != p.Ready {
			w.uids++
			p.Since = fmt.Sprint(w.uids)
		}
	}
	w.pod[number] = p
	if p == nil {
		delete(w.pod, number)
	} else {
		p = new(*p)
	}
	w.pods = append(w.pods, event[handover.Pod]{number, p})
}

func (w *world) start(number int, uid string) {
	p := &process{number: number, uid: uid, held: sharding.None(), wanted: sharding.None(), claimed: handover.Claim{Ranges: sharding.None()}}
	w.uids++
	p.Member = handover.New(number, uid, int64(w.uids)*1000, takeover)
	if w.cluster != nil {
		p.CountIncrements()
		p.content = w.cluster.newContent(p)
	}
	if w.pairs != nil {
		w.pair(number).follower = p
		p.Follow()
	}
	w.processes = append(w.processes, p)
	w.say("start %d", number)
}

// decide carries out a decision of the process.
func (w *world) decide(p *process) {
	if p.content != nil {
		p.SetPositions(p.positions())
	}
	d := p.Decide(w.now)
	if p.content != nil {
		w.count(p, d)
	}
	p.held, p.wanted = p.held.Minus(d.Release), p.wanted.Minus(d.Release)
	if !p.wanted.Equal(d.Want) {
		p.wanted = d.Want
	}
	if d.Serve && !p.decision.Serve || !d.Release.IsNone() {
		p.readBy = p.readsSoFar
	}
	if d.Claim != nil {
		w.writes = append(w.writes, write{from: p, claim: *d.Claim, stale: p.Stale(), revision: w.revision[p.number]})
		p.pending, p.serial = true, d.Claim.Serial
	}
	p.decision = d
	if !d.Release.IsNone() {
		w.say("%d releases %s", p.number, d.Release)
	}
	if d.Claim == nil {
		return
	}
	w.say("%d claims %s, leaving %v", p.number, d.Claim.Ranges, d.Claim.Leaving)
	// The worst moment: the process is about to rely on another one.
	if w.adverse && !d.Claim.Leaving && !d.Claim.Ranges.Contains(p.served()) && w.IntN(2) == 0 {
		w.worst(p)
	}
}

// steps delivers one random event to the process.
func (w *world) steps(p *process) {
	switch w.IntN(7) {
	case 0: // sees a new assignment
		if !p.cut && p.assignments < len(w.assignments) {
			p.assignments += 1 + w.IntN(len(w.assignments)-p.assignments)
			p.SetAssignment(w.assignments[p.assignments-1])
		}
	case 1: // pods
		if !p.cut && p.pods < len(w.pods) {
			w.seePods(p, p.pods+1+w.IntN(len(w.pods)-p.pods))
		}
	case 2, 3: // claims
		if !p.cut && p.leases < len(w.claims) {
			most := len(w.claims) - p.leases
			if w.adverse {
				most = min(3, most)
			}
			p.leases += 1 + w.IntN(most)
			w.see(p)
		}
	case 4: // completes its list
		if !p.cut && !p.held.Equal(p.wanted) {
			if p.content != nil {
				p.list(p.wanted.Minus(p.held))
			}
			p.held, p.readBy = p.wanted, p.readsSoFar
			p.Completed(p.wanted)
			w.say("%d has %s", p.number, p.held)
		}
	case 5: // is scraped
		p.readsSoFar++
		if w.adverse {
			p.SetScrapers(w.IntN(3))
		}
		if p.decision.Serve {
			p.Scraped()
		}
	case 6: // learns whether the API server filters, or gives up on a write that may still arrive
		if w.IntN(20) == 0 {
			p.SetFiltered(w.IntN(2) == 0)
		}
		if p.pending && w.IntN(10) == 0 {
			p.pending = false
			p.WriteFailed(p.serial)
		}
		if p.content != nil && w.IntN(10) == 0 {
			p.TermsFailed(p.content.serial)
		}
	}
	w.decide(p)
	switch {
	case !p.leaving:
	case p.leftAt.IsZero():
		p.leftAt = w.now
	case w.pairs != nil && w.pair(p.number).leaver == p:
	case p.decision.Exit || w.now.Sub(p.leftAt) > grace && len(w.down) > 0:
		w.end(p)
	}
}

// end ends a process and its pod.
func (w *world) end(p *process) {
	w.say("end %d, unclaimed %s", p.number, p.decision.Unclaimed)
	w.vacate(p.number)
	if !p.decision.Unclaimed.IsNone() { // nobody was there to take over
		w.excused = append(w.excused, excuse{p.served(), len(w.pods)})
	}
	switch {
	case w.counts(p):
		w.die(p)
	case !p.decision.Exit, !p.decision.Unclaimed.IsNone(), w.assignments[max(0, p.assignments-1)].Total == 1: // it does not wait
		w.stopCounting(p)
	}
	w.remove(p)
}

// vacate deletes the pod of a number, or puts that of its follower into its place.
func (w *world) vacate(n int) {
	if f := w.follower(n); f != nil {
		w.setPod(n, &handover.Pod{UID: f.uid})
		return
	}
	w.setPod(n, nil)
}

// claimed is the present version of all claims.
func (w *world) claimed() map[int]handover.Claim { return w.claims[len(w.claims)-1] }

// change makes the next version.
func (w *world) change(edit func(map[int]handover.Claim)) {
	before := w.claimed()
	next := maps.Clone(before)
	edit(next)
	for n := range 20 {
		if next[n].Holder != before[n].Holder || next[n].Serial != before[n].Serial {
			w.revision[n]++
		}
	}
	w.claims, w.terms = append(w.claims, next), append(w.terms, w.terms[len(w.terms)-1])
}

// seePods shows a process the changes of pods up to one.
func (w *world) seePods(p *process, upTo int) {
	for ; p.pods < upTo; p.pods++ {
		p.SetPod(w.pods[p.pods].number, w.pods[p.pods].is)
	}
}

// see shows a process the version of the Lease that it has got to.
func (w *world) see(p *process) {
	p.SetClaims(w.claims[p.leases-1])
	if p.content != nil {
		p.SetTerms(w.terms[p.leases-1])
	}
}

// land delivers one write.
func (w *world) land() {
	if len(w.writes) == 0 {
		return
	}
	i := w.IntN(len(w.writes))
	wr := w.writes[i]
	if wr.from.cut {
		return
	}
	w.writes = slices.Delete(w.writes, i, i+1)
	if wr.terms != nil {
		w.landTerms(wr)
		return
	}
	if w.revision[wr.from.number] != wr.revision || w.claimed()[wr.from.number].Epoch > wr.claim.Epoch {
		wr.from.WriteFailed(wr.claim.Serial)
		return
	}
	w.change(func(all map[int]handover.Claim) {
		all[wr.from.number] = wr.claim
		for n, was := range wr.stale {
			if is := all[n]; is.Holder == was.Holder && is.Serial == was.Serial {
				delete(all, n)
			}
		}
	})
	wr.from.pending, wr.from.claimed = false, wr.claim
}

// kubelet updates one pod from its process.
func (w *world) kubelet() {
	w.reap()
	for _, p := range w.processes {
		pod := w.pod[p.number]
		ready := p.decision.Ready && !p.leaving && !p.zombie
		if pod != nil && pod.UID == p.uid && pod.Ready != ready && w.IntN(2) == 0 {
			w.setPod(p.number, &handover.Pod{UID: p.uid, Ready: ready, Ending: pod.Ending})
		}
		if pod != nil && pod.Ending && !p.leaving && !p.zombie && w.IntN(3) == 0 {
			w.leave(p)
		}
	}
}

// reap deletes one ending pod without a process, unless its node is lost.
func (w *world) reap() {
	for n, pod := range w.pod {
		runs := slices.ContainsFunc(w.processes, func(p *process) bool { return p.number == n })
		if pod.Ending && !runs && !w.down[n] {
			w.setPod(n, nil)
			return
		}
	}
}

// controller makes one step towards the assignment.
func (w *world) controller() {
	l := w.assignment()
	settled := true
	for n := l.Start; n < l.Start+l.Total; n++ {
		pod := w.pod[n]
		if pod == nil {
			w.uids++
			uid := fmt.Sprint("uid", w.uids)
			w.setPod(n, &handover.Pod{UID: uid})
			if !w.down[n] {
				w.start(n, uid)
			}
			return
		}
		settled = settled && pod.Ready
		if w.ordered && !pod.Ready && !w.down[n] {
			return
		}
	}
	var beyond []int
	for n, pod := range w.pod {
		if (n < l.Start || n >= l.Start+l.Total) && (!pod.Ending || w.ordered) {
			beyond = append(beyond, n)
		}
	}
	slices.Sort(beyond)
	if len(beyond) > 0 {
		w.deletePod(beyond[len(beyond)-1])
	}
}
