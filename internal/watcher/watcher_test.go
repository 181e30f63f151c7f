package watcher_test

import (
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/watcher"
)

var (
	podKind  = corev1.SchemeGroupVersion.WithKind("Pod")
	nodeKind = corev1.SchemeGroupVersion.WithKind("Node")
)

// TestLoad loads pods of several namespaces and a node.
func TestLoad(t *testing.T) {
	objects := map[schema.GroupVersionKind][]runtime.Object{
		podKind:  {pod("c", "x", "1", 1), pod("a", "x", "2", 1), pod("b", "x", "3", 1), pod("a", "y", "4", 1), pod("", "z", "5", 1)},
		nodeKind: {node("x", "6", 1)},
		corev1.SchemeGroupVersion.WithKind("Secret"): {&corev1.Secret{ObjectMeta: meta("a", "x", "7", 1)}},
	}
	const (
		ax  = `namespace="a",pod="x" 1`
		ay  = `namespace="a",pod="y" 1`
		bx  = `namespace="b",pod="x" 1`
		cx  = `namespace="c",pod="x" 1`
		z   = `namespace="",pod="z" 1`
		one = "node_generation{node=\"x\"} 1\n"
	)
	type names = []string
	f := func(namespaces, denied names, unsynced names, want string) {
		t.Helper()
		w := newWatcher(watcher.Config{Resources: []generators.Resource{nodes, pods}, Namespaces: namespaces, Denied: denied},
			prometheus.NewRegistry(), aboutFamilies())
		if d := cmp.Diff(unsynced, w.Unsynced()); d != "" {
			t.Errorf("namespaces %q without %q: unsynced (-want +got):\n%s", namespaces, denied, d)
		}
		if err := w.Load(objects); err != nil {
			t.Error(err)
		}
		if d := cmp.Diff(want, text(w.Resources()...)); d != "" {
			t.Errorf("namespaces %q without %q (-want +got):\n%s", namespaces, denied, d)
		}
		if unsynced := w.Unsynced(); unsynced != nil {
			t.Errorf("namespaces %q without %q: %q unsynced after loading", namespaces, denied, unsynced)
		}
	}
	f(nil, nil, names{"nodes", "pods"}, one+podText(cx, ax, bx, ay, z))
	f(names{"a"}, nil, names{"nodes", "pods in a"}, one+podText(ax, ay))
	f(names{"b", "a"}, nil, names{"nodes", "pods in b", "pods in a"}, one+podText(bx, ax, ay))
	f(names{"d"}, nil, names{"nodes", "pods in d"}, one)
	f(nil, names{"a"}, names{"nodes", "pods"}, one+podText(cx, bx, z))
	f(nil, names{"a", "b", "c"}, names{"nodes", "pods"}, one+podText(z))
	f(nil, names{""}, names{"nodes", "pods"}, one+podText(cx, ax, bx, ay))
	f(names{"a", "b"}, names{"a"}, names{"nodes", "pods in a", "pods in b"}, one+podText(bx))
	f(names{"a"}, names{"b"}, names{"nodes", "pods in a"}, one+podText(ax, ay))
}

// TestLoadAgain holds that a load replaces all content.
func TestLoadAgain(t *testing.T) {
	w := newWatcher(watcher.Config{Resources: []generators.Resource{nodes, pods}}, prometheus.NewRegistry(), aboutFamilies())
	f := func(want string, objects map[schema.GroupVersionKind][]runtime.Object) {
		t.Helper()
		if err := w.Load(objects); err != nil {
			t.Error(err)
		}
		expectText(t, w, want)
	}
	type objects = map[schema.GroupVersionKind][]runtime.Object
	f(podText(`namespace="a",pod="x" 1`), objects{podKind: {pod("a", "x", "1", 1)}})
	f("node_generation{node=\"x\"} 1\n", objects{nodeKind: {node("x", "2", 1)}})
	f("", nil)
}

// TestUnsynced holds that a resource is awaited until its first complete list.
func TestUnsynced(t *testing.T) {
	w := newWatcher(watcher.Config{Resources: []generators.Resource{nodes, pods}, Namespaces: []string{"a", "b"}},
		prometheus.NewRegistry(), aboutFamilies())
	sinks := w.Sinks()
	f := func(err error, want ...string) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
		if d := cmp.Diff(want, w.Unsynced()); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	f(nil, "nodes", "pods in a", "pods in b")
	f(sinks[1].Set(pod("a", "x", "1", 1)), "nodes", "pods in a", "pods in b")
	f(sinks[1].Replace(), "nodes", "pods in b")
	f(sinks[1].Replace(), "nodes", "pods in b")
	f(sinks[2].Replace(pod("b", "x", "2", 1)), "nodes")
	f(sinks[0].Replace())
	f(sinks[0].Replace())
}

// TestRunWithoutAnAPIServer holds that Run returns when its context ends.
func TestRunWithoutAnAPIServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatcher(watcher.Config{Resources: []generators.Resource{pods}}, prometheus.NewRegistry(), aboutFamilies())
		ended, end := run(t, w)
		synctest.Wait()
		select {
		case <-ended:
			t.Error("Run has returned")
		default:
		}
		end()
		<-ended
	})
}

// TestResources holds the names and the headers of configured resources.
func TestResources(t *testing.T) {
	deny := generators.Selection{Deny: []generators.Pattern{pattern("pod_fragile"), pattern("pod_more_fragile")}}
	w := newWatcher(watcher.Config{Resources: []generators.Resource{pods, nodes}, Namespaces: []string{"a", "b"}, Selection: deny},
		prometheus.NewRegistry(), aboutFamilies())
	for _, sink := range w.Sinks() {
		if err := sink.Set(panicking("a", "x", "1")); err != nil {
			t.Error(err)
		}
	}
	got := map[string]string{}
	for _, r := range w.Resources() {
		got[r.Name()] = response(r)
	}
	line := "pod_generation{namespace=\"a\",pod=\"x\"} 1\n"
	last := "pod_last{namespace=\"a\",pod=\"x\"} 1\n"
	want := map[string]string{
		"pods": "# HELP pod_generation Help.\n# TYPE pod_generation gauge\n" + line + line +
			"# HELP pod_last Help.\n# TYPE pod_last gauge\n" + last + last,
		"nodes": "# HELP node_generation Help.\n# TYPE node_generation gauge\n",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// pattern matches one name.
type pattern string

func (p pattern) MatchString(name string) bool { return name == string(p) }
