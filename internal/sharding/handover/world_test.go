package handover_test

import (
	"fmt"
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
	promises []event[handover.Promise]
	pod      map[int]*handover.Pod
	revision map[int]int // of the promises of a number
	writes   []write     // on their way

	processes []*process
	ordered   bool // pods are created and deleted one at a time
	uids      int
	excused   []excuse
	whole     bool // everything was served once
	// What may happen besides: bad luck at the worst moments, and sudden deaths.
	adverse, crashes bool
	log              []string
}

// event is something about the pod with the number; it is gone if that is nil.
type event[T any] struct {
	number int
	is     *T
}

type write struct {
	from     *process
	promise  handover.Promise
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
	pending               bool             // a promise is on its way
	promised              handover.Promise // the last one that has arrived
	has, wanted           sharding.Ranges
	decision              handover.Decision
	readBy, readsSoFar    int // scrapes that began since readers got more
}

func newWorld(seed uint64) *world {
	w := &world{
		Rand: rand.New(rand.NewPCG(seed, 1)), now: time.Unix(1e9, 0),
		pod: map[int]*handover.Pod{}, revision: map[int]int{},
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
	p.Member = handover.New(number, uid, int64(w.uids)*1000)
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
		w.writes = append(w.writes, write{p, *d.Promise, w.revision[p.number]})
		p.pending = true
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
	w.deletePod(q.number)
	if q.leaving = true; w.pod[q.number].UID == q.uid {
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
			for range 1 + w.IntN(min(3, len(w.promises)-p.leases)) {
				p.SetPromise(w.promises[p.leases].number, w.promises[p.leases].is)
				p.leases++
			}
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
	case 6: // gives up waiting for an answer, though the write may be on its way
		if p.pending && w.IntN(10) == 0 {
			p.pending = false
			p.Lost()
		}
	}
	w.decide(p)
	if p.leaving && p.decision.End {
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
		wr.from.Lost()
		return
	}
	w.revision[wr.from.number]++
	w.promises = append(w.promises, event[handover.Promise]{wr.from.number, &wr.promise})
	wr.from.pending, wr.from.promised = false, wr.promise
}

// kubelet brings a pod up to date with its process.
func (w *world) kubelet() {
	for _, p := range w.processes {
		pod := w.pod[p.number]
		ready := p.decision.Ready && !p.leaving
		if pod != nil && pod.UID == p.uid && pod.Ready != ready && w.IntN(2) == 0 {
			w.setPod(p.number, &handover.Pod{UID: p.uid, Ready: ready, Ending: pod.Ending})
		}
		if pod != nil && pod.Ending && !p.leaving && w.IntN(3) == 0 {
			w.say("terminate %d", p.number)
			p.leaving = true
			p.Leave()
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
			w.start(n, uid)
			return
		}
		settled = settled && pod.Ready
		if w.ordered && !pod.Ready {
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

func (w *world) deletePod(n int) {
	if pod := w.pod[n]; pod != nil && !pod.Ending {
		w.setPod(n, &handover.Pod{UID: pod.UID, Ready: pod.Ready, Ending: true})
	}
}

// crash has a process of the number die and come back in the same pod.
func (w *world) crash(p *process) {
	w.say("crash %d", p.number)
	pod := w.pod[p.number]
	w.setPod(p.number, &handover.Pod{UID: pod.UID, Ending: pod.Ending})
	w.excused = append(w.excused, excuse{p.served(), len(w.pods)})
	w.processes = slices.DeleteFunc(w.processes, func(q *process) bool { return q == p })
	if pod.Ending {
		w.setPod(p.number, nil)
		return
	}
	w.start(p.number, p.uid)
}
