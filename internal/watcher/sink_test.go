package watcher_test

import (
	"log/slog"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/listwatch"
	"github.com/kubestate/kubestate/internal/watcher"
)

// newSink returns a sink of pods, and a function that checks an error and the served lines.
func newSink(t *testing.T) (*watcher.Sink, func(err error, want string)) {
	w := newWatcher(watcher.Config{Resources: []generators.Resource{pods}}, prometheus.NewRegistry(), aboutFamilies())
	return w.Sinks()[0], func(err error, want string) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
		expectText(t, w, want)
	}
}

// TestSink sets and deletes objects, and replaces all of them.
func TestSink(t *testing.T) {
	sink, f := newSink(t)
	f(nil, "")
	f(sink.Set(pod("n", "a", "1", 1)), podText(`namespace="n",pod="a" 1`))
	f(sink.Set(pod("n", "b", "2", 1)), podText(`namespace="n",pod="a" 1`, `namespace="n",pod="b" 1`))
	f(sink.Set(pod("n", "a", "1", 2)), podText(`namespace="n",pod="a" 2`, `namespace="n",pod="b" 1`))
	f(sink.Set(pod("n", "a", "1", 3)), podText(`namespace="n",pod="a" 3`, `namespace="n",pod="b" 1`))
	f(sink.Set(pod("m", "c", "3", 1)), podText(`namespace="n",pod="a" 3`, `namespace="n",pod="b" 1`, `namespace="m",pod="c" 1`))
	sink.Delete(pod("n", "b", "2", 9))
	f(nil, podText(`namespace="n",pod="a" 3`, `namespace="m",pod="c" 1`))
	sink.Delete(pod("n", "b", "2", 9))
	f(nil, podText(`namespace="n",pod="a" 3`, `namespace="m",pod="c" 1`))
	// Another object of the same name.
	sink.Delete(pod("n", "a", "other", 3))
	f(nil, podText(`namespace="n",pod="a" 3`, `namespace="m",pod="c" 1`))
	// A list.
	f(sink.Replace(pod("n", "d", "4", 1), pod("m", "c", "3", 2)),
		podText(`namespace="n",pod="d" 1`, `namespace="m",pod="c" 2`))
	f(sink.Replace(pod("n", "d", "4", 1), pod("n", "d", "4", 2)), podText(`namespace="n",pod="d" 2`))
	f(sink.Replace(), "")
	f(sink.Set(pod("n", "a", "1", 1)), podText(`namespace="n",pod="a" 1`))
}

// TestSinkWithoutUIDs has objects without uids, as in hand-written files.
func TestSinkWithoutUIDs(t *testing.T) {
	sink, f := newSink(t)
	f(sink.Set(pod("n", "a", "", 1)), podText(`namespace="n",pod="a" 1`))
	f(sink.Set(pod("n", "b", "", 1)), podText(`namespace="n",pod="a" 1`, `namespace="n",pod="b" 1`))
	f(sink.Set(pod("m", "a", "", 1)), podText(`namespace="n",pod="a" 1`, `namespace="n",pod="b" 1`, `namespace="m",pod="a" 1`))
	f(sink.Set(pod("n", "a", "", 2)), podText(`namespace="n",pod="a" 2`, `namespace="n",pod="b" 1`, `namespace="m",pod="a" 1`))
	sink.Delete(pod("n", "b", "", 1))
	f(nil, podText(`namespace="n",pod="a" 2`, `namespace="m",pod="a" 1`))
	f(sink.Replace(pod("n", "c", "", 1), pod("n", "c", "", 2), pod("", "c", "", 3), pod("n", "c", "1", 4)),
		podText(`namespace="n",pod="c" 2`, `namespace="",pod="c" 3`, `namespace="n",pod="c" 4`))
}

// TestBatch holds that no object of a batch is served before its commit.
func TestBatch(t *testing.T) {
	w := newWatcher(watcher.Config{Resources: []generators.Resource{pods}}, prometheus.NewRegistry(), aboutFamilies())
	sink := w.Sinks()[0]
	set := func(b listwatch.Batch, objects ...*corev1.Pod) {
		t.Helper()
		for _, o := range objects {
			if err := b.Set(o); err != nil {
				t.Error(err)
			}
		}
	}
	f := func(want string) {
		t.Helper()
		expectText(t, w, want)
	}
	first := sink.Begin()
	set(first, pod("a", "one", "1", 1), pod("a", "two", "2", 1), pod("a", "three", "3", 1), pod("a", "one", "1", 2), pod("a", "two", "22", 7))
	f("")
	first.Commit(func(_, key string) bool { return key != "2" && key != "3" })
	want := podText(`namespace="a",pod="one" 2`, `namespace="a",pod="two" 7`)
	f(want)
	broken := sink.Begin()
	set(broken, pod("a", "ghost", "9", 1), pod("a", "one", "1", 9))
	f(want)
	again := sink.Begin()
	set(again, pod("a", "two", "22", 8))
	f(want)
	again.Commit(func(_, _ string) bool { return true })
	f(podText(`namespace="a",pod="two" 8`))
}

// TestPanicsAreRecovered holds that a panic of a row leaves the object's other families unchanged,
// that panics are counted by family, and that the first of each family is logged.
func TestPanicsAreRecovered(t *testing.T) {
	reg, logged := prometheus.NewRegistry(), aboutFamilies()
	w := newWatcher(watcher.Config{Resources: []generators.Resource{pods, nodes}, Namespaces: []string{"n", "m"}}, reg, logged)
	inN, inM, inNodes := w.Sinks()[0], w.Sinks()[1], w.Sinks()[2]
	f := func(err error, counts string, records ...record) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
		if d := cmp.Diff(counts, counters(t, reg)); d != "" {
			t.Errorf("metrics (-want +got):\n%s", d)
		}
		if d := cmp.Diff(records, logged.take()); d != "" {
			t.Errorf("logged (-want +got):\n%s", d)
		}
	}
	counts := func(fragile, more string) string {
		return `kubestate_render_panics_total{family="pod_fragile"} ` + fragile + "\n" +
			`kubestate_render_panics_total{family="pod_more_fragile"} ` + more + "\n"
	}
	f(inN.Set(pod("n", "a", "1", 1)), "")
	f(inN.Set(panicking("n", "b", "2")), counts("1", "1"),
		record{slog.LevelError, "pod_fragile"}, record{slog.LevelError, "pod_more_fragile"})
	f(inN.Set(panicking("n", "b", "2")), counts("2", "2"))
	f(inN.Set(panicking("n", "c", "3")), counts("3", "3"))
	f(inM.Replace(panicking("m", "d", "4"), panicking("m", "e", "5")), counts("5", "5"))
	want := podText(`namespace="n",pod="a" 1`, `namespace="n",pod="b" 1`, `namespace="n",pod="c" 1`,
		`namespace="m",pod="d" 1`, `namespace="m",pod="e" 1`)
	expectText(t, w, want)
	// An object of another type has no rows.
	f(inNodes.Set(pod("n", "a", "1", 1)), `kubestate_render_panics_total{family="node_generation"} 1`+"\n"+counts("5", "5"),
		record{slog.LevelError, "node_generation"})
	expectText(t, w, want)
}

// TestConcurrentPanics has two sinks in two goroutines.
func TestConcurrentPanics(t *testing.T) {
	reg, logged := prometheus.NewRegistry(), aboutFamilies()
	w := newWatcher(watcher.Config{Resources: []generators.Resource{pods}, Namespaces: []string{"n", "m"}}, reg, logged)
	var sinks sync.WaitGroup
	for _, sink := range w.Sinks() {
		sinks.Go(func() {
			for range 100 {
				if err := sink.Set(panicking("n", "a", "1")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	sinks.Wait()
	if d := cmp.Diff(`kubestate_render_panics_total{family="pod_fragile"} 200
kubestate_render_panics_total{family="pod_more_fragile"} 200
`, counters(t, reg)); d != "" {
		t.Errorf("metrics (-want +got):\n%s", d)
	}
	perFamily := map[record]int{}
	for _, r := range logged.take() {
		perFamily[r]++
	}
	if d := cmp.Diff(map[record]int{{slog.LevelError, "pod_fragile"}: 1, {slog.LevelError, "pod_more_fragile"}: 1}, perFamily); d != "" {
		t.Errorf("logged (-want +got):\n%s", d)
	}
}
