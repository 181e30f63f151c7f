package watcher_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/listwatch"
	"github.com/kubestate/kubestate/internal/watcher"
)

const rebuildsTotal = "kubestate_resource_rebuilds_total"

// without is a selection that lacks families.
func without(names ...string) generators.Selection {
	var s generators.Selection
	for _, name := range names {
		s.Deny = append(s.Deny, pattern(name))
	}
	return s
}

// change changes the configuration, and checks what of it is made anew.
func (f *following) change(t *testing.T, config watcher.Config, anew ...string) {
	t.Helper()
	config.Client = newClient(t, f.config())
	if d := cmp.Diff(anew, f.w.Change(config)); d != "" {
		t.Errorf("made anew (-want +got):\n%s", d)
	}
}

// rebuilt checks how often resources were, as in "nodes 0, pods 1".
func (f *following) rebuilt(t *testing.T, want string) {
	t.Helper()
	synctest.Wait()
	families, err := f.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, family := range families {
		if family.GetName() != rebuildsTotal {
			continue
		}
		for _, m := range family.GetMetric() {
			got = append(got, m.GetLabel()[0].GetValue()+" "+strings.Repeat("I", int(m.GetCounter().GetValue())))
		}
	}
	if d := cmp.Diff(want, strings.Join(got, ", ")); d != "" {
		t.Errorf("rebuilt (-want +got):\n%s", d)
	}
}

// nextOf gives the next requests, of pods and of nodes, which come in any order.
func (f *following) nextOf(t *testing.T) (ofPods, ofNodes *request) {
	t.Helper()
	for range 2 {
		switch q := f.next(t); q.String() {
		case "stream " + anyPods:
			ofPods = q
		case "stream /api/v1/nodes":
			ofNodes = q
		default:
			t.Fatalf("unexpected: %s", q)
		}
	}
	return ofPods, ofNodes
}

// nodesEnd is the end of a streamed list of nodes.
func nodesEnd() map[string]any {
	end := listEnds("5")
	end["kind"] = "Node"
	return end
}

// over says whether the client has given the request up.
func (q *request) over() bool {
	synctest.Wait()
	return q.r.Context().Err() != nil
}

// onePod answers with one pod's complete list.
func (q *request) onePod(generation int64) {
	q.watch().event("ADDED", served(pod("a", "x", "1", generation), "5")).event("BOOKMARK", listEnds("5"))
}

// quiet checks that nobody asks the API server for anything.
func (f *following) quiet(t *testing.T) {
	t.Helper()
	synctest.Wait()
	select {
	case q := <-f.requests:
		t.Errorf("unexpected: %s", q)
	default:
	}
}

// TestChangeOne changes the families of pods while pods and nodes are watched.
// Readers have what there was until the new is complete; nodes are left alone.
func TestChangeOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		both := watcher.Config{Resources: []generators.Resource{nodes, pods}}
		f := follow(t, both)
		ofPods, ofNodes := f.nextOf(t)
		ofPods.onePod(1)
		ofNodes.watch().event("BOOKMARK", nodesEnd())
		f.holds(t, podText(ax1), nil)
		ofNodesStore := f.w.Resources()[0]

		both.Selection = without("pod_last")
		f.change(t, both, "pods")
		q := f.next(t).want("stream " + anyPods)
		f.quiet(t)
		ofPods.event("MODIFIED", served(pod("a", "x", "1", 2), "6"))
		f.holds(t, podText(ax2), nil)
		f.rebuilt(t, "nodes , pods ")
		q.onePod(2)
		f.holds(t, "pod_generation{"+strings.Replace(ax2, " ", "} ", 1)+"\n", nil)
		f.rebuilt(t, "nodes , pods I")
		if !ofPods.over() || ofNodes.over() || f.w.Resources()[0] != ofNodesStore {
			t.Errorf("the old watch of pods ended: %t, that of nodes: %t", ofPods.over(), ofNodes.over())
		}

		f.change(t, both) // to what it is
		f.quiet(t)
		f.rebuilt(t, "nodes , pods I")
		f.logged(t)
	})
}

// TestChangeSuperseded changes the configuration before the last change is done,
// and takes changes back. In the end the program stops in the middle of one.
func TestChangeSuperseded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := watcher.Config{Resources: []generators.Resource{pods}}
		asServed := config
		f := follow(t, config)
		first := f.next(t)
		first.onePod(1)
		f.holds(t, podText(ax1), nil)

		config.Selection = without("pod_last")
		f.change(t, config, "pods")
		second := f.next(t)
		begun := config
		config.Selection = without("pod_generation")
		f.change(t, config, "pods")
		f.change(t, begun) // that is under way still
		f.change(t, config, "pods")
		f.change(t, config)
		f.quiet(t)
		f.change(t, asServed)
		f.quiet(t)
		if first.over() || !second.over() {
			t.Errorf("what is served ended: %t; what was taken back: %t", first.over(), second.over())
		}
		f.change(t, config, "pods")
		third := f.next(t)
		f.change(t, asServed)
		f.quiet(t)
		f.change(t, config, "pods")
		fourth := f.next(t)
		if !third.over() {
			t.Error("what was taken back goes on")
		}
		f.holds(t, podText(ax1), nil)
		f.rebuilt(t, "pods ")
		f.end()
		<-f.ended
		if !first.over() || !fourth.over() {
			t.Errorf("after the end, watches ended: %t, %t", first.over(), fourth.over())
		}
		f.rebuilt(t, "pods ")
		f.logged(t)
	})
}

// refusalCounts is how long a refusal must last for it to count.
const refusalCounts = 5 * time.Second

// TestChangeRefused changes to a namespace that may not be read: content that was complete
// stays until the next is.
func TestChangeRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := watcher.Config{Resources: []generators.Resource{pods}}
		f := follow(t, config)
		first := f.next(t)
		first.onePod(1)
		f.holds(t, podText(ax1), nil)

		config.Namespaces = []string{"b"}
		f.change(t, config, "pods")
		f.next(t).want("stream /api/v1/namespaces/b/pods").fail(500, metav1.StatusReasonInternalError)
		f.next(t).want("list /api/v1/namespaces/b/pods").fail(500, metav1.StatusReasonInternalError)
		<-time.After(time.Minute)
		f.holds(t, podText(ax1), nil) // that may pass
		f.next(t).fail(403, metav1.StatusReasonForbidden)
		<-time.After(refusalCounts - time.Second)
		f.holds(t, podText(ax1), nil)
		<-time.After(2 * time.Second)
		f.holds(t, podText(ax1), nil)
		if first.over() {
			t.Error("the old watch has ended")
		}
		q := f.next(t).want("stream /api/v1/namespaces/b/pods").watch()
		q.event("ADDED", served(pod("b", "y", "2", 1), "2")).event("BOOKMARK", listEnds("5"))
		<-time.After(time.Second) // targets are looked at once a second
		f.holds(t, podText(by1), nil)
		if !first.over() {
			t.Error("the old watch goes on")
		}
		f.rebuilt(t, "pods I")
	})
}

// states gives the states of resources.
func (f *following) states() map[string]watcher.State {
	synctest.Wait()
	all := map[string]watcher.State{}
	for _, s := range f.w.Statuses() {
		all[s.Resource] = s.State
	}
	return all
}

// TestStateOfNewResource adds a resource whose lists fail: its state is shown, though it is not served.
func TestStateOfNewResource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{})
		f.next(t).onePod(1)
		f.holds(t, podText(ax1), nil)
		f.change(t, watcher.Config{Resources: []generators.Resource{nodes, pods}}, "nodes")
		wants := func(want watcher.State) {
			t.Helper()
			if d := cmp.Diff(map[string]watcher.State{"pods": listwatch.Synced, "nodes": want}, f.states()); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		}
		q := f.next(t)
		wants(listwatch.Syncing)
		q.fail(500, metav1.StatusReasonInternalError)
		f.next(t).fail(500, metav1.StatusReasonInternalError)
		q = f.next(t)
		wants(listwatch.Failing)
		q.watch().event("BOOKMARK", nodesEnd())
		wants(listwatch.Synced)
	})
}

// TestBadFieldSelector has an API server that does not know a field of the selector: that is not
// waited for, as another bad request is.
func TestBadFieldSelector(t *testing.T) {
	for _, denied := range [][]string{{"b"}, nil} {
		synctest.Test(t, func(t *testing.T) {
			f := follow(t, watcher.Config{Denied: denied})
			f.next(t).fail(400, metav1.StatusReasonBadRequest)
			f.next(t).fail(400, metav1.StatusReasonBadRequest)
			if d := cmp.Diff(map[string]watcher.State{"pods": listwatch.Failing}, f.states()); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if waits := len(f.w.Unsynced()) > 0; waits != (denied == nil) {
				t.Errorf("denied %q: waits %t", denied, waits)
			}
		})
	}
}

// TestChangeOfResources adds a resource and takes one away.
func TestChangeOfResources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{})
		ofPods := f.next(t)
		ofPods.onePod(1)
		f.holds(t, podText(ax1), nil)
		names := func(want ...string) {
			t.Helper()
			synctest.Wait()
			var got []string
			for _, r := range f.w.Resources() {
				got = append(got, r.Name())
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("resources (-want +got):\n%s", d)
			}
		}
		f.change(t, watcher.Config{Resources: []generators.Resource{nodes, pods}}, "nodes")
		ofNodes := f.next(t).watch()
		names("pods") // that is ready
		f.holds(t, podText(ax1), nil)
		ofNodes.event("BOOKMARK", nodesEnd())
		names("nodes", "pods")
		f.change(t, watcher.Config{Resources: []generators.Resource{nodes}})
		names("nodes")
		if !ofPods.over() || ofNodes.over() {
			t.Errorf("the watch of pods ended: %t, that of nodes: %t", ofPods.over(), ofNodes.over())
		}
		f.rebuilt(t, "nodes , pods ")
	})
}

// TestChangeAtTheStart changes a configuration of which nothing is complete: what
// is wanted now is what readiness waits for.
func TestChangeAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{})
		f.next(t).watch()
		f.holds(t, "", podsUnsynced)
		f.change(t, watcher.Config{Resources: []generators.Resource{nodes}}, "nodes")
		q := f.next(t).watch()
		f.holds(t, "", []string{"nodes"})
		config := watcher.Config{Resources: []generators.Resource{nodes}, ObjectLimit: 7}
		f.change(t, config, "nodes")
		f.quiet(t)
		q.event("BOOKMARK", nodesEnd())
		f.holds(t, "", nil)
		f.next(t).want("list /api/v1/nodes")
	})
}

// TestChangeOfWhatDoesNotStart changes a configuration by which nothing comes: that
// gives way, after a minute, to what is not there yet either.
func TestChangeOfWhatDoesNotStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := func(n int64) watcher.Config {
			return watcher.Config{Resources: []generators.Resource{nodes}, ObjectLimit: n}
		}
		f := follow(t, limit(7))
		q := f.next(t).want("list /api/v1/nodes")
		before := f.w.Resources()[0]
		f.change(t, limit(8), "nodes")
		<-time.After(longestBuild - time.Second)
		f.quiet(t)
		f.holds(t, "", []string{"nodes"})
		<-time.After(2 * time.Second)
		next := f.next(t).want("list /api/v1/nodes")
		f.holds(t, "", []string{"nodes"})
		if got := next.r.URL.Query().Get("limit"); !q.over() || got != "8" || f.w.Resources()[0] == before {
			t.Errorf("what never was complete is over: %t; the next is of %s", q.over(), got)
		}
	})
}

// TestChangeOfWhatIsLoaded changes a configuration without an API server.
func TestChangeOfWhatIsLoaded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &following{registry: prometheus.NewRegistry(), log: aboutFamilies()}
		config := watcher.Config{Resources: []generators.Resource{pods}}
		f.run(t, config)
		load := func(generation int64) {
			t.Helper()
			objects := map[schema.GroupVersionKind][]runtime.Object{podKind: {pod("a", "x", "1", generation)}}
			if err := f.w.Load(objects); err != nil {
				t.Error(err)
			}
		}
		load(1)
		f.holds(t, podText(ax1), nil)
		config.Selection = without("pod_last")
		f.w.Change(config)
		f.holds(t, podText(ax1), nil)
		load(2)
		f.holds(t, "pod_generation{"+strings.Replace(ax2, " ", "} ", 1)+"\n", nil)
		load(1) // into what is as it was
		f.holds(t, "pod_generation{"+strings.Replace(ax1, " ", "} ", 1)+"\n", nil)
	})
}
