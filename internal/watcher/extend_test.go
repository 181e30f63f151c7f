package watcher_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/watcher"
)

// grower is a watcher of a world, and what is known of its share.
type grower struct {
	*world
	w      *watcher.Watcher
	rnd    *rand.Rand
	served sharding.Ranges // for certain
	target sharding.Ranges
}

// newGrower runs a watcher of pods and nodes of a world. It gives it and how to change
// its configuration.
func newGrower(t *testing.T, w *world, seed uint64) (*grower, func(generators.Selection)) {
	t.Helper()
	a := &api{}
	a.serve(t, w)
	config := watcher.Config{Resources: []generators.Resource{pods, nodes}, Shard: sharding.None(), Client: newClient(t, a.config())}
	g := &grower{
		world: w, w: newWatcher(config, prometheus.NewRegistry(), &log{about: aboutReason}), rnd: rand.New(rand.NewPCG(seed, 9)),
		served: sharding.None(), target: sharding.None(),
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		g.w.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return g, func(s generators.Selection) {
		config.Selection = s
		g.w.Change(config)
	}
}

// some are about that many of twelve parts of all hashes.
func (g *grower) some(parts int) sharding.Ranges {
	r := sharding.None()
	for range parts {
		r = r.Union(sharding.Even(g.rnd.IntN(12), 12))
	}
	return r
}

// lines are what there should be of a share, by what there is in the world.
func (g *grower) lines(share sharding.Ranges) (all []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, o := range g.things {
		if share.Holds(sharding.Hash(o.uid)) {
			all = append(all, fmt.Sprintf("node_generation{node=%q} %d", o.name, o.version),
				fmt.Sprintf("pod_generation{namespace=\"n\",pod=%q} %d", o.name, o.version))
		}
	}
	slices.Sort(all)
	return all
}

// got are the lines that readers get.
func (g *grower) got() (all []string) {
	for line := range strings.Lines(text(g.w.Resources()...)) {
		if strings.Contains(line, "_generation{") {
			all = append(all, strings.TrimSpace(line))
		}
	}
	slices.Sort(all)
	return all
}

// rests waits until the last share must be served, with all that has happened.
func (g *grower) rests(t *testing.T) {
	t.Helper()
	time.Sleep(3 * time.Minute)
	synctest.Wait()
	if !g.w.Complete() {
		t.Fatalf("the share %s is not complete", g.target)
	}
	g.served = g.target
	if d := cmp.Diff(g.lines(g.target), g.got()); d != "" {
		t.Fatalf("of %s (-want +got):\n%s", g.target, d)
	}
}

// TestGrowAtRandom has shares grow, shrink and change their minds while objects
// change, watches end and the configuration changes: in the end, what is served is what
// there is, and in between nothing is there that is not to be.
func TestGrowAtRandom(t *testing.T) {
	seeds := uint64(30)
	if testing.Short() {
		seeds = 8
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g, change := newGrower(t, newWorld(seed), seed)
				for range 40 {
					g.change(fmt.Sprint("thing-", g.rnd.IntN(40)))
				}
				for range 40 {
					switch n := g.rnd.IntN(20); {
					case n < 8:
						for range 1 + g.rnd.IntN(20) {
							g.change(fmt.Sprint("thing-", g.rnd.IntN(40)))
						}
					case n < 13:
						g.target = g.target.Union(g.some(4))
						g.w.Reshard(g.target)
					case n < 14:
						g.target = g.some(6)
						g.w.Reshard(g.target)
					case n < 16:
						gone := g.some(4)
						g.served, g.target = g.served.Minus(gone), g.target.Minus(gone)
						g.w.Drop(gone)
						if over := g.of(gone); len(over) > 0 {
							t.Fatalf("after the drop of %s there is %q", gone, over)
						}
					case n < 17:
						g.end()
					case n < 18:
						g.forget()
						g.end()
					case n < 19:
						change(without([]string{"pod_last", "pod_fragile"}[g.rnd.IntN(2)]))
					default:
						g.rests(t)
					}
					time.Sleep(time.Duration(g.rnd.Int64N(int64(2 * time.Second))))
				}
				g.rests(t)
			})
		})
	}
}

// of gives what readers get of the present objects of ranges.
func (g *grower) of(r sharding.Ranges) (all []string) {
	lines := g.lines(r)
	for _, line := range g.got() {
		if slices.Contains(lines, line) {
			all = append(all, line)
		}
	}
	return all
}

// TestGrowIsSeenAtOnce has readers look while shares grow. All resources grow at the
// same moment: each reader has a whole share of both, the one before or the one after.
func TestGrowIsSeenAtOnce(t *testing.T) {
	for seed := range uint64(6) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(seed)
			g, _ := newGrower(t, w, seed)
			for i := range 200 {
				g.change(fmt.Sprint("thing-", i))
			}
			share := sharding.None()
			for i := range 4 {
				before := g.lines(share)
				share = share.Union(sharding.Even((i*5+int(seed))%12, 12)).Union(sharding.Even((i*7+2)%12, 12))
				after := g.lines(share)
				g.w.Reshard(share)
				var readers sync.WaitGroup
				for range 3 {
					readers.Go(func() {
						for {
							complete := g.w.Complete()
							got := g.got()
							if !slices.Equal(got, after) && (complete || !slices.Equal(got, before)) {
								t.Errorf("complete: %v; not all of either share (-before +got):\n%s", complete, cmp.Diff(before, got))
								return
							}
							if complete {
								return
							}
							time.Sleep(7 * time.Millisecond)
						}
					})
				}
				readers.Wait()
			}
		})
	}
}

// TestGrowListsNoneTwice holds that nothing of what is held is listed again, by an API
// server that chooses, over hundreds of changes of the share: and that there is one
// watch of each resource after each.
func TestGrowListsNoneTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(1)
		w.chooses, w.streams = true, true
		g, _ := newGrower(t, w, 1)
		for i := range 60 {
			g.change(fmt.Sprint("thing-", i))
		}
		listed := map[string]int{}
		w.listed = func(uid string) { listed[uid]++ }
		for round := range 200 {
			lacking := g.some(5).Minus(g.target)
			clear(listed)
			g.target = g.target.Union(lacking)
			g.w.Reshard(g.target)
			for waited := 0; !g.w.Complete(); waited++ {
				if waited > 300 {
					t.Fatalf("round %d: the share is not complete", round)
				}
				time.Sleep(time.Second)
			}
			time.Sleep(3 * time.Second) // for a watch that is resumed for less
			synctest.Wait()
			w.mu.Lock()
			for uid, n := range maps.All(listed) {
				if n != 2 || !lacking.Holds(sharding.Hash(uid)) { // once of each resource
					t.Errorf("round %d: %s was listed %d times", round, uid, n)
				}
			}
			w.mu.Unlock()
			if d := cmp.Diff(g.lines(g.target), g.got()); d != "" {
				t.Fatalf("round %d (-want +got):\n%s", round, d)
			}
			gone := g.some(5)
			if gone.Contains(g.target) {
				continue // a share of nothing is begun as a whole
			}
			g.target = g.target.Minus(gone)
			g.w.Drop(gone)
			for range 5 {
				g.change(fmt.Sprint("thing-", g.rnd.IntN(60)))
			}
		}
		for _, r := range g.w.Resources() {
			if n := len(r.Partitions()); n != 1 {
				t.Errorf("%s has %d parts", r.Name(), n)
			}
		}
	})
}
