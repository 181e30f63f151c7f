package standby

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
)

// faults are those of a world. Without any, replicas start and leave.
type faults struct{ outages, losses bool }

const (
	duration = 6 * time.Second
	pace     = 50 * time.Millisecond // of a step
	latency  = 300 * time.Millisecond
	requests = duration / 3 // timeout
	delay    = time.Minute  // --shutdown-delay
)

// A world is a Lease, scrapers, and the replicas between them. Responses and events arrive late.
type world struct {
	*rand.Rand
	faults
	now       time.Time
	versions  []Record // of the Lease, the last one is present
	renewed   time.Time
	all       []*replica
	scrapers  []*scraper
	down      time.Time // until then the API server does not answer
	excused   time.Time // until then there may be a gap, and series twice
	busy      time.Time // until then a handover waits for the API server
	calm      bool
	started   int
	handovers int
	log       []string
}

// A replica is a machine with its runtime.
type replica struct {
	*Machine
	id              string
	decision        Decision
	complete        time.Time // from then on
	seen            int       // versions
	nextEvent       time.Time
	pending         *request
	since           time.Time // it serves
	leaving, cut    bool
	leftAt, stopped time.Time // stopped is until when
}

// A request is a pending write.
type request struct {
	record          Record
	lands, responds time.Time // zero: never
	landed          bool
	result          *Record // nil for a failure
}

// A scraper scrapes each replica once an interval.
type scraper struct {
	interval time.Duration
	targets  map[*replica]*target
	whole    bool      // it had series
	doubled  time.Time // since when it has series twice, zero if it has not
}

type target struct {
	next, last time.Time
	series     bool // in the last scrape
}

func newWorld(seed uint64, f faults) *world {
	w := &world{Rand: rand.New(rand.NewPCG(seed, 7)), faults: f, now: time.Unix(1e9, 0), versions: []Record{{Version: "0"}}}
	for range 1 + w.IntN(2) {
		w.scrapers = append(w.scrapers, &scraper{interval: time.Duration(1+w.IntN(15)) * time.Second, targets: map[*replica]*target{}})
	}
	w.start()
	w.start()
	return w
}

func (w *world) lease() Record { return w.versions[len(w.versions)-1] }

func (w *world) say(format string, args ...any) {
	w.log = append(w.log, w.now.Format("04:05.00 ")+fmt.Sprintf(format, args...))
}

// within is a random part of a duration.
func (w *world) within(d time.Duration) time.Duration { return time.Duration(w.Int64N(int64(d))) }

func (w *world) start() {
	w.started++
	id := fmt.Sprint("r", w.started)
	p := &replica{Machine: NewMachine(id, duration), id: id, complete: w.now.Add(w.within(20 * time.Second))}
	w.all = append(w.all, p)
	for _, s := range w.scrapers { // is discovered
		s.targets[p] = &target{next: w.now.Add(w.within(5*time.Second + s.interval))}
	}
	w.say("%s starts", p.id)
}

// staying is the number of replicas that do not leave.
func (w *world) staying() (n int) {
	for _, p := range w.all {
		if !p.leaving {
			n++
		}
	}
	return n
}

// ready is the number of replicas that stay and are known to each scraper, or could be.
func (w *world) ready() (n int) {
	for _, p := range w.all {
		if !p.leaving && !w.now.Before(p.complete) && !p.cut && p.stopped.IsZero() {
			n++
		}
	}
	return n
}

func (w *world) disturb() {
	p := w.all[w.IntN(len(w.all))]
	switch kind := w.IntN(9); {
	case kind <= 1 && w.staying() < 4:
		w.start()
	case kind <= 4 && !p.leaving && w.ready() > 1 && w.now.After(p.complete) && w.known(p) == len(w.scrapers):
		p.leaving, p.leftAt = true, w.now
		p.Leave()
		w.say("%s leaves", p.id)
	case kind == 5 && w.outages:
		w.down = w.now.Add(w.within(time.Minute))
		w.busy = w.down.Add(2 * requests)
		if w.now.Before(w.excused) { // there may be no holder
			w.excuse(w.down.Sub(w.now) + time.Minute)
		}
		w.say("outage of %s", w.down.Sub(w.now))
	case kind == 6 && w.losses && w.staying() > 1:
		w.excuse(time.Minute)
		w.end(p, "is killed")
	case kind == 7 && w.losses:
		p.stopped = w.now.Add(w.within(30 * time.Second))
		w.excuse(p.stopped.Sub(w.now) + time.Minute)
		w.say("%s stops", p.id)
	case kind == 8 && w.losses:
		p.cut = !p.cut
		w.excuse(10 * time.Minute)
		w.say("%s is cut off: %v", p.id, p.cut)
	}
}

// excuse permits gaps and duplicates for a time.
func (w *world) excuse(d time.Duration) {
	if until := w.now.Add(d); until.After(w.excused) {
		w.excused = until
	}
}

func (w *world) end(p *replica, how string) {
	w.all = slices.DeleteFunc(w.all, func(o *replica) bool { return o == p })
	for _, s := range w.scrapers {
		s.targets[p].series = false // the scrape fails when it is due, which is no later
		delete(s.targets, p)
	}
	w.say("%s %s", p.id, how)
}

// step lets some time pass.
func (w *world) step() error {
	w.now = w.now.Add(pace)
	w.Shuffle(len(w.all), func(i, j int) { w.all[i], w.all[j] = w.all[j], w.all[i] })
	for _, p := range slices.Clone(w.all) {
		if err := w.land(p); err != nil {
			return err
		}
		if p.stopped.IsZero() || w.now.After(p.stopped) {
			p.stopped = time.Time{}
			w.advance(p)
		}
	}
	for _, s := range w.scrapers {
		for p, at := range s.targets {
			if !w.now.Before(at.next) {
				at.next = at.next.Add(s.interval)
				if p.stopped.IsZero() {
					at.last, at.series = w.now, p.serves(w.now)
				} else {
					at.series = false
				}
			}
		}
	}
	return w.check()
}

// serves is what a scrape gets. While the machine is in doubt a scrape waits, which here is no series.
func (p *replica) serves(now time.Time) bool {
	return p.decision.Serve && (p.decision.Until.IsZero() || now.Before(p.decision.Until))
}

// land makes a write of the replica arrive at the API server, also if it does not run any more.
func (w *world) land(p *replica) error {
	q := p.pending
	if q == nil || q.landed || q.lands.IsZero() || w.now.Before(q.lands) || w.now.Before(w.down) {
		return nil
	}
	q.landed = true
	if before := w.lease(); before.Version == q.record.Version {
		if before.Holder != "" && before.Holder != p.id {
			if gone := w.now.Sub(w.renewed); gone < before.Duration {
				return fmt.Errorf("%s takes the Lease of %s %s after a renewal", p.id, before.Holder, gone)
			}
		}
		r := q.record
		r.Version = strconv.Itoa(len(w.versions))
		w.versions, w.renewed = append(w.versions, r), w.now
		q.result = &r
		if r.Holder != before.Holder {
			w.say("the Lease has %q", r.Holder)
			w.handovers++
		}
	}
	return nil
}

// advance runs a replica.
func (w *world) advance(p *replica) {
	reaches := !p.cut && !w.now.Before(w.down)
	if q := p.pending; q != nil && !w.now.Before(q.responds) {
		p.pending = nil
		lost := !reaches || w.outages && !w.calm && w.IntN(50) == 0
		switch {
		case q.result != nil && !lost:
			p.seen = max(p.seen, version(*q.result))
			p.Wrote(w.now, *q.result)
		case q.landed && q.result == nil && reaches:
			p.Refused()
		default:
			p.Failed()
		}
	}
	if reaches && !w.now.Before(p.nextEvent) {
		if p.seen < len(w.versions)-1 || p.nextEvent.IsZero() {
			p.seen = len(w.versions) - 1 - w.IntN(max(1, len(w.versions)-1-p.seen))
			p.Observe(w.now, w.versions[p.seen])
		}
		p.nextEvent = w.now.Add(w.within(latency))
	}
	if !reaches && w.IntN(20) == 0 {
		p.Blind()
		p.nextEvent = time.Time{}
	}
	p.SetComplete(!w.now.Before(p.complete))
	p.SetScrapers(w.known(p))
	if p.decision.Serve && w.scraped(p) {
		p.SetScraped()
	}
	before := p.decision.Serve
	p.decision = p.Decide(w.now)
	if p.decision.Serve && w.now.Before(p.complete) {
		panic(p.id + " serves incomplete content")
	}
	if p.decision.Serve != before {
		p.since = w.now
		w.say("%s serves: %v", p.id, p.decision.Serve)
	}
	if r := p.decision.Write; r != nil {
		p.pending = w.request(*r, reaches)
	}
	if p.leaving && (p.decision.Exit || w.now.Sub(p.leftAt) > delay) {
		if !p.decision.Exit && len(w.all) > 1 {
			w.say("%s does not wait any longer", p.id)
			w.excuse(max(0, w.down.Sub(w.now)) + time.Minute)
		}
		w.end(p, "ends")
	}
}

// request sends a write, which may be lost in both directions.
func (w *world) request(r Record, reaches bool) *request {
	q := &request{record: r, lands: w.now.Add(w.within(latency))}
	q.responds = q.lands.Add(w.within(latency))
	if !reaches || w.losses && !w.calm && w.IntN(100) == 0 {
		q.responds = w.now.Add(requests)
		if !reaches || w.IntN(2) == 0 {
			q.lands = time.Time{}
		}
	}
	return q
}

// known is the number of scrapers that a replica has seen.
func (w *world) known(p *replica) (n int) {
	for _, s := range w.scrapers {
		if !s.targets[p].last.IsZero() {
			n++
		}
	}
	return n
}

// scraped reports whether all scrapers that the replica knows, and as many as expected, have come since
// it serves.
func (w *world) scraped(p *replica) bool {
	came := 0
	for _, s := range w.scrapers {
		switch last := s.targets[p].last; {
		case last.After(p.since):
			came++
		case !last.IsZero():
			return false
		}
	}
	return came >= max(1, p.Expected())
}

// check holds that each scraper has series, and has them twice for no longer than a handover takes. An
// outage leaves no gap.
func (w *world) check() error {
	for _, s := range w.scrapers {
		with := 0
		for _, at := range s.targets {
			if at.series {
				with++
			}
		}
		excused, bound := w.now.Before(w.excused), w.longest(s)
		s.whole = s.whole || with > 0
		switch {
		case with == 0 && s.whole && !excused:
			return fmt.Errorf("at %s no series", w.now.Format("04:05.00"))
		case with > 2 && !excused:
			return fmt.Errorf("at %s series of %d replicas", w.now.Format("04:05.00"), with)
		case with < 2 || excused || w.now.Before(w.busy):
			s.doubled = time.Time{}
		case s.doubled.IsZero():
			s.doubled = w.now
		case w.now.Sub(s.doubled) > bound:
			return fmt.Errorf("at %s series twice for more than %s", w.now.Format("04:05.00"), bound)
		}
	}
	return nil
}

// longest is how long a scraper has series twice at a handover: one interval, and as long as another one
// needs to read the new holder.
func (w *world) longest(s *scraper) (d time.Duration) {
	for _, other := range w.scrapers {
		if other != s {
			d = max(d, other.interval)
		}
	}
	return d + s.interval + 4*latency + 2*pace
}

func version(r Record) int {
	n, err := strconv.Atoi(r.Version)
	if err != nil {
		panic(err)
	}
	return n
}
