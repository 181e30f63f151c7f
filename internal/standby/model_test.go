package standby

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestOrderly starts and ends up to four replicas in random orders, one of which stays or comes before
// the last one leaves. From the first scrape with series on, every instant has series, and twice for no
// longer than a scrape interval of each scraper.
func TestOrderly(t *testing.T) { simulate(t, faults{}) }

// TestOutages is TestOrderly with an API server that does not answer for minutes, or loses responses.
// Replicas that leave meanwhile may have to end.
func TestOutages(t *testing.T) { simulate(t, faults{outages: true}) }

// TestLosses is TestOutages with replicas that are killed, stopped or cut off. In the end one serves.
func TestLosses(t *testing.T) { simulate(t, faults{outages: true, losses: true}) }

// seeds is the number of runs.
func seeds() int {
	if n, err := strconv.Atoi(os.Getenv("KUBESTATE_SEEDS")); err == nil {
		return n
	}
	return 60
}

func simulate(t *testing.T, f faults) {
	t.Parallel()
	served := 0
	for seed := range seeds() {
		w := newWorld(uint64(seed), f)
		err := w.run()
		if err == nil {
			err = w.converge()
		}
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, strings.Join(w.log[max(0, len(w.log)-80):], "\n"))
		}
		served += w.handovers
	}
	if served < 2*seeds() {
		t.Errorf("only %d handovers in %d runs", served, seeds())
	}
	t.Logf("%d handovers", served)
}

// run checks the world after each step of some minutes.
func (w *world) run() error {
	for range 4000 {
		if w.IntN(100) == 0 {
			w.disturb()
		}
		if err := w.step(); err != nil {
			return err
		}
	}
	return nil
}

// converge ends all faults: soon one replica serves, which holds the Lease.
func (w *world) converge() error {
	w.down = time.Time{}
	for _, p := range w.all {
		p.stopped, p.cut = time.Time{}, false
	}
	if w.staying() == 0 {
		w.start()
	}
	w.calm = true
	for range 1200 {
		if err := w.step(); err != nil {
			return err
		}
	}
	serving := ""
	for _, p := range w.all {
		if p.decision.Serve && !p.leaving {
			serving += " " + p.id
		}
	}
	if serving != " "+w.lease().Holder {
		return fmt.Errorf("at the end%s serve, and the Lease has %q", serving, w.lease().Holder)
	}
	return nil
}
