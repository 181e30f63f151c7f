package watcher_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/watcher"
)

// TestLoading holds that the last object of a namespace and name counts, and that none is served
// before Done.
func TestLoading(t *testing.T) {
	config := watcher.Config{Resources: []generators.Resource{pods}}
	w := newWatcher(config, prometheus.NewRegistry(), aboutFamilies())
	add := func(l *watcher.Loading, namespace, name, uid string, generation int64) {
		t.Helper()
		if err := l.Add(podKind, pod(namespace, name, uid, generation)); err != nil {
			t.Error(err)
		}
	}
	expect := func(want string) {
		t.Helper()
		expectText(t, w, want)
	}
	l := w.Loading(config)
	add(l, "a", "x", "1", 1)
	add(l, "b", "y", "1", 1) // of the same uid
	add(l, "a", "x", "2", 2) // recreated
	expect("")
	if unsynced := w.Unsynced(); len(unsynced) != 1 {
		t.Errorf("unsynced before Done: %q", unsynced)
	}
	l.Done()
	expect(podText(ax2, by1))

	// Without Done, nothing changes.
	other := config
	other.Selection = without("pod_last")
	add(w.Loading(other), "a", "z", "3", 1)
	expect(podText(ax2, by1))
	if rebuilt := w.Change(config); rebuilt != nil {
		t.Errorf("rebuilt for the same configuration: %q", rebuilt)
	}

	if err := w.Loading(config).Add(podKind, &metav1.Status{}); err == nil {
		t.Error("no error for a value that is no object")
	}
}

// TestLoadingOtherShard has an object whose last copy is of another shard.
func TestLoadingOtherShard(t *testing.T) {
	for shard, want := range []string{podText(by1), podText(ax2)} {
		config := watcher.Config{Resources: []generators.Resource{pods}, Shard: sharding.Even(shard, 2)}
		w := newWatcher(config, prometheus.NewRegistry(), aboutFamilies())
		l := w.Loading(config)
		former, latter := ours("a", "x", 0, 1), theirs("a", "x", 0)
		latter.Generation = 2
		for _, o := range []*corev1.Pod{former, ours("b", "y", 1, 1), latter} {
			if err := l.Add(podKind, o); err != nil {
				t.Error(err)
			}
		}
		l.Done()
		expectText(t, w, want)
	}
}
