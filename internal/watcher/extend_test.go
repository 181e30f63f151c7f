package watcher_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/watcher"
)

// extender is a watcher of a random API server, whose shard changes.
type extender struct {
	*randomAPI
	w     *watcher.Watcher
	rnd   *rand.Rand
	shard sharding.Ranges // the last wanted one
	after time.Duration   // after which finished pods leave; 0 for never
	pods  *generators.Table[*corev1.Pod]
}

// newExtender runs a watcher of a table of pods and of nodes, and returns a function that changes
// its selection. Finished pods leave all families but one after some time, 0 for never.
func newExtender(t *testing.T, w *randomAPI, seed uint64, pods *generators.Table[*corev1.Pod], after time.Duration) (*extender, func(generators.Selection)) {
	t.Helper()
	a := &api{}
	a.serve(t, w)
	config := watcher.Config{
		Resources: []generators.Resource{pods, nodes}, Shard: sharding.None(), Client: newClient(t, a.config()),
		FinishedAfter: map[string]time.Duration{"pods": after}, FinishedKeep: []generators.Pattern{pattern("pod_last")},
	}
	g := &extender{
		randomAPI: w, w: newWatcher(config, prometheus.NewRegistry(), &log{about: aboutReason}), rnd: rand.New(rand.NewPCG(seed, 9)),
		shard: sharding.None(), after: after, pods: pods,
	}
	run(t, g.w)
	return g, func(s generators.Selection) {
		config.Selection = s
		g.w.Change(config)
	}
}

// some returns up to n random twelfths of the hash space.
func (g *extender) some(n int) sharding.Ranges {
	r := sharding.None()
	for range n {
		r = r.Union(sharding.Even(g.rnd.IntN(12), 12))
	}
	return r
}

// lineCounts counts equal lines; their order is that of arrival.
type lineCounts map[string]int

// want returns the lines of the API server's objects in a shard.
func (g *extender) want(shard sharding.Ranges) lineCounts {
	g.mu.Lock()
	defer g.mu.Unlock()
	counts, left := lineCounts{}, 0
	for _, o := range g.objects {
		if !shard.Holds(sharding.Hash(o.uid)) {
			continue
		}
		counts[fmt.Sprintf("node_generation{node=%q} %d", o.name, o.version)]++
		if g.after > 0 && !o.deleted.IsZero() && time.Since(o.deleted) >= g.after {
			left++
		} else {
			counts[fmt.Sprintf("pod_generation{namespace=\"n\",pod=%q} %d", o.name, o.version)]++
			if g.pods == attributed {
				counts[fmt.Sprintf("pod_workload{namespace=\"n\",pod=%q,kind=\"Deployment\",name=%q} 1", o.name, o.deployment())]++
			}
		}
	}
	if left > 0 {
		counts[fmt.Sprintf("%s{resource=\"pods\",namespace=\"n\",reason=\"Deleted\"} %d", finishedObjects, left)]++
	}
	return counts
}

// lines returns the served lines.
func (g *extender) lines() lineCounts {
	counts := lineCounts{}
	for line := range strings.Lines(text(g.w.Resources()...)) {
		if strings.Contains(line, "_generation{") || strings.Contains(line, "_workload{") || strings.HasPrefix(line, finishedObjects) {
			counts[strings.TrimSpace(line)]++
		}
	}
	return counts
}

// expectServed checks that the last wanted shard is served after at most three minutes.
func (g *extender) expectServed(t *testing.T) {
	t.Helper()
	time.Sleep(3 * time.Minute)
	synctest.Wait()
	if !g.w.Complete() {
		t.Fatalf("shard %s is not complete", g.shard)
	}
	if d := cmp.Diff(g.want(g.shard), g.lines()); d != "" {
		t.Fatalf("shard %s (-want +got):\n%s", g.shard, d)
	}
}

// finishedObjects is the family of the counts of finished objects.
const finishedObjects = "kubestate_finished_objects"

// TestRandomExtensions extends, shrinks and replaces shards while objects change, watches end and
// the configuration changes. Pods of every second seed leave after their end. The last shard is
// served in the end, and no dropped object after a drop.
func TestRandomExtensions(t *testing.T) {
	seeds := uint64(30)
	if testing.Short() {
		seeds = 8
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g, change := newExtender(t, newRandomAPI(seed), seed, []*generators.Table[*corev1.Pod]{pods, attributed}[seed/2%2], time.Duration(seed%2)*leaveAfter)
				for range 40 {
					g.change(fmt.Sprint("object-", g.rnd.IntN(40)))
				}
				for range 40 {
					switch n := g.rnd.IntN(20); {
					case n < 8:
						for range 1 + g.rnd.IntN(20) {
							g.change(fmt.Sprint("object-", g.rnd.IntN(40)))
						}
					case n < 13:
						g.shard = g.shard.Union(g.some(4))
						g.w.Reshard(g.shard)
					case n < 14:
						g.shard = g.some(6)
						g.w.Reshard(g.shard)
					case n < 16:
						dropped := g.some(4)
						g.shard = g.shard.Minus(dropped)
						g.w.Drop(dropped)
						if served := g.of(dropped); len(served) > 0 {
							t.Fatalf("after the drop of %s, %v is served", dropped, served)
						}
					case n < 17:
						g.end()
					case n < 18:
						g.compact()
						g.end()
					case n < 19:
						change(without([]string{"pod_last", "pod_fragile"}[g.rnd.IntN(2)]))
					default:
						g.expectServed(t)
					}
					time.Sleep(time.Duration(g.rnd.Int64N(int64(2 * time.Second))))
				}
				g.expectServed(t)
			})
		})
	}
}

// of returns the served lines of the present objects in ranges.
func (g *extender) of(r sharding.Ranges) lineCounts {
	present, served := g.want(r), g.lines()
	maps.DeleteFunc(served, func(line string, _ int) bool { return present[line] == 0 || strings.HasPrefix(line, finishedObjects) })
	return served
}

// TestReadersSeeWholeShards reads while shards are extended. A reader sees pods and nodes of one
// shard, the one before or the one after.
func TestReadersSeeWholeShards(t *testing.T) {
	seeds := uint64(6)
	if testing.Short() {
		seeds = 2
	}
	for seed := range seeds {
		synctest.Test(t, func(t *testing.T) {
			w := newRandomAPI(seed)
			g, _ := newExtender(t, w, seed, pods, 0)
			for i := range 200 {
				g.change(fmt.Sprint("object-", i))
			}
			shard := sharding.None()
			for i := range 4 {
				before := g.want(shard)
				shard = shard.Union(sharding.Even((i*5+int(seed))%12, 12)).Union(sharding.Even((i*7+2)%12, 12))
				after := g.want(shard)
				g.w.Reshard(shard)
				var readers sync.WaitGroup
				for range 3 {
					readers.Go(func() {
						for {
							complete := g.w.Complete()
							got := g.lines()
							if !maps.Equal(got, after) && (complete || !maps.Equal(got, before)) {
								t.Errorf("complete: %v; neither shard (-before +got):\n%s", complete, cmp.Diff(before, got))
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

// TestNothingIsListedTwice extends a shard hundreds of times under an API server that filters: only
// lacking objects are listed, and each resource ends with one partition.
func TestNothingIsListedTwice(t *testing.T) {
	rounds := 200
	if testing.Short() {
		rounds = 50
	}
	synctest.Test(t, func(t *testing.T) {
		w := newRandomAPI(1)
		w.filters, w.streams = true, true
		g, _ := newExtender(t, w, 1, pods, 0)
		for i := range 60 {
			g.change(fmt.Sprint("object-", i))
		}
		listed := map[string]int{}
		w.onListed = func(uid string) { listed[uid]++ }
		for round := range rounds {
			lacking := g.some(5).Minus(g.shard)
			clear(listed)
			g.shard = g.shard.Union(lacking)
			g.w.Reshard(g.shard)
			for waited := 0; !g.w.Complete(); waited++ {
				if waited > 300 {
					t.Fatalf("round %d: the shard is not complete", round)
				}
				time.Sleep(time.Second)
			}
			time.Sleep(3 * time.Second) // for the resumed watch
			synctest.Wait()
			w.mu.Lock()
			for uid, n := range maps.All(listed) {
				if n != 2 || !lacking.Holds(sharding.Hash(uid)) { // a pod and a node
					t.Errorf("round %d: %s was listed %d times", round, uid, n)
				}
			}
			w.mu.Unlock()
			if d := cmp.Diff(g.want(g.shard), g.lines()); d != "" {
				t.Fatalf("round %d (-want +got):\n%s", round, d)
			}
			dropped := g.some(5)
			if dropped.Contains(g.shard) {
				continue // an empty shard cannot be extended
			}
			g.shard = g.shard.Minus(dropped)
			g.w.Drop(dropped)
			for range 5 {
				g.change(fmt.Sprint("object-", g.rnd.IntN(60)))
			}
		}
		for _, r := range g.w.Resources() {
			if n := len(r.Partitions()); n != 1 {
				t.Errorf("%s has %d partitions", r.Name(), n)
			}
		}
	})
}
