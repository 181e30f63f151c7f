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

// TestNoGap has members of up to eight live through resizes, restarts and
// partitions, in every order that some hundreds of seeds make. What is served once
// is served by somebody from then on, and in the end each serves its share.
func TestNoGap(t *testing.T) { simulate(t, seedsOf(70), world{}) }

// TestCrashes is TestNoGap where processes die, too. Nothing is missing but what the
// dead served.
func TestCrashes(t *testing.T) { simulate(t, seedsOf(40), world{crashes: true}) }

// TestLosses is TestNoGap where nodes are lost, and processes with them or only out of
// sight. As long as most members are there, what is missing is served after a
// time, and what is given back later is never missing.
func TestLosses(t *testing.T) { simulate(t, seedsOf(40), world{crashes: true, losses: true}) }

// seedsOf is how many runs there are: n, unless the environment says another number
// in KUBESTATE_SEEDS.
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
		err := w.run()
		if err == nil && w.losses {
			err = w.recover()
		}
		if err == nil {
			err = w.converge()
		}
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, strings.Join(w.log[max(0, len(w.log)-60):], "\n"))
		}
		shared += len(w.processes)
	}
	if shared < seeds {
		t.Errorf("only %d members at the end of %d runs", shared, seeds)
	}
}

// run has things happen for a while, and looks after each.
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

// step has something happen.
func (w *world) step() {
	w.now = w.now.Add(200 * time.Millisecond)
	if w.IntN(300) == 0 {
		w.now = w.now.Add(time.Minute) // in which nothing does
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

// disturb is what users and bad luck do.
func (w *world) disturb() {
	switch w.IntN(9) {
	case 0, 1:
		l := w.anyLayout()
		if w.IntN(8) == 0 {
			l.Start = w.IntN(3)
		}
		w.layouts = append(w.layouts, l)
		w.say("resize to %+v", l)
	case 2:
		w.deletePod(w.layout().Start + w.IntN(w.layout().Total))
	case 3:
		if len(w.processes) > 0 {
			p := w.processes[w.IntN(len(w.processes))]
			p.cut = true
			w.say("cut %d", p.number)
		}
	case 4:
		for _, p := range w.processes {
			p.cut = p.zombie
		}
	case 6: // somebody deletes an annotation, or the Lease
		n := w.layout().Start + w.IntN(w.layout().Total)
		w.change(func(all map[int]handover.Promise) {
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

// restoreAny gives one of the numbers that have none a node.
func (w *world) restoreAny() {
	if down := slices.Sorted(maps.Keys(w.down)); len(down) > 0 {
		w.restore(down[w.IntN(len(down))])
	}
}

// recover leaves the world in peace but for nodes that are lost, as long as they are
// fewer than half, and says what nobody serves in the end.
func (w *world) recover() error {
	l := w.layout()
	for 2*len(w.down) > l.Total {
		w.restoreAny()
	}
	for 2*(len(w.down)+1) <= l.Total && len(w.processes) > 0 && w.IntN(8) > 0 {
		before := len(w.down)
		if p := w.processes[w.IntN(len(w.processes))]; !p.zombie && l.Start <= p.number && p.number < l.Start+l.Total {
			w.lose(p)
		}
		if len(w.down) == before {
			break // it cannot be lost now; that will do
		}
	}
	w.adverse = false
	w.say("half a peace")
	until := w.now.Add(15 * time.Minute)
	for w.now.Before(until) {
		for _, p := range w.processes {
			p.cut = p.zombie
		}
		w.step()
		if err := w.check(); err != nil {
			return err
		}
	}
	if missing := sharding.All().Minus(w.union()); !missing.IsNone() {
		return fmt.Errorf("nobody serves %s though %v of %d are lost", missing, slices.Sorted(maps.Keys(w.down)), w.layout().Total)
	}
	return nil
}

// check says what must not be.
func (w *world) check() error {
	union := w.union()
	w.whole = w.whole || union.IsAll()
	if !w.whole {
		return nil
	}
	sure := sharding.None()
	for _, p := range w.processes {
		if !p.promised.Leaving {
			sure = sure.Union(p.promised.Serves.Intersection(p.served()))
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
		return fmt.Errorf("nobody serves %s", missing)
	}
	return nil
}

// converge leaves the world in peace and says what does not become as it is to be.
func (w *world) converge() error {
	w.say("peace")
	w.adverse = false
	for len(w.down) > 0 {
		w.restoreAny()
	}
	var last error
	for range 20000 {
		for _, p := range w.processes {
			p.cut = false
		}
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

// settled says what is not as it is to be in the end.
func (w *world) settled() error {
	l := w.layout()
	if len(w.processes) != l.Total || len(w.pod) != l.Total {
		return fmt.Errorf("%d processes and %d pods of %d", len(w.processes), len(w.pod), l.Total)
	}
	for _, p := range w.processes {
		want := sharding.Even(p.number-l.Start, l.Total)
		switch pod := w.pod[p.number]; {
		case !p.served().Equal(want):
			return fmt.Errorf("%d serves %s, is to serve %s: %+v", p.number, p.served(), want, p.decision)
		case !p.wanted.Equal(want):
			return fmt.Errorf("%d wants %s, is to want %s", p.number, p.wanted, want)
		case pod == nil || !pod.Ready:
			return fmt.Errorf("%d is not ready", p.number)
		case !p.decision.Awaited.IsNone() || p.decision.Overdue:
			return fmt.Errorf("%d awaits %s", p.number, p.decision.Awaited)
		case p.leases < len(w.promises):
			return fmt.Errorf("%d has not seen everything", p.number)
		}
	}
	return nil
}
