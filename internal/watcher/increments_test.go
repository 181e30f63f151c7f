package watcher_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/watcher"
)

// newDivided runs a watcher that divides its increments with other shards.
func newDivided(t *testing.T, config watcher.Config) (*harness, *watcher.Increments) {
	t.Helper()
	f := &harness{api: newAPI(t), registry: prometheus.NewRegistry(), log: &log{about: aboutReason}}
	config.Client = newClient(t, f.config())
	f.w = newWatcher(config, f.registry, f.log)
	increments := f.w.Increments()
	f.ended, f.end = run(t, f.w)
	return f, increments
}

// TestIncrements has a new shard, whose objects change before all of its resources are complete.
// Increments are journaled from the first list on, and count as the shard decides.
func TestIncrements(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := counting(countedNodes)
		config.Resources, config.Shard = append(config.Resources, pods), sharding.None()
		f, increments := newDivided(t, config)
		machine := func(version string, ready corev1.ConditionStatus) *corev1.Node {
			return &corev1.Node{
				TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Node"},
				ObjectMeta: metav1.ObjectMeta{Name: "m", UID: types.UID(uidIn(half, 0)), ResourceVersion: version},
				Status:     corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: "Ready", Status: ready}}},
			}
		}
		counted := func(isTrue, isUnknown int) {
			t.Helper()
			const changes = `kubestate_node_condition_changes_total{node="m",condition="Ready",status=`
			f.expect(t, fmt.Sprint(changes, "\"false\"} 0\n", changes, "\"true\"} ", isTrue, "\n", changes, "\"unknown\"} ", isUnknown, "\n"), nil)
		}
		nodes := func(version string) sharding.Positions { return sharding.Positions{"nodes": version} }
		at := func(version string) (lists int64) {
			t.Helper()
			read()
			low, high, lists := increments.Positions()
			if d := cmp.Diff([]sharding.Positions{nodes(version), nodes(version)}, []sharding.Positions{low, high}); d != "" {
				t.Errorf("positions (-want +got):\n%s", d)
			}
			return lists
		}
		if !increments.Any() {
			t.Error("nothing is counted")
		}
		f.w.Reshard(half)
		podList, q := f.nextOf(t)
		q.watch().event("ADDED", machine("4", "True")).event("BOOKMARK", nodesEnd())
		q.event("MODIFIED", machine("6", "Unknown")).event("MODIFIED", machine("7", "True"))
		read()
		podList.watch().event("BOOKMARK", listEnds("5"))
		counted(0, 0)
		lists := at("7")

		increments.Resume(sharding.Cut{Ranges: half, At: nodes("6")})
		counted(1, 0)
		q.event("MODIFIED", machine("8", "Unknown"))
		counted(1, 1)
		increments.Hold(half)
		q.event("MODIFIED", machine("9", "True"))
		counted(1, 1)
		if at("9") != lists {
			t.Error("lists without a list")
		}
		increments.Settle(sharding.Cut{Ranges: half, At: nodes("9")})
		counted(2, 1)

		// A list may have merged what is later than 9: all of it counts, or nothing.
		q.expire()
		end := listEnds("12")
		end["kind"] = "Node"
		relist := f.next(t).want("stream /api/v1/nodes resourceVersion=9")
		relist.watch().event("ADDED", machine("11", "Unknown")).event("BOOKMARK", end)
		counted(2, 1)
		if at("12") == lists {
			t.Error("a list is not noticed")
		}
		increments.Resume(sharding.Cut{Ranges: half, At: nodes("9")})
		counted(2, 2)
		increments.Hold(half)
		relist.event("MODIFIED", machine("13", "True"))
		at("13")
		increments.Discard(half)
		increments.Resume(sharding.Cut{Ranges: half})
		counted(2, 2)
	})
}
