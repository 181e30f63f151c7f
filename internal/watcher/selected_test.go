package watcher_test

import (
	"fmt"
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
	"github.com/kubestate/kubestate/internal/store"
	"github.com/kubestate/kubestate/internal/watcher"
)

// selecting is a watcher of a random API server whose namespaces gain and lose a label.
type selecting struct {
	*randomAPI
	w      *watcher.Watcher
	rnd    *rand.Rand
	config watcher.Config
	// states are the texts of each namespace after each of its changes, guarded by randomAPI.mu.
	states map[string][]string
}

const namespaceCount = 6

func newSelecting(t *testing.T, seed uint64, shard sharding.Ranges) *selecting {
	t.Helper()
	w := newRandomAPI(seed)
	w.flaky = true
	g := &selecting{randomAPI: w, rnd: rand.New(rand.NewPCG(seed, 10)), states: map[string][]string{}}
	w.onChange = func(o item) {
		if !o.isNamespace {
			g.states[o.namespace] = append(g.states[o.namespace], g.state(o.namespace, sharding.All()))
		}
	}
	for range 60 {
		g.changeAny()
	}
	for n := range namespaceCount / 2 {
		g.label(n)
	}
	a := &api{}
	a.serve(t, w)
	g.config = watcher.Config{Resources: []generators.Resource{pods, nodes}, Shard: shard, NamespaceSelector: "on", Client: newClient(t, a.config())}
	g.w = newWatcher(g.config, prometheus.NewRegistry(), &log{about: aboutReason})
	run(t, g.w)
	return g
}

// changeAny changes a random pod.
func (g *selecting) changeAny() {
	n := g.rnd.IntN(namespaceCount)
	g.changeIn(fmt.Sprint("n", n), fmt.Sprintf("n%d-%d", n, g.rnd.IntN(12)))
}

// label gives a namespace the label, or removes it.
func (g *selecting) label(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	o := item{uid: fmt.Sprint("uid of n", n), name: fmt.Sprint("n", n), isNamespace: true}
	if was := g.objects[o.key()]; was != nil {
		g.add("DELETED", *was)
	} else {
		g.add("ADDED", o)
	}
	close(g.changed)
	g.changed = make(chan struct{})
}

// recreate deletes a selected namespace and its pods, and creates it again.
func (g *selecting) recreate(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	name := fmt.Sprint("n", n)
	for _, o := range g.objects {
		if o.namespace == name {
			g.add("DELETED", *o)
		}
	}
	if was := g.objects["namespace "+name]; was != nil {
		g.add("DELETED", *was)
		g.add("ADDED", item{uid: fmt.Sprint("uid of n", n, " ", g.version), name: name, isNamespace: true})
	}
	close(g.changed)
	g.changed = make(chan struct{})
}

// state returns the lines of a namespace's pods in a shard, sorted. The caller holds mu.
func (g *selecting) state(namespace string, shard sharding.Ranges) string {
	var lines []string
	for _, o := range g.objects {
		if o.namespace == namespace && shard.Holds(sharding.Hash(o.uid)) {
			lines = append(lines, fmt.Sprintf("pod_generation{namespace=%q,pod=%q} %d\n", namespace, o.name, o.version))
		}
	}
	slices.Sort(lines) // responses have the order of arrival
	return strings.Join(lines, "")
}

// served returns the sorted lines of pods by namespace, of one view.
func (g *selecting) served() map[string]string { return byNamespace(g.w.Resources()[0]) }

func byNamespace(r *store.Resource) map[string]string {
	byNamespace := map[string][]string{}
	for line := range strings.Lines(text(r)) {
		if namespace, ok := strings.CutPrefix(line, "pod_generation{namespace=\""); ok {
			namespace, _, _ = strings.Cut(namespace, "\"")
			byNamespace[namespace] = append(byNamespace[namespace], line)
		}
	}
	all := map[string]string{}
	for namespace, lines := range byNamespace {
		slices.Sort(lines)
		all[namespace] = strings.Join(lines, "")
	}
	return all
}

// expectEnd checks that the pods of the selected namespaces, and all nodes, are served after at most
// three minutes.
func (g *selecting) expectEnd(t *testing.T, shard sharding.Ranges) {
	t.Helper()
	time.Sleep(3 * time.Minute)
	synctest.Wait()
	g.mu.Lock()
	want, objects := map[string]string{}, 0
	for _, o := range g.objects {
		if !o.isNamespace && shard.Holds(sharding.Hash(o.uid)) {
			objects++
		}
		if state := g.state(o.name, shard); o.isNamespace && state != "" {
			want[o.name] = state
		}
	}
	g.mu.Unlock()
	if d := cmp.Diff(want, g.served()); d != "" {
		t.Fatalf("served (-want +got):\n%s", d)
	}
	if n := strings.Count(text(g.w.Resources()[1]), "\n"); n != objects {
		t.Errorf("%d nodes, want %d", n, objects)
	}
	if !g.w.Complete() {
		t.Error("not complete")
	}
	for _, s := range g.w.Statuses() {
		if s.Lacking != 0 {
			t.Errorf("%s lacks %d namespaces", s.Resource, s.Lacking)
		}
	}
}

// TestNamespacesAreServedWhole changes labels of namespaces and objects at random, while watches end
// and expire and lists of namespaces fail. A view of pods has, of each namespace, none or all that
// there were at one moment, which is never before that of an earlier view of the same target.
func TestNamespacesAreServedWhole(t *testing.T) {
	seeds := uint64(16)
	if testing.Short() {
		seeds = 5
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newSelecting(t, seed, sharding.All())
				done := make(chan struct{})
				var reader sync.WaitGroup
				reader.Go(func() { g.read(t, done) })
				defer reader.Wait()
				defer close(done)
				for range 60 {
					g.step(t)
					time.Sleep(time.Duration(g.rnd.Int64N(int64(1500 * time.Millisecond))))
				}
				g.expectEnd(t, sharding.All())
			})
		})
	}
}

// step does something at random.
func (g *selecting) step(t *testing.T) {
	switch n := g.rnd.IntN(20); {
	case n < 9:
		for range 1 + g.rnd.IntN(20) {
			g.changeAny()
		}
	case n < 15:
		g.label(g.rnd.IntN(namespaceCount))
	case n < 16:
		g.recreate(g.rnd.IntN(namespaceCount))
	case n < 17:
		g.end()
	case n < 18:
		g.compact()
		g.end()
	case n < 19:
		g.config.Selection = without([]string{"pod_last", "pod_fragile"}[g.rnd.IntN(2)])
		g.w.Change(g.config)
	default:
		g.expectEnd(t, sharding.All())
	}
}

// read reads until done, and checks each view.
func (g *selecting) read(t *testing.T, done chan struct{}) {
	last := map[string]int{} // by namespace, the moment of the last view
	var of *store.Resource
	for {
		if r := g.w.Resources()[0]; r != of { // rebuilt, with a watch of its own
			of = r
			clear(last)
		}
		served := byNamespace(of)
		g.mu.Lock()
		for namespace, state := range served {
			n := last[namespace]
			for n < len(g.states[namespace]) && g.states[namespace][n] != state {
				n++
			}
			if n == len(g.states[namespace]) {
				t.Errorf("%s, which was at moment %d of %d, is at none from there on:\n%s", namespace, last[namespace], n, state)
			} else {
				last[namespace] = n
			}
		}
		g.mu.Unlock()
		select {
		case <-done:
			return
		case <-time.After(331 * time.Millisecond):
		}
	}
}

// TestWorkloadsOfSelectedNamespaces changes labels of namespaces, pods, their ReplicaSets, and whether
// those are exported. Each pod of the selected namespaces has its workload after at most three minutes.
func TestWorkloadsOfSelectedNamespaces(t *testing.T) {
	seeds := uint64(10)
	if testing.Short() {
		seeds = 4
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newSelecting(t, seed, sharding.All())
				change := func() {
					if g.config.Resources = []generators.Resource{attributed, nodes}; g.rnd.IntN(2) == 0 {
						g.config.Resources = append(g.config.Resources, replicaSets)
					}
					g.w.Change(g.config)
				}
				expect := func() {
					t.Helper()
					g.expectEnd(t, sharding.All())
					var want, got []string
					g.mu.Lock()
					for _, o := range g.objects {
						if !o.isNamespace && g.objects["namespace "+o.namespace] != nil {
							want = append(want, fmt.Sprintf("pod_workload{namespace=%q,pod=%q,kind=\"Deployment\",name=%q} 1\n", o.namespace, o.name, o.deployment()))
						}
					}
					g.mu.Unlock()
					for line := range strings.Lines(text(g.w.Resources()[0])) {
						if strings.HasPrefix(line, "pod_workload{") {
							got = append(got, line)
						}
					}
					slices.Sort(want)
					slices.Sort(got)
					if d := cmp.Diff(want, got); d != "" {
						t.Fatalf("workloads (-want +got):\n%s", d)
					}
				}
				change()
				for range 40 {
					switch n := g.rnd.IntN(20); {
					case n < 2:
						change()
					case n < 4:
						expect()
					default:
						g.step(t)
					}
					time.Sleep(time.Duration(g.rnd.Int64N(int64(1500 * time.Millisecond))))
				}
				expect()
			})
		})
	}
}

// TestSelectedNamespacesOfShards changes the shard and the labels of namespaces at random.
func TestSelectedNamespacesOfShards(t *testing.T) {
	seeds := uint64(16)
	if testing.Short() {
		seeds = 5
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g, shard := newSelecting(t, seed, sharding.None()), sharding.None()
				for range 50 {
					part := sharding.Even(g.rnd.IntN(6), 6)
					switch n := g.rnd.IntN(20); {
					case n < 6:
						shard = shard.Union(part)
						g.w.Reshard(shard)
					case n < 8:
						shard = shard.Minus(part)
						g.w.Drop(part)
					case n < 9:
						g.expectEnd(t, shard)
					case n < 13:
						g.label(g.rnd.IntN(namespaceCount))
					default:
						if n = g.rnd.IntN(20); n != 19 {
							for range 1 + g.rnd.IntN(10) {
								g.changeAny()
							}
						} else {
							g.compact()
							g.end()
						}
					}
					time.Sleep(time.Duration(g.rnd.Int64N(int64(1500 * time.Millisecond))))
				}
				g.expectEnd(t, shard)
			})
		})
	}
}
