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

// without is a selection without some families.
func without(names ...string) generators.Selection {
	var s generators.Selection
	for _, name := range names {
		s.Deny = append(s.Deny, pattern(name))
	}
	return s
}

// change changes the configuration, and checks the keys of rebuilt resources.
func (f *harness) change(t *testing.T, config watcher.Config, rebuilt ...string) {
	t.Helper()
	config.Client = newClient(t, f.config())
	if d := cmp.Diff(rebuilt, f.w.Change(config)); d != "" {
		t.Errorf("rebuilt (-want +got):\n%s", d)
	}
}

// expectRebuilds checks the counters of rebuilds, in unary: "nodes , pods I".
func (f *harness) expectRebuilds(t *testing.T, want string) {
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

// nextOf waits for requests of pods and of nodes, in any order.
func (f *harness) nextOf(t *testing.T) (podsRequest, nodesRequest *request) {
	t.Helper()
	for range 2 {
		switch q := f.next(t); q.String() {
		case "stream " + anyPods:
			podsRequest = q
		case "stream /api/v1/nodes":
			nodesRequest = q
		default:
			t.Fatalf("unexpected: %s", q)
		}
	}
	return podsRequest, nodesRequest
}

// nodesEnd is the bookmark that ends a streamed list of nodes.
func nodesEnd() map[string]any {
	end := listEnds("5")
	end["kind"] = "Node"
	return end
}

// canceled reports whether the client has canceled the request.
func (q *request) canceled() bool {
	synctest.Wait()
	return q.r.Context().Err() != nil
}

// onePod responds with a streamed list of one pod.
func (q *request) onePod(generation int64) {
	q.watch().event("ADDED", served(pod("a", "x", "1", generation), "5")).event("BOOKMARK", listEnds("5"))
}

// expectNoRequest checks that no request is waiting.
func (f *harness) expectNoRequest(t *testing.T) {
	t.Helper()
	synctest.Wait()
	select {
	case q := <-f.requests:
		t.Errorf("unexpected: %s", q)
	default:
	}
}

// TestChangeOne changes the families of pods. The old pods are served until the new ones are
// complete; nodes are not rebuilt.
func TestChangeOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		both := watcher.Config{Resources: []generators.Resource{nodes, pods}}
		f := newHarness(t, both)
		podsRequest, nodesRequest := f.nextOf(t)
		podsRequest.onePod(1)
		nodesRequest.watch().event("BOOKMARK", nodesEnd())
		f.expect(t, podText(ax1), nil)
		nodesResource := f.w.Resources()[0]

		both.Selection = without("pod_last")
		f.change(t, both, "pods")
		q := f.next(t).want("stream " + anyPods)
		f.expectNoRequest(t)
		podsRequest.event("MODIFIED", served(pod("a", "x", "1", 2), "6"))
		f.expect(t, podText(ax2), nil)
		f.expectRebuilds(t, "nodes , pods ")
		q.onePod(2)
		f.expect(t, "pod_generation{"+strings.Replace(ax2, " ", "} ", 1)+"\n", nil)
		f.expectRebuilds(t, "nodes , pods I")
		if !podsRequest.canceled() || nodesRequest.canceled() || f.w.Resources()[0] != nodesResource {
			t.Errorf("the old watch of pods ended: %t, that of nodes: %t", podsRequest.canceled(), nodesRequest.canceled())
		}

		f.change(t, both) // without effect
		f.expectNoRequest(t)
		f.expectRebuilds(t, "nodes , pods I")
		f.expectLog(t)
	})
}

// TestChangeSuperseded supersedes and reverts changes that are under way, and ends during one.
func TestChangeSuperseded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := watcher.Config{Resources: []generators.Resource{pods}}
		asServed := config
		f := newHarness(t, config)
		first := f.next(t)
		first.onePod(1)
		f.expect(t, podText(ax1), nil)

		config.Selection = without("pod_last")
		f.change(t, config, "pods")
		second := f.next(t)
		begun := config
		config.Selection = without("pod_generation")
		f.change(t, config, "pods")
		f.change(t, begun) // still under way
		f.change(t, config, "pods")
		f.change(t, config)
		f.expectNoRequest(t)
		f.change(t, asServed)
		f.expectNoRequest(t)
		if first.canceled() || !second.canceled() {
			t.Errorf("canceled: the served watch %t, the reverted one %t", first.canceled(), second.canceled())
		}
		f.change(t, config, "pods")
		third := f.next(t)
		f.change(t, asServed)
		f.expectNoRequest(t)
		f.change(t, config, "pods")
		fourth := f.next(t)
		if !third.canceled() {
			t.Error("the reverted watch is not canceled")
		}
		f.expect(t, podText(ax1), nil)
		f.expectRebuilds(t, "pods ")
		f.end()
		<-f.ended
		if !first.canceled() || !fourth.canceled() {
			t.Errorf("after the end, canceled: %t, %t", first.canceled(), fourth.canceled())
		}
		f.expectRebuilds(t, "pods ")
		f.expectLog(t)
	})
}

// refusalTime is the time until 403 counts.
const refusalTime = 5 * time.Second

// TestChangeRefused changes to a forbidden namespace: the old content is served until the new one
// is complete.
func TestChangeRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := watcher.Config{Resources: []generators.Resource{pods}}
		f := newHarness(t, config)
		first := f.next(t)
		first.onePod(1)
		f.expect(t, podText(ax1), nil)

		config.Namespaces = []string{"b"}
		f.change(t, config, "pods")
		f.next(t).want("stream /api/v1/namespaces/b/pods").fail(500, metav1.StatusReasonInternalError)
		f.next(t).want("list /api/v1/namespaces/b/pods").fail(500, metav1.StatusReasonInternalError)
		<-time.After(time.Minute)
		f.expect(t, podText(ax1), nil)
		f.next(t).fail(403, metav1.StatusReasonForbidden)
		<-time.After(refusalTime - time.Second)
		f.expect(t, podText(ax1), nil)
		<-time.After(2 * time.Second)
		f.expect(t, podText(ax1), nil)
		if first.canceled() {
			t.Error("the old watch is canceled")
		}
		q := f.next(t).want("stream /api/v1/namespaces/b/pods").watch()
		q.event("ADDED", served(pod("b", "y", "2", 1), "2")).event("BOOKMARK", listEnds("5"))
		<-time.After(time.Second) // until the next reconciliation
		f.expect(t, podText(by1), nil)
		if !first.canceled() {
			t.Error("the old watch is not canceled")
		}
		f.expectRebuilds(t, "pods I")
	})
}

// states returns the states by resource.
func (f *harness) states() map[string]watcher.State {
	synctest.Wait()
	all := map[string]watcher.State{}
	for _, s := range f.w.Statuses() {
		all[s.Resource] = s.State
	}
	return all
}

// TestStateOfNewResource adds a resource whose lists fail: its state is exported before it is served.
func TestStateOfNewResource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{})
		f.next(t).onePod(1)
		f.expect(t, podText(ax1), nil)
		f.change(t, watcher.Config{Resources: []generators.Resource{nodes, pods}}, "nodes")
		expectNodes := func(want watcher.State) {
			t.Helper()
			if d := cmp.Diff(map[string]watcher.State{"pods": listwatch.Synced, "nodes": want}, f.states()); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		}
		q := f.next(t)
		expectNodes(listwatch.Syncing)
		q.fail(500, metav1.StatusReasonInternalError)
		f.next(t).fail(500, metav1.StatusReasonInternalError)
		q = f.next(t)
		expectNodes(listwatch.Failing)
		q.watch().event("BOOKMARK", nodesEnd())
		expectNodes(listwatch.Synced)
	})
}

// TestBadFieldSelector has an API server refuse the field selector: readiness does not await the
// resource, as it does after other bad requests.
func TestBadFieldSelector(t *testing.T) {
	for _, denied := range [][]string{{"b"}, nil} {
		synctest.Test(t, func(t *testing.T) {
			f := newHarness(t, watcher.Config{Denied: denied})
			f.next(t).fail(400, metav1.StatusReasonBadRequest)
			f.next(t).fail(400, metav1.StatusReasonBadRequest)
			if d := cmp.Diff(map[string]watcher.State{"pods": listwatch.Failing}, f.states()); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if awaited := len(f.w.Unsynced()) > 0; awaited != (denied == nil) {
				t.Errorf("denied %q: awaited %t", denied, awaited)
			}
		})
	}
}

// TestChangeOfResources adds a resource and removes one.
func TestChangeOfResources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{})
		podsRequest := f.next(t)
		podsRequest.onePod(1)
		f.expect(t, podText(ax1), nil)
		expectNames := func(want ...string) {
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
		nodesRequest := f.next(t).watch()
		expectNames("pods")
		f.expect(t, podText(ax1), nil)
		nodesRequest.event("BOOKMARK", nodesEnd())
		expectNames("nodes", "pods")
		f.change(t, watcher.Config{Resources: []generators.Resource{nodes}})
		expectNames("nodes")
		if !podsRequest.canceled() || nodesRequest.canceled() {
			t.Errorf("the watch of pods ended: %t, that of nodes: %t", podsRequest.canceled(), nodesRequest.canceled())
		}
		f.expectRebuilds(t, "nodes , pods ")
	})
}

// TestChangeAtTheStart changes a configuration before any list is complete: readiness awaits the new
// resources.
func TestChangeAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{})
		f.next(t).watch()
		f.expect(t, "", podsUnsynced)
		f.change(t, watcher.Config{Resources: []generators.Resource{nodes}}, "nodes")
		q := f.next(t).watch()
		f.expect(t, "", []string{"nodes"})
		config := watcher.Config{Resources: []generators.Resource{nodes}, ObjectLimit: 7}
		f.change(t, config, "nodes")
		f.expectNoRequest(t)
		q.event("BOOKMARK", nodesEnd())
		f.expect(t, "", nil)
		f.next(t).want("list /api/v1/nodes")
	})
}

// TestChangeWithoutResponse changes a configuration whose list has no response: the next one is
// served after buildTimeout, incomplete too.
func TestChangeWithoutResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := func(n int64) watcher.Config {
			return watcher.Config{Resources: []generators.Resource{nodes}, ObjectLimit: n}
		}
		f := newHarness(t, limit(7))
		q := f.next(t).want("list /api/v1/nodes")
		before := f.w.Resources()[0]
		f.change(t, limit(8), "nodes")
		<-time.After(buildTimeout - time.Second)
		f.expectNoRequest(t)
		f.expect(t, "", []string{"nodes"})
		<-time.After(2 * time.Second)
		next := f.next(t).want("list /api/v1/nodes")
		f.expect(t, "", []string{"nodes"})
		if got := next.r.URL.Query().Get("limit"); !q.canceled() || got != "8" || f.w.Resources()[0] == before {
			t.Errorf("the first list is canceled: %t; the next has limit %s", q.canceled(), got)
		}
	})
}

// TestChangeLoaded changes a configuration without an API server.
func TestChangeLoaded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &harness{registry: prometheus.NewRegistry(), log: aboutFamilies()}
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
		f.expect(t, podText(ax1), nil)
		config.Selection = without("pod_last")
		f.w.Change(config)
		f.expect(t, podText(ax1), nil)
		load(2)
		f.expect(t, "pod_generation{"+strings.Replace(ax2, " ", "} ", 1)+"\n", nil)
		load(1) // without a change
		f.expect(t, "pod_generation{"+strings.Replace(ax1, " ", "} ", 1)+"\n", nil)
	})
}
