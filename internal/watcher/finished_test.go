package watcher_test

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/listwatch"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/watcher"
)

// leaveAfter is the time after which finished pods leave in tests.
const leaveAfter = 5 * time.Second

// leaving has finished pods leave all families but a mixed and a spec-only one.
var leaving = watcher.Config{
	FinishedAfter: map[string]time.Duration{"pods": leaveAfter},
	FinishedKeep:  []generators.Pattern{pattern("kube_pod_status_phase"), pattern("kube_pod_scheduler")},
}

// A finishedModel is a naive implementation: it renders all pods again after each step.
type finishedModel struct {
	*pipeline
	rnd      *rand.Rand
	renderer *generators.Renderer
	shard    sharding.Ranges
	batch    listwatch.Batch // nil without a list under way
	// present and staged are by slot, nil for a free one; seen are the staged pods of the list.
	present, staged []*corev1.Pod
	seen            map[string]bool
	deleted         map[string]bool // while they are listed
	counts          []*countLine    // by slot, nil for a free one
}

type countLine struct {
	namespace, reason string
	n                 int
}

// TestFinishedModel creates, changes, deletes, lists and drops random pods while time passes.
func TestFinishedModel(t *testing.T) {
	seeds := uint64(8)
	if testing.Short() {
		seeds = 4
	}
	cut, partial := 0, 0
	for seed := range seeds {
		synctest.Test(t, func(t *testing.T) {
			m := &finishedModel{
				pipeline: newPipeline(t, leaving), rnd: rand.New(rand.NewPCG(seed, 11)),
				renderer: generators.Pods.Compile(generators.Selection{}), shard: sharding.All(),
			}
			run(t, m.w)
			for step := range 300 {
				did := m.step()
				m.advance(0)
				if d := gocmp.Diff(m.text(), text(m.w.Resources()...)); d != "" {
					t.Fatalf("seed %d, step %d, %s (-want +got):\n%s", seed, step, did, d)
				}
				for _, c := range m.counts {
					if c != nil {
						cut += c.n
					}
				}
			}
			partial += m.partial
		})
	}
	if cut < 2000 || partial < 30 {
		t.Errorf("over all steps, %d pods were cut; %d were decoded in part", cut, partial)
	}
}

// step takes a random step, which it describes.
func (m *finishedModel) step() string {
	switch n := m.rnd.IntN(100); {
	case n < 30:
		d := time.Duration(m.rnd.IntN(8)) * time.Second / 2
		for range d / (time.Second / 2) {
			m.advance(time.Second / 2)
		}
		return "wait"
	case n < 80:
		p := m.pod()
		set := m.sink.Set
		if m.batch != nil {
			set = m.batch.Set
		}
		o := m.arrive(p)
		if !m.sink.Has(p) {
			return "foreign"
		}
		if err := set(o); err != nil {
			m.t.Fatal(err)
		}
		m.set(p)
		return fmt.Sprint("set ", p.Name, " ", p.Status.Phase)
	case n < 88 && m.batch == nil:
		p := m.pod()
		m.sink.Delete(m.arrive(p))
		m.present = freed(m.present, func(o *corev1.Pod) bool { return o.UID == p.UID })
		return "delete " + p.Name
	case n < 88:
		m.deleted[string(m.pod().UID)] = true
		return "delete while listing"
	case n < 94 && m.batch == nil:
		m.batch, m.staged, m.seen, m.deleted = m.sink.Begin(), slices.Clone(m.present), map[string]bool{}, map[string]bool{}
		return "begin"
	case n < 94:
		m.endList(m.rnd.IntN(4) == 0)
		return "end of list"
	case n < 96 && m.batch == nil:
		gone := map[string]bool{[]string{"n", "m", "none"}[m.rnd.IntN(3)]: true}
		m.sink.RemoveNamespaces(gone)
		m.present = freed(m.present, func(o *corev1.Pod) bool { return gone[o.Namespace] })
		return "remove a namespace"
	case n < 98 && m.batch == nil:
		return "add " + fmt.Sprint(m.addition())
	case n < 97:
		m.drop(sharding.Even(m.rnd.IntN(30), 30))
		return "drop"
	}
	return "nothing"
}

// pod returns a random pod, which runs or has finished, perhaps in the future.
func (m *finishedModel) pod() *corev1.Pod {
	uid := m.rnd.IntN(20)
	p := aPod(fmt.Sprint("uid-", uid), fmt.Sprint("pod-", uid/2), m.rnd.IntN(2), m.rnd.IntN(4)*3+m.rnd.IntN(2))
	p.Namespace = []string{"n", "m"}[uid%2]
	if m.rnd.IntN(2) == 0 {
		p.Status.Phase = []corev1.PodPhase{corev1.PodSucceeded, corev1.PodFailed}[m.rnd.IntN(2)]
		p.Status.Reason = []string{"", "Evicted"}[m.rnd.IntN(2)]
		end := metav1.NewTime(time.Now().Add(time.Duration(m.rnd.IntN(10)-7) * time.Second).Truncate(time.Second))
		p.Status.ContainerStatuses[0].State.Terminated = &corev1.ContainerStateTerminated{FinishedAt: end}
	}
	return p
}

// arrive returns a pod as decoded from a list in pages or from a stream.
func (m *finishedModel) arrive(p *corev1.Pod) metav1.Object {
	wire, err := p.Marshal()
	if err != nil {
		m.t.Fatal(err)
	}
	streamed, complete, _ := m.decode(watch.Modified, wire)
	if m.rnd.IntN(3) == 0 {
		return complete
	}
	return streamed
}

// set puts a pod into its slot or the first free one.
func (m *finishedModel) set(p *corev1.Pod) {
	slots := &m.present
	if m.batch != nil {
		slots, m.seen[string(p.UID)] = &m.staged, true
		delete(m.deleted, string(p.UID))
	}
	at := slices.IndexFunc(*slots, func(o *corev1.Pod) bool { return o != nil && o.UID == p.UID })
	if at < 0 {
		at = slices.Index(*slots, nil)
	}
	if at < 0 {
		at = len(*slots)
		*slots = append(*slots, nil)
	}
	(*slots)[at] = p
}

// endList commits or abandons the list under way.
func (m *finishedModel) endList(abandon bool) {
	if abandon {
		m.batch.Abandon()
	} else {
		keep := func(key string) bool { return !m.deleted[key] && m.shard.Holds(sharding.Hash(key)) }
		m.batch.Finish()
		m.batch.Commit(func(_, key string) bool { return keep(key) })
		m.present = freed(m.staged, func(o *corev1.Pod) bool { return !m.seen[string(o.UID)] || !keep(string(o.UID)) })
	}
	m.batch, m.staged = nil, nil
}

func (m *finishedModel) drop(gone sharding.Ranges) {
	m.w.Drop(gone)
	m.shard = m.shard.Minus(gone)
	m.present = freed(m.present, func(o *corev1.Pod) bool { return gone.Holds(sharding.Hash(string(o.UID))) })
}

// freed frees the slots of pods.
func freed(slots []*corev1.Pod, gone func(*corev1.Pod) bool) []*corev1.Pod {
	left := slices.Clone(slots)
	for i, o := range left {
		if o != nil && gone(o) {
			left[i] = nil
		}
	}
	return left
}

// hasLeft reports whether a pod finished long ago.
func hasLeft(p *corev1.Pod) bool {
	finished := p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
	return finished && time.Since(p.Status.ContainerStatuses[0].State.Terminated.FinishedAt.Time) >= leaveAfter
}

// advance waits and counts the pods that have left.
func (m *finishedModel) advance(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
	counts := map[countLine]int{}
	for _, p := range m.present {
		if p != nil && hasLeft(p) {
			counts[countLine{p.Namespace, cmp.Or(p.Status.Reason, string(p.Status.Phase)), 0}]++
		}
	}
	for i, c := range m.counts {
		if c == nil {
			continue
		}
		group := countLine{c.namespace, c.reason, 0}
		if n := counts[group]; n > 0 {
			m.counts[i] = &countLine{c.namespace, c.reason, n}
		} else {
			m.counts[i] = nil
		}
		delete(counts, group)
	}
	for _, g := range slices.SortedFunc(maps.Keys(counts), func(a, b countLine) int {
		return cmp.Or(cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.reason, b.reason))
	}) {
		at := slices.Index(m.counts, nil)
		if at < 0 {
			at = len(m.counts)
			m.counts = append(m.counts, nil)
		}
		m.counts[at] = &countLine{g.namespace, g.reason, counts[g]}
	}
}

// text returns the lines of all families, and then of the counts.
func (m *finishedModel) text() string {
	families := make([]strings.Builder, len(m.renderer.Names()))
	for _, p := range m.present {
		if p == nil {
			continue
		}
		lines, ends := m.renderer.Render(nil, nil, p)
		start := 0
		for i, name := range m.renderer.Names() {
			if !hasLeft(p) || slices.ContainsFunc(leaving.FinishedKeep, func(kept generators.Pattern) bool { return kept.MatchString(name) }) {
				families[i].Write(lines[start:ends[i]])
			}
			start = ends[i]
		}
	}
	var all strings.Builder
	for i := range families {
		all.WriteString(families[i].String())
	}
	for _, c := range m.counts {
		if c != nil {
			fmt.Fprintf(&all, "%s{resource=\"pods\",namespace=%q,reason=%q} %d\n", finishedObjects, c.namespace, c.reason, c.n)
		}
	}
	return all.String()
}

// ended returns a pod that finished some time ago.
func ended(namespace, name, uid string, generation int64, ago time.Duration) *corev1.Pod {
	p := pod(namespace, name, uid, generation)
	p.DeletionTimestamp = new(metav1.NewTime(time.Now().Add(-ago)))
	return p
}

// TestFinishedLoading loads pods of files, which are known by name, and waits.
func TestFinishedLoading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := watcher.Config{
			Resources: []generators.Resource{pods}, FinishedAfter: map[string]time.Duration{"pods": leaveAfter},
			FinishedKeep: []generators.Pattern{pattern("pod_last")},
		}
		w := newWatcher(config, prometheus.NewRegistry(), aboutFamilies())
		load := func(objects ...*corev1.Pod) {
			t.Helper()
			l := w.Loading(config)
			for _, o := range objects {
				if err := l.Add(podKind, o); err != nil {
					t.Fatal(err)
				}
			}
			l.Done()
		}
		expect := func(wait time.Duration, want string) {
			t.Helper()
			time.Sleep(wait)
			synctest.Wait()
			expectText(t, w, want)
		}
		const axLast, byLast = `pod_last{namespace="a",pod="x"} 1` + "\n", `pod_last{namespace="b",pod="y"} 1` + "\n"
		a1 := finishedObjects + `{resource="pods",namespace="a",reason="Deleted"} 1` + "\n"
		b1 := finishedObjects + `{resource="pods",namespace="b",reason="Deleted"} 1` + "\n"
		y := ended("b", "y", "2", 1, leaveAfter-2*time.Second)
		load(ended("a", "x", "1", 1, time.Hour), y)
		expect(0, "pod_generation{"+strings.Replace(by1, " ", "} ", 1)+"\n"+axLast+byLast+a1) // before Run
		run(t, w)
		expect(time.Second, "pod_generation{"+strings.Replace(by1, " ", "} ", 1)+"\n"+axLast+byLast+a1)
		expect(time.Second, axLast+byLast+a1+b1)
		load(pod("a", "x", "3", 2), y) // recreated
		expect(0, "pod_generation{"+strings.Replace(ax2, " ", "} ", 1)+"\n"+axLast+byLast+b1)
		load(ended("a", "x", "3", 2, 0)) // due between its addition and the next check
		expect(leaveAfter-time.Nanosecond, "pod_generation{"+strings.Replace(ax2, " ", "} ", 1)+"\n"+axLast)
		expect(time.Nanosecond, axLast+a1)
		l := w.Loading(config)
		if err := l.Add(podKind, ended("a", "x", "4", 2, 0)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(leaveAfter)
		l.Done()
		expectText(t, w, axLast+a1) // due before Done
		load()
		expect(time.Hour, "")
	})
}

// TestFinishedChanges changes the settings of finished objects: only the resource concerned is rebuilt,
// and only if its text changes.
func TestFinishedChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{Resources: []generators.Resource{pods, nodes}})
		config := watcher.Config{Resources: []generators.Resource{pods, nodes}, FinishedKeep: []generators.Pattern{pattern("pod_last")}}
		f.change(t, config) // nothing finishes
		config.FinishedAfter = map[string]time.Duration{"pods": time.Hour}
		f.change(t, config, "pods")
		f.change(t, config)
		config.FinishedKeep = []generators.Pattern{pattern("pod_last"), pattern("node_generation")}
		f.change(t, config)
		config.FinishedKeep = nil
		f.change(t, config, "pods")
		config.Selection = without(finishedObjects)
		f.change(t, config, "pods")
	})
}

// TestFinishedCountsSelection holds by which names clients select the counts, and that they are not
// exported against a denylist.
func TestFinishedCountsSelection(t *testing.T) {
	config := watcher.Config{Resources: []generators.Resource{pods}, FinishedAfter: map[string]time.Duration{"pods": leaveAfter}}
	names := func() (all []string) {
		for _, r := range newWatcher(config, prometheus.NewRegistry(), aboutFamilies()).Resources() {
			all = append(all, fmt.Sprintln(r.Name(), r.Is("pods"), r.Is("nodes")))
		}
		return all
	}
	f := func(want ...string) {
		t.Helper()
		if d := gocmp.Diff(want, names()); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	f("pods true false\n", "finished-pods true false\n")
	config.Selection = without(finishedObjects)
	f("pods true false\n")
	config.Selection, config.FinishedAfter = generators.Selection{}, nil
	f("pods true false\n")
	config.Resources, config.FinishedAfter = []generators.Resource{nodes}, map[string]time.Duration{"nodes": time.Hour}
	f("nodes false true\n")
}

// TestFinishedAllocations holds that a pod that has not finished costs no allocation more.
func TestFinishedAllocations(t *testing.T) {
	f := func(config watcher.Config) float64 {
		config.Resources = []generators.Resource{&generators.Pods}
		sink := newWatcher(config, prometheus.NewRegistry(), aboutFamilies()).Sinks()[0]
		p := aPod("1", "a", 1, 1)
		return testing.AllocsPerRun(100, func() {
			if err := sink.Set(p); err != nil {
				t.Error(err)
			}
		})
	}
	if without, with := f(watcher.Config{}), f(leaving); with > without {
		t.Errorf("%v allocations, and %v without the setting", with, without)
	}
}
