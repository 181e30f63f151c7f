package counters_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/counters"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/store"
)

var all = generators.Selection{Groups: generators.Groups()}

// clock is a clock that stands still.
type clock struct{ time.Time }

func (c *clock) now() time.Time { return c.Time }

func newLedger(bounds ...float64) (*counters.Ledger, *clock) {
	c := &clock{time.Unix(1000, 0)}
	l := counters.New(c.now)
	l.Configure(config(bounds...))
	return l, c
}

func config(bounds ...float64) counters.Config {
	return counters.Config{Resources: generators.Builtin(), Selection: all, Bounds: bounds}
}

// answer returns the lines of all counters, without headers.
func answer(l *counters.Ledger, typed bool, namespaces ...string) []string {
	views := store.Views(l.Resources(), store.Selection{Namespaces: namespaces})
	response := store.NewResponse(views, "")
	if typed {
		response = store.NewTypedResponse(views, "")
	}
	var b bytes.Buffer
	if err := response.WriteText(&b); err != nil {
		panic(err)
	}
	var lines []string
	for line := range strings.Lines(b.String()) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, strings.TrimSuffix(strings.TrimPrefix(line, "kubestate_workload_"), "\n"))
		}
	}
	return lines
}

// podIncrements are those of a new pod with a container that was terminated some times, and of its
// startup.
func podIncrements(restarts int32, ready ...int64) (all []generators.Increment) {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: metav1.Unix(100, 0)}}
	p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "a", RestartCount: restarts}}
	for _, at := range ready {
		p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{Type: "Ready", Status: "True", LastTransitionTime: metav1.Unix(100+at, 0)})
	}
	m := generators.Pods.Recipe().Memo
	m.Count("", string(m.Append(nil, "", p, true)), func(i generators.Increment) { all = append(all, i) })
	return all
}

func addPod(l *counters.Ledger, o counters.Owner, increments []generators.Increment) {
	l.Add(counters.Entry{Resource: "pods", Owner: o, Increments: increments})
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestNamesWithSlashes has owners of any kind and name, as objects may refer to them.
func TestNamesWithSlashes(t *testing.T) {
	l, _ := newLedger(1)
	addPod(l, counters.Owner{Namespace: "n", Kind: "A", Name: "b/c"}, podIncrements(0, 1))
	addPod(l, counters.Owner{Namespace: "n", Kind: "A/b", Name: "c"}, podIncrements(0, 1))
	expect(t, podsOf(answer(l, false)),
		`pods_created_total{namespace="n",workload_kind="A",workload="b/c"} 1`,
		`pods_created_total{namespace="n",workload_kind="A/b",workload="c"} 1`,
		`pods_deleted_total{namespace="n",workload_kind="A",workload="b/c"} 0`,
		`pods_deleted_total{namespace="n",workload_kind="A/b",workload="c"} 0`)
}

func deployment(name string) counters.Owner {
	return counters.Owner{Namespace: "n", Kind: "Deployment", Name: name}
}

// created are the lines of the pods of a deployment that were created and deleted.
func created(name string, n int) []string {
	labels := fmt.Sprintf(`{namespace="n",workload_kind="Deployment",workload=%q} `, name)
	return []string{"pods_created_total" + labels + fmt.Sprint(n), "pods_deleted_total" + labels + "0"}
}

// podsOf are the lines of answer about created and deleted pods.
func podsOf(lines []string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return !strings.HasPrefix(line, "pods_") })
}

// TestAnswer compares both formats, and answers of some namespaces.
func TestAnswer(t *testing.T) {
	l, c := newLedger(1, 2.5)
	addPod(l, deployment("web"), podIncrements(3, 2))
	c.Time = c.Add(1500 * time.Millisecond)
	addPod(l, deployment("web"), podIncrements(0, 9))
	l.Add(counters.Entry{Resource: "services", Owner: deployment("web"), Increments: podIncrements(1)}) // no counters
	const labels = `{namespace="n",workload_kind="Deployment",workload="web"`
	expect(t, answer(l, false),
		`container_terminations_total`+labels+`,container="a",reason="Error"} 0`,
		`container_terminations_total`+labels+`,container="a",reason="OOMKilled"} 0`,
		`container_terminations_total`+labels+`,container="a",reason="unobserved"} 3`,
		`pods_created_total`+labels+`} 2`,
		`pods_deleted_total`+labels+`} 0`,
		`pod_failures_total`+labels+`,reason="Evicted"} 0`,
		`pod_startup_seconds_bucket`+labels+`,phase="ready",le="1"} 0`,
		`pod_startup_seconds_bucket`+labels+`,phase="ready",le="2.5"} 1`,
		`pod_startup_seconds_bucket`+labels+`,phase="ready",le="+Inf"} 2`,
		`pod_startup_seconds_sum`+labels+`,phase="ready"} 11`,
		`pod_startup_seconds_count`+labels+`,phase="ready"} 2`)
	expect(t, answer(l, true, "n")[:6],
		`container_terminations_total`+labels+`,container="a",reason="Error"} 0`,
		`container_terminations_created`+labels+`,container="a",reason="Error"} 1000`,
		`container_terminations_total`+labels+`,container="a",reason="OOMKilled"} 0`,
		`container_terminations_created`+labels+`,container="a",reason="OOMKilled"} 1000`,
		`container_terminations_total`+labels+`,container="a",reason="unobserved"} 3`,
		`container_terminations_created`+labels+`,container="a",reason="unobserved"} 1000`)
	expect(t, answer(l, true, "m"))
	if r := l.Resources(); r[0].Is("pods") || r[1].Is("pods") || !r[2].Is("pods") {
		t.Error("pods do not select their counters alone")
	}
}

// TestMove has counters of owners that turn out to have a controller.
func TestMove(t *testing.T) {
	l, c := newLedger(1)
	c.Time = time.Unix(2000, 0)
	addPod(l, deployment("a"), podIncrements(0, 3))
	c.Time = time.Unix(3000, 0)
	addPod(l, deployment("b"), podIncrements(2, 0))
	answer(l, false)
	l.Move(deployment("b"), deployment("b"))
	l.Move(deployment("c"), deployment("a"))
	l.Move(deployment("b"), deployment("a"))
	expect(t, podsOf(answer(l, false)), created("a", 2)...)
	const labels = `{namespace="n",workload_kind="Deployment",workload="a"`
	expect(t, answer(l, true)[4:6],
		`container_terminations_total`+labels+`,container="a",reason="unobserved"} 2`,
		`container_terminations_created`+labels+`,container="a",reason="unobserved"} 3000`)
	expect(t, answer(l, false)[6:8], `pod_startup_seconds_bucket`+labels+`,phase="ready",le="1"} 1`, `pod_startup_seconds_bucket`+labels+`,phase="ready",le="+Inf"} 2`)
	l.Move(deployment("a"), deployment("z"))
	expect(t, podsOf(answer(l, false)), created("z", 2)...)
	expect(t, answer(l, true)[1:2], `container_terminations_created{namespace="n",workload_kind="Deployment",workload="z",container="a",reason="Error"} 2000`)
}

// TestSweep has owners that leave an hour after they are gone, and others that come back.
func TestSweep(t *testing.T) {
	l, c := newLedger(1)
	present := map[counters.Owner]bool{}
	sweep := func(after time.Duration) {
		c.Time = c.Add(after)
		if early := l.Sweep(func(o counters.Owner) bool { return present[o] }, noReferences); len(early) > 0 {
			t.Errorf("%v left early", early)
		}
	}
	for _, name := range []string{"a", "b", "c"} {
		addPod(l, deployment(name), podIncrements(0))
	}
	present[deployment("a")] = true
	sweep(0) // b and c are gone
	sweep(time.Hour - 1)
	addPod(l, deployment("c"), podIncrements(0))
	expect(t, podsOf(answer(l, false)), created3("a", 1, "b", 1, "c", 2)...)
	sweep(1) // b leaves, and c is gone
	expect(t, podsOf(answer(l, false)), created3("a", 1, "c", 2)...)
	present[deployment("c")] = true
	sweep(time.Hour - 1)
	delete(present, deployment("c"))
	sweep(1)
	sweep(time.Hour - 1)
	expect(t, podsOf(answer(l, false)), created3("a", 1, "c", 2)...)
	sweep(1)
	expect(t, podsOf(answer(l, false)), created3("a", 1)...)
	addPod(l, deployment("b"), podIncrements(0)) // counts anew
	expect(t, podsOf(answer(l, false)), created3("a", 1, "b", 1)...)
}

// noReferences has no chains of controllers.
func noReferences(uint64) bool { return false }

// TestManyGone has more owners that are gone than the limit: those that have been gone for longest leave, after
// five minutes.
func TestManyGone(t *testing.T) {
	l, c := newLedger(1)
	var early map[string]int
	begun, minutes := 0, 0
	f := func(begin, wantEarly, want int) { // a minute later
		t.Helper()
		for range begin {
			addPod(l, deployment(fmt.Sprintf("%06d", begun)), podIncrements(0))
			begun++
		}
		minutes++
		c.Time = c.Add(time.Minute)
		early = l.Sweep(func(counters.Owner) bool { return false }, noReferences)
		created := slices.DeleteFunc(answer(l, false), func(line string) bool { return !strings.HasPrefix(line, "pods_created_total") })
		if early["pods"] != wantEarly || len(created) != want {
			t.Errorf("minute %d: %d have left, %d are left; want %d and %d", minutes, early["pods"], len(created), wantEarly, want)
		}
		for _, i := range []int{begun - want, begun - 1} { // the latest are left
			if line := "pods_created_total" + fmt.Sprintf(`{namespace="n",workload_kind="Deployment",workload="%06d"} 1`, i); !slices.Contains(created, line) {
				t.Errorf("minute %d: %s is missing", minutes, line)
			}
		}
	}
	f(4_000, 0, 4_000)
	f(4_000, 0, 8_000)
	f(4_000, 0, 12_000)
	f(1, 0, 12_001)
	f(0, 0, 12_001)
	f(0, 4_000, 8_001) // those of the first minute
	for range 10 {
		f(0, 0, 8_001)
	}
	f(2_000, 4_000, 6_001) // those of the second one
}

// TestManyContainers has a workload whose pods name their containers anew. Beyond a limit they are counted
// together, and no termination is lost.
func TestManyContainers(t *testing.T) {
	l, _ := newLedger(1)
	for i := range 1_500 {
		increments := podIncrements(2)
		for n := range increments {
			if increments[n].Labels[0] == "a" {
				increments[n].Labels[0] = fmt.Sprint("a-", i)
			}
		}
		addPod(l, deployment("web"), increments)
	}
	const labels = `container_terminations_total{namespace="n",workload_kind="Deployment",workload="web",container="`
	sum, lines := 0, 0
	for _, line := range answer(l, false) {
		if value, ok := strings.CutPrefix(line, labels); ok {
			var n int
			if _, err := fmt.Sscan(value[strings.LastIndexByte(value, ' '):], &n); err != nil {
				t.Fatal(err)
			}
			lines++
			sum += n
		}
	}
	if want := 1_500 * 2; sum != want || lines > 1_010 {
		t.Errorf("%d terminations in %d lines, want %d", sum, lines, want)
	}
	if got := answer(l, false)[:3]; !strings.HasPrefix(got[2], labels+`",reason="unobserved"} 2`) {
		t.Errorf("those counted together: %q", got)
	}
	expect(t, podsOf(answer(l, false)), created("web", 1_500)...)
}

// created3 is created for names and numbers, family by family.
func created3(namesAndNumbers ...any) (lines []string) {
	for family := range 2 {
		for i := 0; i < len(namesAndNumbers); i += 2 {
			lines = append(lines, created(namesAndNumbers[i].(string), namesAndNumbers[i+1].(int))[family])
		}
	}
	return lines
}

// TestResolve has objects whose chain of controllers breaks.
func TestResolve(t *testing.T) {
	l, c := newLedger(1)
	referred := map[uint64]bool{}
	sweep := func(after time.Duration) {
		c.Time = c.Add(after)
		l.Sweep(func(counters.Owner) bool { return true }, func(first uint64) bool { return referred[first] })
	}
	f := func(first, last, want string) {
		t.Helper()
		if got := l.Resolve(deployment(first), deployment(last)); got != deployment(want) {
			t.Errorf("a chain from %s to %s ends at %s, want %s", first, last, got.Name, want)
		}
	}
	f("r", "r", "r")
	f("r", "a", "a")
	f("r", "r", "a")
	referred[deployment("r").Hash()] = true
	sweep(0)
	sweep(time.Hour)
	f("r", "r", "a")
	f("r", "b", "b")
	f("r", "r", "b")
	l.Release(deployment("r")) // it has no controller
	f("r", "r", "r")
	f("r", "a", "a")
	clear(referred)
	sweep(0) // no object refers to it
	sweep(5*time.Minute - 1)
	f("r", "r", "a")
	sweep(1)
	f("r", "r", "r")

	// Counters that moved tell the chain, too.
	l.Move(deployment("r"), deployment("a"))
	f("r", "r", "r")
	addPod(l, deployment("r"), podIncrements(0))
	l.Move(deployment("r"), deployment("a"))
	f("r", "r", "a")
	sweep(0)
	sweep(5 * time.Minute)
	f("r", "r", "r")
}

// TestConfigure holds what other configurations keep.
func TestConfigure(t *testing.T) {
	l, _ := newLedger(1)
	addPod(l, deployment("a"), podIncrements(0, 3))
	first := answer(l, false)
	c := config(1)
	c.Parts = 4
	l.Configure(c)
	expect(t, answer(l, false), first...)
	c.Selection.Extra = []generators.ExtraLabel{{Name: "e", Value: "f"}}
	l.Configure(c)
	var extra []string
	for _, line := range first {
		extra = append(extra, strings.Replace(line, "{", `{e="f",`, 1))
	}
	expect(t, answer(l, false), extra...)
	l.Configure(config(1, 5)) // histograms begin anew
	expect(t, answer(l, false), slices.DeleteFunc(first, func(line string) bool { return strings.HasPrefix(line, "pod_startup") })...)
	c = config(1, 5)
	c.Selection.Groups = nil
	l.Configure(c)
	addPod(l, deployment("a"), podIncrements(0))
	expect(t, answer(l, false))
	l.Configure(config(1, 5))
	expect(t, answer(l, false))
}

// TestRandomCounters compares random increments and moves with sums in a map.
func TestRandomCounters(t *testing.T) {
	for seed := range uint64(50) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		l, c := newLedger(1)
		want := map[string]uint64{}
		owner := func() counters.Owner { return deployment(string(rune('a' + rnd.IntN(5)))) }
		for range 200 {
			c.Time = c.Add(time.Minute)
			switch from, to := owner(), owner(); rnd.IntN(10) {
			case 0:
				l.Move(from, to)
				if n, ok := want[from.Name]; ok && from != to {
					delete(want, from.Name)
					want[to.Name] += n
				}
			case 1: // half of the seeds render once
				if seed%2 == 0 {
					continue
				}
				var lines []string
				for family := range 2 {
					for _, name := range slices.Sorted(maps.Keys(want)) {
						lines = append(lines, created(name, int(want[name]))[family])
					}
				}
				got := podsOf(answer(l, false))
				slices.Sort(got)
				expect(t, got, lines...)
			default:
				addPod(l, from, podIncrements(0))
				want[from.Name]++
			}
		}
		got := podsOf(answer(l, false))
		if len(got) != 2*len(want) {
			t.Errorf("seed %d: %q, want %v", seed, got, want)
		}
		for name, n := range want {
			if !slices.Contains(got, created(name, int(n))[0]) {
				t.Errorf("seed %d: no %q in %q", seed, created(name, int(n))[0], got)
			}
		}
	}
}
