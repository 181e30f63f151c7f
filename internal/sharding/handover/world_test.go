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

// A world is an API server, a controller, kubelets and scrapers as simple as they
// can be, and the members between them. Everything that happens takes its time, in
// an order that chance decides.
type world struct {
	*rand.Rand
	now time.Time

	// What the API server has: the order in which it came to that, and the present.
	layouts  []handover.Layout
	pods     []event[handover.Pod]
	promises []map[int]handover.Promise // versions of all promises
	revision map[int]int                // of the promise of a number
	pod      map[int]*handover.Pod
	writes   []write // on their way

	processes []*process
	ordered   bool // pods are created and deleted one at a time
	uids      int
	excused   []excuse
	whole     bool // everything was served once
	// What may happen besides: bad luck at the worst moments, sudden deaths, and nodes
	// that are lost.
	adverse, crashes, losses bool
	down                     map[int]bool // no process is started for the number
	log                      []string
}

// takeover is after which time a member counts as lost.
const takeover = time.Minute

// grace is how long a member waits for others that are lost when it is to end.
const grace = 155 * time.Second

// event is something about the pod with the number; it is gone if that is nil.
type event[T any] struct {
	number int
	is     *T
}

type write struct {
	from     *process
	promise  handover.Promise
	gone     map[int]handover.Promise
	revision int // that it was made for
}

// excuse is what may be missing since a process was lost, until all know of that,
// and others not only serve it but have promised to.
type excuse struct {
	ranges sharding.Ranges
	pods   int
}

// process is a member with what is around it: its watcher, and how much it has seen.
type process struct {
	*handover.Member
	number                int
	uid                   string
	layouts, pods, leases int // seen
	cut, leaving          bool
	zombie                bool  // its node is lost to the others, and it runs on
	pending               bool  // a promise is on its way
	serial                int64 // of that
	leftAt                time.Time
	promised              handover.Promise // the last one that has arrived
	has, wanted           sharding.Ranges
	decision              handover.Decision
	readBy, readsSoFar    int // scrapes that began since readers got more
}

func newWorld(seed uint64) *world {
	w := &world{
		Rand: rand.New(rand.NewPCG(seed, 1)), now: time.Unix(1e9, 0), //nolint:gosec // chance that can be repeated
		pod: map[int]*handover.Pod{}, revision: map[int]int{}, down: map[int]bool{}, promises: []map[int]handover.Promise{{}},
	}
	w.ordered = w.IntN(2) == 0
	w.layouts = []handover.Layout{w.anyLayout()}
	return w
}

// anyLayout is of up to eight members, more often of few: those meet more often.
func (w *world) anyLayout() handover.Layout {
	return handover.Layout{Total: 1 + min(w.IntN(8), w.IntN(8))}
}

func (w *world) layout() handover.Layout { return w.layouts[len(w.layouts)-1] }

func (w *world) say(format string, args ...any) { w.log = append(w.log, fmt.Sprintf(format, args...)) }

// served is what the process gives readers.
func (p *process) served() sharding.Ranges {
	if !p.decision.Open {
		return sharding.None()
	}
	return p.has
}

// union is what anybody serves.
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
	p := &process{number: number, uid: uid, has: sharding.None(), wanted: sharding.None(), promised: handover.Promise{Serves: sharding.None()}}
	w.uids++
	p.Member = handover.New(number, uid, int64(w.uids)*1000, takeover)
	w.processes = append(w.processes, p)
	w.say("start %d", number)
}

// decide has the process act.
func (w *world) decide(p *process) {
	d := p.Decide(w.now)
	p.has, p.wanted = p.has.Minus(d.Drop), p.wanted.Minus(d.Drop)
	if !p.wanted.Equal(d.Want) {
		p.wanted = d.Want
	}
	if d.Open && !p.decision.Open || !d.Drop.IsNone() {
		p.readBy = p.readsSoFar
	}
	if d.Promise != nil {
		w.writes = append(w.writes, write{p, *d.Promise, p.Gone(), w.revision[p.number]})
		p.pending, p.serial = true, d.Promise.Serial
	}
	p.decision = d
	if !d.Drop.IsNone() {
		w.say("%d drops %s", p.number, d.Drop)
	}
	if d.Promise == nil {
		return
	}
	w.say("%d promises %s, leaving %v", p.number, d.Promise.Serves, d.Promise.Leaving)
	// The worst of moments: somebody is about to rely on another.
	if w.adverse && !d.Promise.Leaving && !d.Promise.Serves.Contains(p.served()) && w.IntN(2) == 0 {
		w.worst(p)
	}
}

// worst has another process than p stop, or die.
func (w *world) worst(p *process) {
	q := w.processes[w.IntN(len(w.processes))]
	if q == p {
		return
	}
	if w.crashes && w.IntN(3) == 0 {
		w.crash(q)
		return
	}
	if w.losses && w.IntN(3) == 0 {
		w.lose(q)
		return
	}
	w.deletePod(q.number)
	if pod := w.pod[q.number]; pod == nil || q.zombie {
		return
	} else if q.leaving = true; pod.UID == q.uid {
		w.say("terminate %d", q.number)
		q.Leave()
	}
}

// steps are what can happen to a process by itself.
func (w *world) steps(p *process) {
	switch w.IntN(7) {
	case 0: // sees a new layout
		if !p.cut && p.layouts < len(w.layouts) {
			p.layouts += 1 + w.IntN(len(w.layouts)-p.layouts)
			p.SetLayout(w.layouts[p.layouts-1])
		}
	case 1: // pods
		if !p.cut && p.pods < len(w.pods) {
			for range 1 + w.IntN(len(w.pods)-p.pods) {
				p.SetPod(w.pods[p.pods].number, w.pods[p.pods].is)
				p.pods++
			}
		}
	case 2, 3: // promises
		if !p.cut && p.leases < len(w.promises) {
			most := len(w.promises) - p.leases
			if w.adverse {
				most = min(3, most)
			}
			p.leases += 1 + w.IntN(most)
			p.SetPromises(w.promises[p.leases-1])
		}
	case 4: // completes what is under way
		if !p.cut && !p.has.Equal(p.wanted) {
			p.has, p.readBy = p.wanted, p.readsSoFar
			p.Completed(p.wanted)
			w.say("%d has %s", p.number, p.has)
		}
	case 5: // is scraped
		p.readsSoFar++
		if p.decision.Open {
			p.Scraped()
		}
	case 6: // hears whether the API server filters, or gives up waiting for an answer, though the write may be on its way
		if w.IntN(20) == 0 {
			p.SetFiltered(w.IntN(2) == 0)
		}
		if p.pending && w.IntN(10) == 0 {
			p.pending = false
			p.Lost(p.serial)
		}
	}
	w.decide(p)
	switch {
	case !p.leaving:
	case p.leftAt.IsZero():
		p.leftAt = w.now
	case p.decision.End || w.now.Sub(p.leftAt) > grace && len(w.down) > 0:
		w.end(p)
	}
}

// end is that of a process that may end, and of its pod.
func (w *world) end(p *process) {
	w.say("end %d, awaiting %s", p.number, p.decision.Awaited)
	w.setPod(p.number, nil)
	if !p.decision.Awaited.IsNone() { // nobody was there to take over
		w.excused = append(w.excused, excuse{p.served(), len(w.pods)})
	}
	w.processes = slices.DeleteFunc(w.processes, func(q *process) bool { return q == p })
}

// promised is the present version of all promises.
func (w *world) promised() map[int]handover.Promise { return w.promises[len(w.promises)-1] }

// change makes the next one.
func (w *world) change(edit func(map[int]handover.Promise)) {
	before := w.promised()
	next := maps.Clone(before)
	edit(next)
	for n := range 20 {
		if next[n].Holder != before[n].Holder || next[n].Serial != before[n].Serial {
			w.revision[n]++
		}
	}
	w.promises = append(w.promises, next)
}

// land has one write arrive.
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
	if w.revision[wr.from.number] != wr.revision {
		wr.from.Lost(wr.promise.Serial)
		return
	}
	w.change(func(all map[int]handover.Promise) {
		all[wr.from.number] = wr.promise
		for n, was := range wr.gone {
			if is := all[n]; is.Holder == was.Holder && is.Serial == was.Serial {
				delete(all, n)
			}
		}
	})
	wr.from.pending, wr.from.promised = false, wr.promise
}

// kubelet brings a pod up to date with its process.
func (w *world) kubelet() {
	w.reap()
	for _, p := range w.processes {
		pod := w.pod[p.number]
		ready := p.decision.Ready && !p.leaving && !p.zombie
		if pod != nil && pod.UID == p.uid && pod.Ready != ready && w.IntN(2) == 0 {
			w.setPod(p.number, &handover.Pod{UID: p.uid, Ready: ready, Ending: pod.Ending})
		}
		if pod != nil && pod.Ending && !p.leaving && !p.zombie && w.IntN(3) == 0 {
			w.say("terminate %d", p.number)
			p.leaving = true
			p.Leave()
		}
	}
}

// reap takes away pods that end and have no process, unless their nodes are lost.
func (w *world) reap() {
	for n, pod := range w.pod {
		runs := slices.ContainsFunc(w.processes, func(p *process) bool { return p.number == n })
		if pod.Ending && !runs && !w.down[n] {
			w.setPod(n, nil)
			return
		}
	}
}

// controller makes one step towards the layout.
func (w *world) controller() {
	l := w.layout()
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

// lose takes the node of a process away: the process dies, or runs on without any
// contact. Its pod stays, or is deleted and not scheduled again.
func (w *world) lose(p *process) {
	pod := w.pod[p.number]
	if pod == nil || pod.UID != p.uid || pod.Ending {
		return
	}
	w.setPod(p.number, &handover.Pod{UID: pod.UID})
	if w.down[p.number] = true; w.IntN(3) == 0 {
		w.say("lose contact with %d", p.number)
		p.zombie, p.cut = true, true
		return
	}
	w.say("lose %d", p.number)
	w.excused = append(w.excused, excuse{p.served(), len(w.pods)})
	w.processes = slices.DeleteFunc(w.processes, func(q *process) bool { return q == p })
	if w.IntN(2) == 0 {
		w.setPod(p.number, nil)
	}
}

// restore gives a number its node back.
func (w *world) restore(n int) {
	delete(w.down, n)
	w.say("restore %d", n)
	for _, p := range w.processes {
		if p.number == n {
			p.zombie, p.cut = false, false
			return
		}
	}
	if pod := w.pod[n]; pod != nil && !pod.Ending && w.IntN(2) == 0 {
		w.start(n, pod.UID)
		return
	}
	if w.pod[n] != nil {
		w.setPod(n, nil)
	}
}

func (w *world) deletePod(n int) {
	if pod := w.pod[n]; pod != nil && !pod.Ending {
		w.setPod(n, &handover.Pod{UID: pod.UID, Ready: pod.Ready, Ending: true})
	}
}

// crash has a process of the number die and come back in the same pod.
func (w *world) crash(p *process) {
	w.say("crash %d", p.number)
	pod := w.pod[p.number]
	if pod == nil || p.zombie {
		return
	}
	w.setPod(p.number, &handover.Pod{UID: pod.UID, Ending: pod.Ending})
	w.excused = append(w.excused, excuse{p.served(), len(w.pods)})
	w.processes = slices.DeleteFunc(w.processes, func(q *process) bool { return q == p })
	if pod.Ending {
		w.setPod(p.number, nil)
		return
	}
	w.start(p.number, p.uid)
}
