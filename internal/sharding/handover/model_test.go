package handover_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/sharding/handover"
)

// TestNoGap runs up to eight members through resizes, restarts and partitions in random orders.
// Everything that was served once is served by some member from then on, and in the end each
// member serves its hash range.
func TestNoGap(t *testing.T) { simulate(t, seedsOf(70), world{}) }

// TestCrashes is TestNoGap with killed processes. Only what they served is unserved.
func TestCrashes(t *testing.T) { simulate(t, seedsOf(40), world{crashes: true}) }

// TestLosses is TestNoGap with lost nodes, whose processes die or run on unseen. While most members
// are present, everything is served after a time, and a returned hash range is never unserved.
func TestLosses(t *testing.T) { simulate(t, seedsOf(40), world{crashes: true, losses: true}) }

// seedsOf is the number of runs: KUBESTATE_SEEDS, or n.
func seedsOf(n int) int {
	if more, err := strconv.Atoi(os.Getenv("KUBESTATE_SEEDS")); err == nil {
		return more
	}
	return n
}

func simulate(t *testing.T, seeds int, troubles world) {
	t.Parallel()
	shared := 0
	for seed := range seeds {
		w := newWorld(uint64(seed))
		w.crashes, w.losses = troubles.crashes, troubles.losses
		if troubles.pairs != nil {
			w.pairs, w.deposes = map[int]*pair{}, troubles.deposes
		}
		if troubles.cluster != nil {
			w.cluster = newCluster(w)
		}
		err := w.run()
		if err == nil && w.losses {
			err = w.recover()
		}
		if err == nil {
			err = w.converge()
		}
		if err == nil && w.cluster != nil {
			err = w.cluster.check()
		}
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, strings.Join(w.log[max(0, len(w.log)-6000):], "\n"))
		}
		shared += len(w.processes)
	}
	if shared < seeds {
		t.Errorf("only %d members at the end of %d runs", shared, seeds)
	}
}

// run checks the world after each of some hundreds of events.
func (w *world) run() error {
	w.adverse = true
	for range 500 + w.IntN(1500) {
		if w.whole && w.IntN(50) == 0 {
			w.disturb()
		}
		w.step()
		if err := w.check(); err != nil {
			return err
		}
	}
	return nil
}

// step makes one event happen.
func (w *world) step() {
	w.now = w.now.Add(200 * time.Millisecond)
	switch {
	case w.cluster != nil:
		w.live()
	case w.IntN(300) == 0:
		w.now = w.now.Add(time.Minute) // without events
	}
	if w.pairs != nil && w.IntN(4) == 0 {
		w.elect()
	}
	switch w.IntN(6) {
	case 0:
		w.controller()
	case 1:
		w.kubelet()
	case 2:
		w.land()
	default:
		if len(w.processes) > 0 {
			w.steps(w.processes[w.IntN(len(w.processes))])
		}
	}
}

// disturb makes one change or fault happen.
func (w *world) disturb() {
	switch w.IntN(9) {
	case 0, 1:
		l := w.anyAssignment()
		if w.IntN(8) == 0 {
			l.Start = w.IntN(3)
		}
		w.assignments = append(w.assignments, l)
		w.say("resize to %+v", l)
	case 2:
		w.deletePod(w.assignment().Start + w.IntN(w.assignment().Total))
	case 3:
		if len(w.processes) > 0 {
			w.processes[w.IntN(len(w.processes))].setCut(true)
			w.say("cut")
		}
	case 4:
		w.heal()
	case 6: // a client deletes an annotation, or the Lease
		n := w.assignment().Start + w.IntN(w.assignment().Total)
		w.change(func(all map[int]handover.Claim) {
			if delete(all, n); w.IntN(3) == 0 {
				clear(all)
			}
		})
		w.say("forget %d", n)
	case 5:
		if w.crashes && len(w.processes) > 0 {
			w.crash(w.processes[w.IntN(len(w.processes))])
		}
	case 7:
		if w.losses && len(w.processes) > 0 {
			w.lose(w.processes[w.IntN(len(w.processes))])
		}
	case 8:
		w.restoreAny()
	}
}

// worst ends, kills or loses another process than p.
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
	} else if pod.UID == q.uid {
		w.leave(q)
	} else if w.pairs == nil {
		q.leaving = true
	}
}

func (w *world) deletePod(n int) {
	if pod := w.pod[n]; pod != nil && !pod.Ending {
		w.setPod(n, &handover.Pod{UID: pod.UID, Ready: pod.Ready, Ending: true})
	}
}

// crash kills a process, which starts again in the same pod.
func (w *world) crash(p *process) {
	w.say("crash %d", p.number)
	pod := w.pod[p.number]
	if pod == nil || p.zombie {
		return
	}
	if w.pairs != nil && w.crashPair(p) {
		return
	}
	w.setPod(p.number, &handover.Pod{UID: pod.UID, Ending: pod.Ending})
	w.excused = append(w.excused, excuse{p.served(), len(w.pods)})
	w.die(p)
	w.processes = slices.DeleteFunc(w.processes, func(q *process) bool { return q == p })
	if pod.Ending {
		w.setPod(p.number, nil)
		return
	}
	w.start(p.number, p.uid)
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
		p.zombie = true
		p.setCut(true)
		w.die(p)
		return
	}
	w.say("lose %d", p.number)
	w.excused = append(w.excused, excuse{p.served(), len(w.pods)})
	w.die(p)
	w.processes = slices.DeleteFunc(w.processes, func(q *process) bool { return q == p })
	if w.IntN(2) == 0 {
		w.setPod(p.number, nil)
	}
}

// restore gives a number a node again.
func (w *world) restore(n int) {
	delete(w.down, n)
	w.say("restore %d", n)
	for _, p := range w.processes {
		if p.number == n {
			p.zombie = false
			p.setCut(false)
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

// restoreAny restores a random number without a node.
func (w *world) restoreAny() {
	if down := slices.Sorted(maps.Keys(w.down)); len(down) > 0 {
		w.restore(down[w.IntN(len(down))])
	}
}

// recover stops all faults but the loss of at most half of the nodes, and returns an error if
// anything stays unserved.
func (w *world) recover() error {
	l := w.assignment()
	for 2*len(w.down) > l.Total {
		w.restoreAny()
	}
	for 2*(len(w.down)+1) <= l.Total && len(w.processes) > 0 && w.IntN(8) > 0 {
		before := len(w.down)
		if p := w.processes[w.IntN(len(w.processes))]; !p.zombie && l.Start <= p.number && p.number < l.Start+l.Total {
			w.lose(p)
		}
		if len(w.down) == before {
			break // it cannot be lost now
		}
	}
	w.adverse = false
	w.say("only losses")
	until := w.now.Add(15 * time.Minute)
	for w.now.Before(until) {
		w.heal()
		w.step()
		if err := w.check(); err != nil {
			return err
		}
	}
	if missing := sharding.All().Minus(w.union()); !missing.IsNone() {
		return fmt.Errorf("unserved: %s with %v of %d lost", missing, slices.Sorted(maps.Keys(w.down)), w.assignment().Total)
	}
	return nil
}

// check returns an error if something unserved has no excuse.
func (w *world) check() error {
	union := w.union()
	w.whole = w.whole || union.IsAll()
	if !w.whole {
		return nil
	}
	sure := sharding.None()
	for _, p := range w.processes {
		if !p.claimed.Leaving {
			sure = sure.Union(p.claimed.Ranges.Intersection(p.served()))
		}
	}
	w.excused = slices.DeleteFunc(w.excused, func(e excuse) bool {
		return sure.Contains(e.ranges) && !slices.ContainsFunc(w.processes, func(p *process) bool { return p.pods < e.pods })
	})
	missing := sharding.All().Minus(union)
	for _, e := range w.excused {
		missing = missing.Minus(e.ranges)
	}
	if !missing.IsNone() {
		return fmt.Errorf("unserved: %s", missing)
	}
	return nil
}

// converge stops all faults and returns an error if the members do not settle.
func (w *world) converge() error {
	w.say("no faults")
	w.adverse = false
	for len(w.down) > 0 {
		w.restoreAny()
	}
	var last error
	for range 20000 {
		w.heal()
		w.step()
		if err := w.check(); err != nil {
			return err
		}
		if last = w.settled(); last == nil {
			return nil
		}
	}
	return fmt.Errorf("does not settle: %w", last)
}

// settled returns how the world differs from one in which each member serves its hash range.
func (w *world) settled() error {
	l := w.assignment()
	if w.cluster != nil && w.cluster.wrong != nil {
		return w.cluster.wrong
	}
	if len(w.processes) != l.Total || len(w.pod) != l.Total {
		return fmt.Errorf("%d processes and %d pods of %d", len(w.processes), len(w.pod), l.Total)
	}
	for _, p := range w.processes {
		want := sharding.Even(p.number-l.Start, l.Total)
		switch pod := w.pod[p.number]; {
		case !p.served().Equal(want):
			return fmt.Errorf("%d serves %s, want %s: %+v", p.number, p.served(), want, p.decision)
		case !p.wanted.Equal(want):
			return fmt.Errorf("%d wants %s, want %s", p.number, p.wanted, want)
		case pod == nil || !pod.Ready:
			return fmt.Errorf("%d is not ready", p.number)
		case !p.decision.Unclaimed.IsNone() || p.decision.Overdue:
			return fmt.Errorf("%d has unclaimed %s", p.number, p.decision.Unclaimed)
		case p.leases < len(w.claims):
			return fmt.Errorf("%d has not seen everything", p.number)
		}
	}
	return nil
}
