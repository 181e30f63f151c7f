package watcher

import (
	"bytes"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/apiclient"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/store"
)

// A history is all events of pods in order, and what happened: numbers by series of counters.
type history struct {
	events []watch.Event // of *corev1.Pod
	counts []map[string]int
	pods   map[types.UID]*corev1.Pod
	total  map[string]int
}

// randomHistory returns a history of pods of two workloads.
func randomHistory(rnd *rand.Rand, n int) *history {
	h := &history{pods: map[types.UID]*corev1.Pod{}, total: map[string]int{}}
	for len(h.events) < n {
		uids := slices.Sorted(maps.Keys(h.pods))
		if len(uids) == 0 || rnd.IntN(6) == 0 {
			h.add(watch.Added, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
				Namespace: "n", Name: "pod", UID: types.UID(fmt.Sprint("uid-", len(h.events))), CreationTimestamp: metav1.Unix(100, 0),
				OwnerReferences: []metav1.OwnerReference{{Kind: "Widget", Name: fmt.Sprint("w", rnd.IntN(2)), UID: "w", Controller: new(true)}},
			}})
			continue
		}
		p := h.pods[uids[rnd.IntN(len(uids))]].DeepCopy()
		if rnd.IntN(6) == 0 {
			h.add(watch.Deleted, p)
			continue
		}
		h.change(rnd, p)
	}
	return h
}

// change changes a pod: its container starts or ends, it is ready, or it fails.
func (h *history) change(rnd *rand.Rand, p *corev1.Pod) {
	switch n := rnd.IntN(8); {
	case len(p.Status.ContainerStatuses) == 0:
		p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "c"}}
	case n == 0 && p.Status.Phase == "":
		p.Status.Phase, p.Status.Reason = corev1.PodFailed, "Evicted"
		h.count(p, "pod_failures", "Evicted")
	case n == 1 && len(p.Status.Conditions) == 0:
		p.Status.Conditions = []corev1.PodCondition{{Type: "Ready", Status: "True", LastTransitionTime: metav1.Unix(103, 0)}}
		h.count(p, "pod_startup")
	case p.Status.ContainerStatuses[0].State.Terminated == nil:
		reason := []string{"OOMKilled", "Error", "Completed"}[rnd.IntN(3)]
		p.Status.ContainerStatuses[0].State.Terminated = &corev1.ContainerStateTerminated{Reason: reason}
		h.count(p, "container_terminations", reason)
	default:
		s := &p.Status.ContainerStatuses[0]
		*s = corev1.ContainerStatus{Name: "c", RestartCount: s.RestartCount + 1, LastTerminationState: s.State}
	}
	h.add(watch.Modified, p)
}

// count counts what happens with the next event.
func (h *history) count(p *corev1.Pod, what ...string) {
	h.total[p.OwnerReferences[0].Name+" "+strings.Join(what, " ")]++
}

func (h *history) add(kind watch.EventType, p *corev1.Pod) {
	p.ResourceVersion = fmt.Sprint(len(h.events) + 1)
	switch h.pods[p.UID] = p; kind {
	case watch.Added:
		h.count(p, "pods_created")
	case watch.Deleted:
		h.count(p, "pods_deleted")
		delete(h.pods, p.UID)
	}
	h.events = append(h.events, watch.Event{Type: kind, Object: p})
	h.counts = append(h.counts, maps.Clone(h.total))
}

// at returns the pods after a number of events.
func (h *history) at(n int) map[types.UID]*corev1.Pod {
	pods := map[types.UID]*corev1.Pod{}
	for _, e := range h.events[:n] {
		p := e.Object.(*corev1.Pod)
		if pods[p.UID] = p; e.Type == watch.Deleted {
			delete(pods, p.UID)
		}
	}
	return pods
}

// since returns what happened after a number of events, without startups of pods that were there.
func (h *history) since(n int) map[string]int {
	counts := maps.Clone(h.total)
	if n > 0 {
		for series, before := range h.counts[n-1] {
			counts[series] -= before
		}
	}
	for uid, before := range h.at(n) {
		if len(before.Status.Conditions) > 0 {
			continue
		}
		for _, e := range h.events[n:] {
			if p := e.Object.(*corev1.Pod); p.UID == uid && len(p.Status.Conditions) > 0 {
				counts[p.OwnerReferences[0].Name+" pod_startup"]--
				break
			}
		}
	}
	maps.DeleteFunc(counts, func(_ string, n int) bool { return n == 0 })
	return counts
}

// A follower is a target that follows a history.
type follower struct {
	*target
	t        *testing.T
	rnd      *rand.Rand
	history  *history
	position int // number of events
}

// list lists at the present position or behind it, and streams some events within the list. The list may
// be abandoned.
func (f *follower) list(behind int) {
	s := f.sinks[0]
	position := min(f.position+behind, len(f.history.events))
	b := s.Begin()
	set := func(p *corev1.Pod) {
		if err := b.Set(p); err != nil {
			f.t.Error(err)
		}
	}
	for _, p := range f.history.at(position) {
		set(p)
	}
	if f.rnd.IntN(4) == 0 {
		b.Abandon()
		return
	}
	deleted := map[string]bool{}
	for end := position + f.rnd.IntN(6); position < min(end, len(f.history.events)); position++ {
		e := f.history.events[position]
		p := e.Object.(*corev1.Pod)
		if e.Type == watch.Deleted {
			deleted[string(p.UID)] = true
			continue
		}
		set(p)
	}
	f.position = position
	b.Finish()
	b.Commit(func(_, key string) bool { return !deleted[key] })
	s.loop.MarkComplete()
}

// follow applies some events.
func (f *follower) follow(n int) {
	for ; n > 0 && f.position < len(f.history.events); n-- {
		e := f.history.events[f.position]
		f.position++
		p := e.Object.(*corev1.Pod)
		if e.Type == watch.Deleted {
			f.sinks[0].Delete(p)
		} else if err := f.sinks[0].Set(p); err != nil {
			f.t.Error(err)
		}
	}
}

// counted returns the counters of a watcher beyond 0.
func counted(w *Watcher) map[string]int {
	var b bytes.Buffer
	for _, r := range w.ledger.Resources() {
		if err := store.NewResponse([]store.View{r.View()}, "").WriteText(&b); err != nil {
			panic(err)
		}
	}
	counts := map[string]int{}
	for line := range strings.Lines(b.String()) {
		name, labels, _ := strings.Cut(line, "{")
		name = strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(name, "kubestate_workload_"), "_total"), "_seconds_count")
		_, labels, _ = strings.Cut(labels, `workload="`)
		labels, value, _ := strings.Cut(labels, `"} `)
		workload, labels, _ := strings.Cut(labels, `"`)
		_, reason, _ := strings.Cut(labels, `reason="`)
		if n := 0; !strings.HasPrefix(line, "#") && !strings.Contains(name, "_bucket") && !strings.Contains(name, "_sum") {
			if _, err := fmt.Sscan(strings.TrimPrefix(value, `"} `), &n); err == nil && n > 0 {
				counts[strings.TrimSuffix(workload+" "+name+" "+reason, " ")] = n
			}
		}
	}
	return counts
}

// TestRandomCounting follows random histories by events and lists, of which some are abandoned, and by
// targets that take over, each of which may be ahead of the other. All counters equal the history from
// the first list on.
func TestRandomCounting(t *testing.T) {
	registry, err := generators.NewRegistry(generators.Builtin()...)
	if err != nil {
		t.Fatal(err)
	}
	client, err := apiclient.New(&rest.Config{Host: "http://api"}, registry.Scheme())
	if err != nil {
		t.Fatal(err)
	}
	seeds := 100
	if testing.Short() {
		seeds = 20
	}
	unobserved := 0
	for seed := range uint64(seeds) {
		rnd := rand.New(rand.NewPCG(seed, 9))
		config := Config{
			Client: client, Resources: []generators.Resource{&generators.Pods}, StartupBuckets: []float64{1},
			Selection: generators.Selection{Groups: generators.Groups()},
		}
		w := New(config, NewMetrics(prometheus.NewRegistry()), slog.New(slog.DiscardHandler))
		h := randomHistory(rnd, 20+rnd.IntN(200))
		now := &follower{target: w.wanted[0], t: t, rnd: rnd, history: h, position: rnd.IntN(20)}
		for !now.sinks[0].complete() {
			now.list(0)
		}
		first := now.position
		for now.position < len(h.events) {
			switch rnd.IntN(12) {
			case 0:
				now.list(0)
			case 1:
				now = now.replace(w, config)
			default:
				now.follow(1 + rnd.IntN(10))
			}
		}
		now.replace(w, config).follow(len(h.events))
		want, got := h.since(first), counted(w)
		if hasUnobserved(got) {
			want, got = withoutReasons(want), withoutReasons(got)
			unobserved++
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("seed %d (-want +got):\n%s", seed, d)
		}
	}
	if unobserved > (seeds+49)/50 {
		t.Errorf("%d of %d histories have unobserved terminations", unobserved, seeds)
	}
}

// hasUnobserved reports whether counters lack reasons of terminations. A target that takes over from
// another one that lags by three terminations of a container has two of their reasons.
func hasUnobserved(counts map[string]int) bool {
	return slices.ContainsFunc(slices.Collect(maps.Keys(counts)), func(series string) bool { return strings.HasSuffix(series, "unobserved") })
}

// withoutReasons sums the terminations of each workload.
func withoutReasons(counts map[string]int) map[string]int {
	sums := map[string]int{}
	for series, n := range counts {
		if name, _, found := strings.Cut(series, "container_terminations"); found {
			series = name + "container_terminations"
		}
		sums[series] += n
	}
	return sums
}

// replace has another target built beside f and take over from it.
func (f *follower) replace(w *Watcher, config Config) *follower {
	next := &follower{t: f.t, rnd: f.rnd, history: f.history, position: f.position}
	next.target = w.newTarget(&generators.Pods, planFor(config, &generators.Pods, false), config)
	next.countBeside(f.target)
	f.follow(f.rnd.IntN(5))
	for !next.sinks[0].complete() {
		next.list(f.rnd.IntN(max(1, f.position-next.position+1)))
		f.follow(f.rnd.IntN(5))
	}
	for range f.rnd.IntN(4) {
		f.follow(f.rnd.IntN(6))
		if next.position <= f.position || f.rnd.IntN(2) == 0 {
			next.follow(f.rnd.IntN(6))
		}
		if f.rnd.IntN(4) == 0 {
			next.list(0)
		}
	}
	next.takeOver(f.target)
	f.follow(f.rnd.IntN(3)) // counts nothing any more
	next.follow(1)
	if f.rnd.IntN(3) == 0 {
		next.follow(max(0, f.position-next.position))
		for _, s := range next.sinks {
			s.counting.settle(time.Now().Add(arrivalTime))
		}
	}
	return next
}
