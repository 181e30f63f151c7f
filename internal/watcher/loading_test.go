package watcher_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/watcher"
)

// TestLoading holds that objects go by namespace and name, of which the last counts, and that
// nothing is seen before all are there.
func TestLoading(t *testing.T) {
	config := watcher.Config{Resources: []generators.Resource{pods}}
	w := newWatcher(config, prometheus.NewRegistry(), aboutFamilies())
	add := func(l *watcher.Loading, namespace, name, uid string, generation int64) {
		t.Helper()
		if err := l.Add(podKind, pod(namespace, name, uid, generation)); err != nil {
			t.Error(err)
		}
	}
	holds := func(want string) {
		t.Helper()
		if d := cmp.Diff(want, text(w.Resources()...)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	l := w.Loading(config)
	add(l, "a", "x", "1", 1)
	add(l, "b", "y", "1", 1) // of the same uid
	add(l, "a", "x", "2", 2) // made anew
	holds("")
	if unsynced := w.Unsynced(); len(unsynced) != 1 {
		t.Errorf("unsynced before all is there: %q", unsynced)
	}
	l.Done()
	holds(podText(ax2, by1))

	// One that is given up changes nothing.
	other := config
	other.Selection = without("pod_last")
	add(w.Loading(other), "a", "z", "3", 1)
	holds(podText(ax2, by1))
	if anew := w.Change(config); anew != nil {
		t.Errorf("%q are made anew for the same configuration", anew)
	}

	if err := w.Loading(config).Add(podKind, &metav1.Status{}); err == nil {
		t.Error("no error for what is no object")
	}
}

// TestLoadingElsewhere has the last copy of an object be of another shard.
func TestLoadingElsewhere(t *testing.T) {
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
		if d := cmp.Diff(want, text(w.Resources()...)); d != "" {
			t.Errorf("shard %d (-want +got):\n%s", shard, d)
		}
	}
}
