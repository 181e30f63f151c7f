package watcher_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/watcher"
)

// TestStreamedList streams a list into a feed through the kind of store that a
// reflector keeps meanwhile, with changes and deletions before its end. Readers
// see nothing of it before it is complete, and then all of it.
func TestStreamedList(t *testing.T) {
	w := newWatcher(watcher.Config{Resources: []generators.Resource{pods}}, prometheus.NewRegistry(), aboutFamilies())
	feed := w.Feeds()[0]
	f := func(want string) {
		t.Helper()
		if d := cmp.Diff(want, text(w.Resources()...)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	apply := func(change func(any) error, objects ...*corev1.Pod) {
		t.Helper()
		for _, o := range objects {
			if err := change(o); err != nil {
				t.Error(err)
			}
		}
	}
	stream := func() cache.Store {
		return cache.NewStore(cache.DeletionHandlingMetaNamespaceKeyFunc, cache.WithTransformer(feed.Transformer()))
	}
	f("")

	first := stream()
	apply(first.Add, pod("a", "one", "1", 1), pod("a", "two", "2", 1), pod("a", "three", "3", 1))
	apply(first.Update, pod("a", "one", "1", 2))
	apply(first.Delete, pod("a", "two", "2", 1))
	apply(first.Add, pod("a", "two", "22", 7)) // of the same name, and another object
	apply(first.Delete, pod("a", "three", "3", 1))
	f("")
	apply(func(any) error { return feed.Replace(first.List(), "1") }, nil)
	if len(w.Unsynced()) != 0 {
		t.Errorf("not synced: %v", w.Unsynced())
	}
	want := podText(`namespace="a",pod="one" 2`, `namespace="a",pod="two" 7`)
	f(want)

	// A stream that breaks off leaves no trace, and is begun anew.
	broken := stream()
	apply(broken.Add, pod("a", "ghost", "9", 1), pod("a", "one", "1", 9))
	f(want)
	feed.StartOver()
	again := stream()
	apply(again.Add, pod("a", "two", "22", 8))
	f(want)
	apply(func(any) error { return feed.Replace(again.List(), "2") }, nil)
	f(podText(`namespace="a",pod="two" 8`))

	// A list that is not streamed comes as objects.
	apply(func(any) error { return feed.Replace([]any{pod("a", "one", "1", 3)}, "3") }, nil)
	f(podText(`namespace="a",pod="one" 3`))
}
