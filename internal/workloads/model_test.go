package workloads_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/workloads"
)

// A world is what the API server has, as sources saw it last.
type world struct {
	index  *workloads.Index
	owners []*ownerSource
	pods   []*podSource
}

// An ownerSource feeds the index with the objects of one group of uids, and a second source with the
// same, later.
type ownerSource struct {
	index       *workloads.Index
	rnd         *rand.Rand
	uids        []string // of all groups
	group       int
	first, late *workloads.Owners
	objects     map[string]metav1.Object
}

// A podSource has pods of its own.
type podSource struct {
	pods
	rnd     *rand.Rand
	uids    []string // of owners
	name    int
	created int
	objects map[string]*corev1.Pod // by uid
}

const (
	groups  = 4
	perKind = 12
)

func newWorld(seed uint64) *world {
	w := &world{index: workloads.NewIndex()}
	var uids []string
	for i := range groups * perKind {
		uids = append(uids, fmt.Sprintf("%08x-0000-4000-8000-000000000000", i))
	}
	uids = append(uids, "no uuid", "missing")
	for g := range groups {
		w.owners = append(w.owners, &ownerSource{
			index: w.index, rnd: rand.New(rand.NewPCG(seed, uint64(g))), uids: uids, group: g,
			first: w.index.Owners(), late: w.index.Owners(), objects: map[string]metav1.Object{},
		})
	}
	for i := range 3 {
		w.pods = append(w.pods, &podSource{
			pods: newPods(w.index), rnd: rand.New(rand.NewPCG(seed, uint64(100+i))), uids: uids, name: i, objects: map[string]*corev1.Pod{},
		})
		w.pods[i].fill() // as a list does before any change
	}
	return w
}

// anyReferences returns up to two controller references to objects of any group.
func anyReferences(rnd *rand.Rand, uids []string) (refs []string) {
	for range []int{0, 1, 1, 1, 2}[rnd.IntN(5)] {
		uid := uids[rnd.IntN(len(uids))]
		refs = append(refs, fmt.Sprintf("Kind/name-%d-of-%s/%s", rnd.IntN(2), uid, uid))
	}
	return refs
}

// step changes one object, or lists all.
func (s *ownerSource) step() {
	uid := s.uids[s.group*perKind+s.rnd.IntN(perKind)]
	switch n := s.rnd.IntN(20); {
	case n < 11:
		s.objects[uid] = object(uid, anyReferences(s.rnd, s.uids)...)
		s.first.Set(uid, s.objects[uid])
		if s.rnd.IntN(3) == 0 {
			s.late.Set(uid, s.objects[uid])
		}
	case n < 17:
		delete(s.objects, uid)
		s.first.Delete(uid)
		if s.rnd.IntN(3) == 0 {
			s.late.Delete(uid)
		}
	case n < 18:
		s.list(s.first)
	case n < 19:
		s.list(s.late)
	default:
		s.late.Close()
		s.late = s.first
		s.first = s.index.Owners()
		s.list(s.first)
	}
}

// synchronize tells the second source each change that it lacks, one by one: a list renders all pods.
func (s *ownerSource) synchronize() {
	for _, uid := range s.uids[s.group*perKind:][:perKind] {
		if o, ok := s.objects[uid]; ok {
			s.late.Set(uid, o)
		} else {
			s.late.Delete(uid)
		}
	}
}

func (s *ownerSource) list(to *workloads.Owners) {
	b := to.Begin()
	for uid, o := range s.objects {
		b.Set(uid, o)
	}
	b.Set("gone", object("gone", "Kind/of-gone/missing"))
	b.Commit(func(_, key string) bool { return key != "gone" })
}

// step changes one pod, or lists all, or drops some, or deletes the lines of some.
func (s *podSource) step() {
	uids := slices.Sorted(maps.Keys(s.objects))
	switch n := s.rnd.IntN(20); {
	case n < 8 || len(uids) == 0:
		s.created++
		uid := fmt.Sprintf("%04x%04x-0000-4000-8000-000000000001", s.name, s.created)
		if s.created%5 == 0 {
			uid = fmt.Sprint("pod ", s.name, " ", s.created)
		}
		s.set(uid)
	case n < 13:
		s.set(uids[s.rnd.IntN(len(uids))])
	case n < 15:
		uid := uids[s.rnd.IntN(len(uids))]
		delete(s.objects, uid)
		s.Delete(uid)
	case n < 17:
		s.Leave(uids[s.rnd.IntN(len(uids))], uids[s.rnd.IntN(len(uids))], "unknown")
	case n < 19:
		s.list()
	default:
		keep := func(uid string) bool { return uid[len(uid)-6]%2 == 0 }
		maps.DeleteFunc(s.objects, func(uid string, _ *corev1.Pod) bool { return !keep(uid) })
		s.Retain(keep)
	}
}

func (s *podSource) set(uid string) {
	refs := anyReferences(s.rnd, s.uids)
	name := fmt.Sprint("pod-", uid)
	if len(refs) > 0 && s.rnd.IntN(2) == 0 { // as most are named
		name = strings.Split(refs[0], "/")[1] + []string{"-x7k2p", "-0", "", "-longer-than-most"}[s.rnd.IntN(4)]
	}
	s.objects[uid] = pod(name, uid, refs...)
	if s.rnd.IntN(6) == 0 {
		s.SetWithout(uid, s.objects[uid])
	} else {
		s.Set(uid, s.objects[uid])
	}
}

func (s *podSource) list() {
	b := s.Begin()
	for uid, p := range s.objects {
		b.Set(uid, pod("before", uid, "Kind/before/missing"))
		if s.rnd.IntN(6) == 0 {
			b.SetWithout(uid, p)
		} else {
			b.Set(uid, p)
		}
	}
	b.Set("gone", pod("gone", "gone"))
	b.Finish()
	for uid := range s.objects {
		if s.rnd.IntN(8) == 0 {
			b.Leave(uid)
		}
	}
	b.Commit(func(_, key string) bool { return key != "gone" })
}

// want computes the lines from all objects.
func (w *world) want() (all []string) {
	controllers := map[string]metav1.OwnerReference{}
	for _, s := range w.owners {
		for uid, o := range s.objects {
			if refs := o.GetOwnerReferences(); len(refs) > 0 {
				controllers[uid] = refs[0]
			}
		}
	}
	for _, s := range w.pods {
		for uid, p := range s.objects {
			if s.left[uid] {
				continue
			}
			kind, name := "Pod", p.Name
			if len(p.OwnerReferences) > 0 {
				of := p.OwnerReferences[0]
				for passed := []string{string(of.UID)}; len(passed) <= 16; passed = append(passed, string(of.UID)) {
					next, ok := controllers[string(of.UID)]
					if !ok || slices.Contains(passed, string(next.UID)) {
						break
					}
					of = next
				}
				kind, name = of.Kind, of.Name
			}
			all = append(all, line("n", p.Name, uid, kind, name))
		}
	}
	slices.Sort(all)
	return all
}

func (w *world) got(t *testing.T) (all []string) {
	for _, s := range w.pods {
		all = append(all, s.lines(t)...)
	}
	slices.Sort(all)
	return all
}

// merge replaces the first two sources of pods by a merged one, and adds an empty one.
func (w *world) merge() {
	merged, a, b := newPods(w.index), w.pods[0], w.pods[1]
	merged.Merge(a.Pods, b.Pods)
	a.Close()
	b.Close()
	maps.Copy(a.objects, b.objects)
	maps.Copy(merged.left, a.left)
	maps.Copy(merged.left, b.left)
	a.pods = merged
	b.pods, b.objects = newPods(w.index), map[string]*corev1.Pod{}
	b.fill()
}

// expectEmpty removes all objects, half of them by the end of their sources.
func (w *world) expectEmpty(t *testing.T) {
	for _, s := range w.pods {
		for uid := range s.objects {
			s.Delete(uid)
		}
	}
	for _, s := range w.owners {
		for uid := range s.objects {
			s.first.Delete(uid)
		}
		s.late.Close()
	}
	w.pods[0].Close()
	if got, want := w.index.Sizes(), [4]int{0, 0, 0, len(w.pods) - 1}; got != want {
		t.Errorf("an index without objects has %v, want %v", got, want)
	}
}

// TestModel has sources that change concurrently, and holds the lines to a computation over all
// objects whenever they rest.
func TestModel(t *testing.T) {
	seeds := uint64(12)
	if testing.Short() {
		seeds = 4
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w, chains := newWorld(seed), 0
			for round := range 12 {
				var running sync.WaitGroup
				for _, s := range w.owners {
					running.Go(func() {
						for range 30 {
							s.step()
						}
						s.synchronize()
					})
				}
				for _, s := range w.pods {
					running.Go(func() {
						for range 40 {
							s.step()
						}
					})
				}
				running.Go(func() {
					for range 20 {
						for _, s := range w.pods {
							if mine, others := s.read(t); others < len(mine) {
								t.Errorf("%d pods, of which %d have a workload", others, len(mine))
							}
						}
					}
				})
				running.Wait()
				want := w.want()
				if d := cmp.Diff(want, w.got(t)); d != "" {
					t.Fatalf("round %d (-want +got):\n%s", round, d)
				}
				chains += len(want)
				if round%3 == 2 {
					w.merge()
					if d := cmp.Diff(w.want(), w.got(t)); d != "" {
						t.Fatalf("round %d, merged (-want +got):\n%s", round, d)
					}
				}
			}
			if chains == 0 {
				t.Error("no pods")
			}
			w.expectEmpty(t)
		})
	}
}
