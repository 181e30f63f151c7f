package watcher_test

import (
	"log/slog"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/tools/cache"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/watcher"
)

var _ cache.ReflectorStore = (*watcher.Feed)(nil)

// podFeed is the feed of pods in all namespaces, and the store that it fills.
func podFeed() (*watcher.Watcher, *watcher.Feed) {
	w := newWatcher(watcher.Config{Resources: []generators.Resource{pods}}, prometheus.NewRegistry(), aboutFamilies())
	return w, w.Feeds()[0]
}

func TestFeed(t *testing.T) {
	w, feed := podFeed()
	f := func(err error, want string) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
		if d := cmp.Diff(want, text(w.Resources()...)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	f(nil, "")
	f(feed.Add(pod("n", "a", "1", 1)), podText(`namespace="n",pod="a" 1`))
	f(feed.Add(pod("n", "b", "2", 1)), podText(`namespace="n",pod="a" 1`, `namespace="n",pod="b" 1`))
	f(feed.Update(pod("n", "a", "1", 2)), podText(`namespace="n",pod="a" 2`, `namespace="n",pod="b" 1`))
	// Reflectors say Add and Update as the API server does, which is not always
	// as the feed knows it.
	f(feed.Add(pod("n", "a", "1", 3)), podText(`namespace="n",pod="a" 3`, `namespace="n",pod="b" 1`))
	f(feed.Update(pod("m", "c", "3", 1)), podText(`namespace="n",pod="a" 3`, `namespace="n",pod="b" 1`, `namespace="m",pod="c" 1`))
	f(feed.Resync(), podText(`namespace="n",pod="a" 3`, `namespace="n",pod="b" 1`, `namespace="m",pod="c" 1`))
	f(feed.Delete(pod("n", "b", "2", 9)), podText(`namespace="n",pod="a" 3`, `namespace="m",pod="c" 1`))
	f(feed.Delete(pod("n", "b", "2", 9)), podText(`namespace="n",pod="a" 3`, `namespace="m",pod="c" 1`))
	// An object of the same name is another one.
	f(feed.Delete(pod("n", "a", "other", 3)), podText(`namespace="n",pod="a" 3`, `namespace="m",pod="c" 1`))
	// A list takes the place of all there was.
	f(feed.Replace([]any{pod("n", "d", "4", 1), pod("m", "c", "3", 2)}, "7"),
		podText(`namespace="n",pod="d" 1`, `namespace="m",pod="c" 2`))
	f(feed.Replace([]any{pod("n", "d", "4", 1), pod("n", "d", "4", 2)}, "8"), podText(`namespace="n",pod="d" 2`))
	f(feed.Replace(nil, "9"), "")
	f(feed.Add(pod("n", "a", "1", 1)), podText(`namespace="n",pod="a" 1`))
}

// TestFeedWithoutUIDs has objects that were written by hand.
func TestFeedWithoutUIDs(t *testing.T) {
	w, feed := podFeed()
	f := func(err error, want string) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
		if d := cmp.Diff(want, text(w.Resources()...)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	f(feed.Add(pod("n", "a", "", 1)), podText(`namespace="n",pod="a" 1`))
	f(feed.Add(pod("n", "b", "", 1)), podText(`namespace="n",pod="a" 1`, `namespace="n",pod="b" 1`))
	f(feed.Add(pod("m", "a", "", 1)), podText(`namespace="n",pod="a" 1`, `namespace="n",pod="b" 1`, `namespace="m",pod="a" 1`))
	f(feed.Add(pod("n", "a", "", 2)), podText(`namespace="n",pod="a" 2`, `namespace="n",pod="b" 1`, `namespace="m",pod="a" 1`))
	f(feed.Delete(pod("n", "b", "", 1)), podText(`namespace="n",pod="a" 2`, `namespace="m",pod="a" 1`))
	f(feed.Replace([]any{pod("n", "c", "", 1), pod("n", "c", "", 2), pod("", "c", "", 3), pod("n", "c", "1", 4)}, ""),
		podText(`namespace="n",pod="c" 2`, `namespace="",pod="c" 3`, `namespace="n",pod="c" 4`))
}

// TestFeedTakesObjectsOnly gives what no API server sends.
func TestFeedTakesObjectsOnly(t *testing.T) {
	w, feed := podFeed()
	if err := feed.Add(pod("n", "a", "1", 1)); err != nil {
		t.Fatal(err)
	}
	f := func(name string, err error) {
		t.Helper()
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		if d := cmp.Diff(podText(`namespace="n",pod="a" 1`), text(w.Resources()...)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	f("add", feed.Add("no object"))
	f("update", feed.Update(5))
	f("delete", feed.Delete(nil))
	f("tombstone", feed.Delete(cache.DeletedFinalStateUnknown{Key: "n/a", Obj: pod("n", "a", "1", 1)}))
	f("replace", feed.Replace([]any{pod("n", "b", "2", 1), "no object"}, ""))
	if d := cmp.Diff([]string{"pods"}, w.Unsynced()); d != "" {
		t.Errorf("unsynced (-want +got):\n%s", d)
	}
}

// TestPanicsAreContained holds that of an object whose rows panic the other
// families are exported, that each such family is counted, and that the first
// of each family is logged.
func TestPanicsAreContained(t *testing.T) {
	reg, logged := prometheus.NewRegistry(), aboutFamilies()
	w := newWatcher(watcher.Config{Resources: []generators.Resource{pods, nodes}, Namespaces: []string{"n", "m"}}, reg, logged)
	inN, inM, ofNodes := w.Feeds()[0], w.Feeds()[1], w.Feeds()[2]
	f := func(err error, counts string, records ...record) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
		if d := cmp.Diff(counts, own(t, reg)); d != "" {
			t.Errorf("counted (-want +got):\n%s", d)
		}
		if d := cmp.Diff(records, logged.take()); d != "" {
			t.Errorf("logged (-want +got):\n%s", d)
		}
	}
	counts := func(fragile, more string) string {
		return `kubestate_contained_panics_total{family="pod_fragile"} ` + fragile + "\n" +
			`kubestate_contained_panics_total{family="pod_more_fragile"} ` + more + "\n"
	}
	f(inN.Add(pod("n", "a", "1", 1)), "")
	f(inN.Add(panicking("n", "b", "2")), counts("1", "1"),
		record{slog.LevelError, "pod_fragile"}, record{slog.LevelError, "pod_more_fragile"})
	f(inN.Update(panicking("n", "b", "2")), counts("2", "2"))
	f(inN.Add(panicking("n", "c", "3")), counts("3", "3"))
	f(inM.Replace([]any{panicking("m", "d", "4"), panicking("m", "e", "5")}, ""), counts("5", "5"))
	want := podText(`namespace="n",pod="a" 1`, `namespace="n",pod="b" 1`, `namespace="n",pod="c" 1`,
		`namespace="m",pod="d" 1`, `namespace="m",pod="e" 1`)
	if d := cmp.Diff(want, text(w.Resources()...)); d != "" {
		t.Errorf("exported (-want +got):\n%s", d)
	}
	// An object of another type renders nothing at all.
	f(ofNodes.Add(pod("n", "a", "1", 1)), `kubestate_contained_panics_total{family="node_generation"} 1`+"\n"+counts("5", "5"),
		record{slog.LevelError, "node_generation"})
	if d := cmp.Diff(want, text(w.Resources()...)); d != "" {
		t.Errorf("exported (-want +got):\n%s", d)
	}
}

// TestPanicsAtTheSameTime has two feeds, each in a goroutine of its own.
func TestPanicsAtTheSameTime(t *testing.T) {
	reg, logged := prometheus.NewRegistry(), aboutFamilies()
	w := newWatcher(watcher.Config{Resources: []generators.Resource{pods}, Namespaces: []string{"n", "m"}}, reg, logged)
	var feeds sync.WaitGroup
	for _, feed := range w.Feeds() {
		feeds.Go(func() {
			for range 100 {
				if err := feed.Add(panicking("n", "a", "1")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	feeds.Wait()
	if d := cmp.Diff(`kubestate_contained_panics_total{family="pod_fragile"} 200
kubestate_contained_panics_total{family="pod_more_fragile"} 200
`, own(t, reg)); d != "" {
		t.Errorf("counted (-want +got):\n%s", d)
	}
	perFamily := map[record]int{}
	for _, r := range logged.take() {
		perFamily[r]++
	}
	if d := cmp.Diff(map[record]int{{slog.LevelError, "pod_fragile"}: 1, {slog.LevelError, "pod_more_fragile"}: 1}, perFamily); d != "" {
		t.Errorf("logged (-want +got):\n%s", d)
	}
}
