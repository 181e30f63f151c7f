package watcher_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/watcher"
)

// selectorsOf returns the label selector of pods.
func selectorsOf(pods string) map[schema.GroupResource]string {
	return map[schema.GroupResource]string{{Resource: "pods"}: pods}
}

// TestLabelSelector holds that the API server gets the label selector of a resource, and that another
// selector rebuilds that resource alone.
func TestLabelSelector(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := watcher.Config{Resources: []generators.Resource{pods}, Selectors: selectorsOf("app=web,team in (a,b)")}
		f := newHarness(t, config)
		const selected = anyPods + " labelSelector=app=web,team in (a,b)"
		f.next(t).want("stream " + selected).noStreams()
		f.next(t).want("list "+selected).list("5", pod("a", "x", "1", 1))
		f.next(t).want("watch " + selected + " resourceVersion=5").watch()
		f.expect(t, podText(ax1), nil)
		config.Client, config.Resources = newClient(t, f.config()), []generators.Resource{pods, nodes}
		if d := cmp.Diff([]string{"nodes"}, f.w.Change(config)); d != "" {
			t.Errorf("rebuilt (-want +got):\n%s", d)
		}
		f.next(t).want("stream /api/v1/nodes").watch().event("BOOKMARK", nodesEnd())
		config.Selectors = selectorsOf("app=web")
		if d := cmp.Diff([]string{"pods"}, f.w.Change(config)); d != "" {
			t.Errorf("rebuilt (-want +got):\n%s", d)
		}
		f.next(t).want("stream "+anyPods+" labelSelector=app=web").watch().event("ADDED", served(pod("b", "y", "2", 1), "6")).event("BOOKMARK", listEnds("6"))
		f.expect(t, podText(by1), nil)
	})
}

// tieredPods are pods whose recipe has a label selector, as an entry of custom resources may.
type tieredPods struct{ generators.Resource }

func (p tieredPods) Recipe() generators.Recipe {
	r := p.Resource.Recipe()
	r.LabelSelector = "tier=a"
	return r
}

// TestBothSelectors has a recipe with a selector, and one for its resource.
func TestBothSelectors(t *testing.T) {
	f := func(selectors map[schema.GroupResource]string, want string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			f := newHarness(t, watcher.Config{Resources: []generators.Resource{tieredPods{pods}}, Selectors: selectors})
			f.next(t).want("stream " + anyPods + " labelSelector=" + want)
		})
	}
	f(nil, "tier=a")
	f(selectorsOf("app in (web,shop)"), "tier=a,app in (web,shop)")
}

// TestLoadingSelected loads objects under label selectors of resources and namespaces, with the
// namespaces before, between and behind the objects.
func TestLoadingSelected(t *testing.T) {
	config := watcher.Config{Resources: []generators.Resource{pods}, Selectors: selectorsOf("app!=batch"), NamespaceSelector: "on=yes"}
	w := newWatcher(config, prometheus.NewRegistry(), aboutFamilies())
	l := w.Loading(config)
	namespace := func(name, on string) {
		t.Helper()
		n := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"on": on}}}
		if err := l.Add(corev1.SchemeGroupVersion.WithKind("Namespace"), n); err != nil {
			t.Error(err)
		}
	}
	add := func(namespace, name, uid, app string) {
		t.Helper()
		p := pod(namespace, name, uid, 1)
		p.Labels = map[string]string{"app": app}
		if err := l.Add(podKind, p); err != nil {
			t.Error(err)
		}
	}
	namespace("b", "yes")
	add("a", "x", "1", "web")
	add("b", "y", "2", "web")
	namespace("c", "no")
	namespace("a", "no")
	add("b", "z", "3", "batch")
	add("c", "x", "4", "web")
	add("unknown", "x", "5", "web")
	namespace("a", "yes") // the last copy counts
	l.Done()
	expectText(t, w, podText(ax1, by1))
}

// selectedPath is the request for namespaces of the selector "on".
const selectedPath = "/api/v1/namespaces labelSelector=on"

// namespace returns a namespace as an API server sends it.
func namespace(name, version string) *corev1.Namespace {
	n := &corev1.Namespace{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: meta("", name, "uid of "+name, 1)}
	n.ResourceVersion = version
	return n
}

// namespacesEnd is the bookmark that ends a streamed list of namespaces.
func namespacesEnd(version string) map[string]any {
	end := listEnds(version)
	end["kind"] = "Namespace"
	return end
}

// selectNamespaces runs a watcher of pods of the selected namespaces a and b. It returns the watches of
// namespaces and of pods.
func selectNamespaces(t *testing.T, config watcher.Config) (f *harness, names, all *request) {
	t.Helper()
	config.NamespaceSelector = "on"
	f = newHarness(t, config)
	names = f.next(t).want("stream " + selectedPath).watch()
	names.event("ADDED", namespace("a", "1")).event("ADDED", namespace("b", "2"))
	f.expect(t, "", []string{"namespace-selector", "pods"})
	f.expectNoRequest(t)
	names.event("BOOKMARK", namespacesEnd("3"))
	all = f.next(t).want("stream " + anyPods).watch()
	all.event("ADDED", served(pod("b", "y", "2", 1), "2")).event("ADDED", served(pod("c", "w", "9", 1), "2")).event("ADDED", served(pod("a", "x", "1", 1), "1"))
	f.expect(t, "", podsUnsynced)
	all.event("BOOKMARK", listEnds("5"))
	f.expect(t, podText(by1, ax1), nil)
	return f, names, all
}

// TestNamespaceJoins has a namespace come to match: it is listed alone, in pages, and served once
// complete, with the changes that the watch of all namespaces brings meanwhile.
func TestNamespaceJoins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, names, all := selectNamespaces(t, watcher.Config{})
		names.event("ADDED", namespace("c", "6"))
		q := f.next(t).want("list /api/v1/namespaces/c/pods")
		if limit := q.r.URL.Query().Get("limit"); limit != "500" {
			t.Errorf("limit %q", limit)
		}
		all.event("MODIFIED", served(pod("c", "early", "10", 6), "6")) // before the list
		all.event("MODIFIED", served(pod("c", "ghost", "14", 6), "6")) // which the list does not have any more
		all.event("DELETED", served(pod("c", "gone", "11", 1), "7"))
		read()
		q.page("8", "more", pod("c", "w", "9", 1), pod("c", "v", "12", 1))
		q = f.next(t).want("list /api/v1/namespaces/c/pods")
		if next := q.r.URL.Query().Get("continue"); next != "more" {
			t.Errorf("continue %q", next)
		}
		all.event("MODIFIED", served(pod("c", "w", "9", 8), "8")) // which the list has
		all.event("MODIFIED", served(pod("c", "v", "12", 9), "9"))
		all.event("DELETED", served(pod("c", "u", "13", 1), "10"))
		all.event("MODIFIED", served(pod("a", "x", "1", 2), "11"))
		f.expect(t, podText(by1, ax2), nil)
		q.list("8", pod("c", "u", "13", 1), pod("c", "early", "10", 7))
		f.expect(t, podText(by1, ax2, `namespace="c",pod="early" 7`, `namespace="c",pod="w" 1`, `namespace="c",pod="v" 9`), nil)
		all.event("DELETED", served(pod("c", "w", "9", 1), "12"))
		f.expect(t, podText(by1, ax2, `namespace="c",pod="early" 7`, `namespace="c",pod="v" 9`), nil)
		f.expectMetrics(t, listOK+"1\n"+`kube_state_metrics_watch_total{resource="*v1.Namespace",result="success"} 1`+"\n"+watchOK+"1\nkubestate_selected_namespaces 3\n"+`kubestate_shard_skipped_objects_total{resource="pods"} 1`+"\n")
		f.expectLog(t)
	})
}

// TestNamespaceAhead has a namespace whose list is later than the watch: events that the list has are
// skipped.
func TestNamespaceAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, names, all := selectNamespaces(t, watcher.Config{})
		names.event("ADDED", namespace("c", "6"))
		f.next(t).want("list /api/v1/namespaces/c/pods").list("20", pod("c", "w", "9", 19))
		served19 := podText(by1, ax1, `namespace="c",pod="w" 19`)
		f.expect(t, served19, nil)
		all.event("ADDED", served(pod("c", "gone", "10", 15), "15"))
		all.event("MODIFIED", served(pod("c", "w", "9", 16), "16"))
		f.expect(t, served19, nil)
		all.event("DELETED", served(pod("c", "gone", "10", 15), "17"))
		all.event("MODIFIED", served(pod("c", "w", "9", 21), "21"))
		f.expect(t, podText(by1, ax1, `namespace="c",pod="w" 21`), nil)
	})
}

// TestNamespaceLeaves has a namespace cease to match: its objects leave without a request. A label that
// is back within a second changes nothing.
func TestNamespaceLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, names, all := selectNamespaces(t, watcher.Config{})
		names.event("DELETED", namespace("b", "6"))
		time.Sleep(900 * time.Millisecond)
		names.event("ADDED", namespace("b", "7"))
		time.Sleep(5 * time.Second)
		f.expect(t, podText(by1, ax1), nil)
		names.event("DELETED", namespace("b", "8"))
		time.Sleep(2 * time.Second)
		f.expect(t, podText(ax1), nil)
		all.event("MODIFIED", served(pod("b", "y", "2", 2), "9"))
		f.expect(t, podText(ax1), nil)
		f.expectNoRequest(t)
		names.event("ADDED", namespace("b", "10"))
		f.next(t).want("list /api/v1/namespaces/b/pods").list("10", pod("b", "y", "2", 1))
		f.expect(t, podText(ax1, by1), nil)
		f.expectLog(t)
	})
}

// TestNamespaceListFails has the list of a namespace fail: the others stay current, and it is retried.
// A relist includes it.
func TestNamespaceListFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, names, all := selectNamespaces(t, watcher.Config{})
		names.event("ADDED", namespace("c", "6"))
		const list = "list /api/v1/namespaces/c/pods"
		for range 3 {
			f.next(t).want(list).fail(500, metav1.StatusReasonInternalError)
		}
		f.expectLog(t, failing("InternalError"))
		all.event("MODIFIED", served(pod("a", "x", "1", 2), "7"))
		f.expect(t, podText(by1, ax2), nil)
		if n := f.w.Statuses()[1].Lacking; n != 1 || f.w.Complete() {
			t.Errorf("%d namespaces lack; complete: %v", n, f.w.Complete())
		}
		q := f.next(t).want(list) // in progress while a relist begins
		all.event("ERROR", expiredStatus)
		all = f.next(t).want("stream " + anyPods + " resourceVersion=7").watch()
		read() // until the relist has begun
		q.list("8", pod("c", "w", "9", 1))
		f.expect(t, podText(by1, ax2), nil)
		all.event("ADDED", served(pod("c", "w", "9", 1), "2")).event("ADDED", served(pod("a", "x", "1", 2), "7")).event("BOOKMARK", listEnds("9"))
		f.expect(t, podText(ax2, `namespace="c",pod="w" 1`), nil)
		f.expectNoRequest(t)
		if n := f.w.Statuses()[1].Lacking; n != 0 || !f.w.Complete() {
			t.Errorf("%d namespaces lack; complete: %v", n, f.w.Complete())
		}
	})
}

// TestNamespaceJoinsDuringAList has a namespace join, and another leave and come back, while all pods
// are listed: both are listed alone afterwards.
func TestNamespaceJoinsDuringAList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, names, all := selectNamespaces(t, watcher.Config{})
		all.event("ERROR", expiredStatus)
		all = f.next(t).want("stream " + anyPods + " resourceVersion=5").watch()
		all.event("ADDED", served(pod("a", "x", "1", 1), "1"))
		names.event("ADDED", namespace("c", "6")).event("DELETED", namespace("b", "7"))
		time.Sleep(3 * time.Second)
		f.expect(t, podText(ax1), nil)
		names.event("ADDED", namespace("b", "8"))
		time.Sleep(3 * time.Second)
		all.event("ADDED", served(pod("b", "y", "2", 1), "2")).event("ADDED", served(pod("c", "w", "9", 1), "2"))
		f.expectNoRequest(t)
		all.event("BOOKMARK", listEnds("9"))
		f.expect(t, podText(ax1), nil)
		f.next(t).want("list /api/v1/namespaces/b/pods").list("9", pod("b", "y", "2", 1), pod("b", "z", "3", 1))
		f.expect(t, podText(ax1, by1, bz1), nil)
		f.next(t).want("list /api/v1/namespaces/c/pods").list("9", pod("c", "w", "9", 1))
		f.expect(t, podText(ax1, by1, bz1, `namespace="c",pod="w" 1`), nil)
	})
}

// TestNamespaceJoinsAfterAFailedList has a relist fail: a namespace that has joined meanwhile is added to
// the old content.
func TestNamespaceJoinsAfterAFailedList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, names, all := selectNamespaces(t, watcher.Config{})
		all.event("ERROR", expiredStatus)
		f.next(t).want("stream " + anyPods + " resourceVersion=5").noStreams()
		q := f.next(t).want("list " + anyPods)
		names.event("ADDED", namespace("c", "6"))
		time.Sleep(3 * time.Second)
		f.expectNoRequest(t)
		q.fail(500, metav1.StatusReasonInternalError)
		f.next(t).want("list /api/v1/namespaces/c/pods").list("9", pod("c", "w", "9", 1))
		f.expect(t, podText(by1, ax1, `namespace="c",pod="w" 1`), nil)
		f.next(t).want("list "+anyPods).list("12", pod("c", "w", "9", 2), pod("a", "x", "1", 1))
		f.next(t).want("watch " + anyPods + " resourceVersion=12")
		f.expect(t, podText(ax1, `namespace="c",pod="w" 2`), nil)
	})
}

// TestNamespacePassesDuringAList has a namespace join and leave while all pods are listed: none of its
// pods is served.
func TestNamespacePassesDuringAList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, names, all := selectNamespaces(t, watcher.Config{})
		all.event("ERROR", expiredStatus)
		all = f.next(t).want("stream " + anyPods + " resourceVersion=5").watch()
		names.event("ADDED", namespace("c", "6"))
		time.Sleep(3 * time.Second)
		all.event("ADDED", served(pod("c", "w", "9", 1), "2")).event("ADDED", served(pod("a", "x", "1", 1), "1"))
		read()
		names.event("DELETED", namespace("c", "8"))
		time.Sleep(3 * time.Second)
		all.event("BOOKMARK", listEnds("9"))
		f.expect(t, podText(ax1), nil)
		f.expectNoRequest(t)
	})
}

var expiredStatus = metav1.Status{
	TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
	Status:   metav1.StatusFailure, Code: 410, Reason: metav1.StatusReasonExpired,
}

// TestNamespacesForbidden has the list of namespaces refused: at the start nothing is served, and later
// the last known namespaces stay.
func TestNamespacesForbidden(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{NamespaceSelector: "on"})
		f.next(t).want("stream "+selectedPath).fail(403, metav1.StatusReasonForbidden)
		f.expect(t, "", podsUnsynced)
		f.expectLog(t, failing("Forbidden"))
		time.Sleep(10 * time.Second)
		if s := f.w.Statuses()[0]; s.Resource != "namespace-selector" || s.State != "forbidden" {
			t.Errorf("%+v", s)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		f, names, all := selectNamespaces(t, watcher.Config{})
		names.event("ERROR", expiredStatus)
		f.next(t).want("stream "+selectedPath+" resourceVersion=3").fail(403, metav1.StatusReasonForbidden)
		all.event("MODIFIED", served(pod("a", "x", "1", 2), "7")).event("MODIFIED", served(pod("c", "w", "9", 2), "8"))
		f.expect(t, podText(by1, ax2), nil)
		f.expectLog(t, failing("Forbidden"))
		if s := f.w.Checks()[0]; s.Resource != "namespace-selector" || s.State != "forbidden" || !s.Complete {
			t.Errorf("%+v", s)
		}
	})
}

// TestOtherNamespaceSelector changes the selector: only namespaces that differ are listed, once those of
// the new selector are known. Without a selector all is listed again.
func TestOtherNamespaceSelector(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := watcher.Config{Resources: []generators.Resource{pods}}
		f, _, _ := selectNamespaces(t, config)
		config.Client, config.NamespaceSelector = newClient(t, f.config()), "other"
		if rebuilt := f.w.Change(config); rebuilt != nil {
			t.Errorf("rebuilt: %q", rebuilt)
		}
		names := f.next(t).want("stream /api/v1/namespaces labelSelector=other").watch()
		names.event("ADDED", namespace("a", "1")).event("ADDED", namespace("c", "2"))
		f.expect(t, podText(by1, ax1), nil)
		names.event("BOOKMARK", namespacesEnd("9"))
		f.next(t).want("list /api/v1/namespaces/c/pods").list("9", pod("c", "w", "9", 1))
		f.expect(t, podText(ax1, `namespace="c",pod="w" 1`), nil)
		if s := f.w.Statuses()[0]; s.Resource != "namespace-selector" || s.State != "synced" {
			t.Errorf("%+v", s)
		}
		config.NamespaceSelector = ""
		if d := cmp.Diff([]string{"pods"}, f.w.Change(config)); d != "" {
			t.Errorf("rebuilt (-want +got):\n%s", d)
		}
		f.next(t).want("stream "+anyPods).watch().event("ADDED", served(pod("b", "y", "2", 1), "2")).event("BOOKMARK", listEnds("9"))
		f.expect(t, podText(by1), nil)
		if n := len(f.w.Statuses()); n != 1 {
			t.Errorf("%d statuses", n)
		}
		// And with one again: what is served stays until the namespaces and their pods are known.
		config.NamespaceSelector = "on"
		f.w.Change(config)
		names = f.next(t).want("stream " + selectedPath).watch()
		f.expect(t, podText(by1), nil)
		f.expectNoRequest(t)
		names.event("ADDED", namespace("a", "1")).event("BOOKMARK", namespacesEnd("9"))
		f.next(t).want("stream "+anyPods).watch().event("ADDED", served(pod("a", "x", "1", 1), "1")).event("BOOKMARK", listEnds("9"))
		f.expect(t, podText(ax1), nil)
	})
}
