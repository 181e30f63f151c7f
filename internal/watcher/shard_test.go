package watcher_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/listwatch"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/watcher"
)

var half = sharding.Even(0, 2)

// uidIn returns the i-th uid in the ranges.
func uidIn(r sharding.Ranges, i int) string {
	for n := 0; ; n++ {
		uid := fmt.Sprint("uid-", n)
		if !r.Holds(sharding.Hash(uid)) {
			continue
		}
		if i--; i < 0 {
			return uid
		}
	}
}

// ours and theirs return pods in half and in the other half.
func ours(namespace, name string, i int, generation int64) *corev1.Pod {
	return pod(namespace, name, uidIn(half, i), generation)
}

func theirs(namespace, name string, i int) *corev1.Pod {
	return pod(namespace, name, uidIn(sharding.All().Minus(half), i), 1)
}

const (
	skipped  = `kubestate_shard_skipped_objects_total{resource="pods"} `
	filtered = `kubestate_shard_server_filtered{resource="pods"} `
)

// TestShardOfStream has API servers that filter by shard, and some that do not. Objects of other
// shards are skipped.
func TestShardOfStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{Shard: half})
		q := f.next(t).want("stream "+anyPods).wantQuery("shardSelector", half.Selector()).watch()
		for i := range 25 { // enough to infer that the API server filters
			q.event("ADDED", served(ours("n", fmt.Sprint(i), i, 1), fmt.Sprint(i+1)))
		}
		synctest.Wait()
		f.expectMetrics(t, watchOK+"1\n"+filtered+"1\n"+skipped+"0\n")
		for i := range 25 {
			q.event("DELETED", served(ours("n", fmt.Sprint(i), i, 1), fmt.Sprint(i+1)))
		}
		q.event("ADDED", served(ours("a", "x", 30, 1), "30")).event("ADDED", served(theirs("a", "y", 0), "31"))
		q.event("BOOKMARK", listEnds("40"))
		f.expect(t, podText(ax1), nil)
		f.expectMetrics(t, watchOK+"1\n"+filtered+"0\n"+skipped+"1\n")
		q.event("ADDED", served(ours("b", "y", 31, 1), "41")).event("ADDED", served(theirs("b", "z", 1), "42"))
		q.event("MODIFIED", served(theirs("b", "z", 1), "43")).event("DELETED", served(theirs("b", "z", 1), "44"))
		q.event("MODIFIED", served(ours("a", "x", 30, 2), "45"))
		f.expect(t, podText(by1, ax2), nil)
		f.expectMetrics(t, watchOK+"1\n"+filtered+"0\n"+skipped+"4\n")
		q.event("DELETED", served(ours("a", "x", 30, 2), "46"))
		f.expect(t, podText(by1), nil)

		for i, want := range []string{"0", "1"} { // other API servers of the same address
			q.end()
			version := fmt.Sprint(46 + 100*i)
			q = f.next(t).want("watch "+anyPods+" resourceVersion="+version).wantQuery("shardSelector", half.Selector()).watch()
			if want == "0" {
				q.event("ADDED", served(theirs("b", "z", 1), "47"))
			}
			for j := range 20 {
				q.event("MODIFIED", served(ours("b", "y", 31, 1), fmt.Sprint(127+100*i+j)))
			}
			synctest.Wait()
			f.expectMetrics(t, fmt.Sprint(watchOK, 2+i, "\n", filtered, want, "\n", skipped, "5\n"))
		}
		f.expectLog(t)
	})
}

// TestShardIsNotSilent has a watch with objects of other shards only: it is not silent. Such events
// in protobuf are skipped before they are decoded.
func TestShardIsNotSilent(t *testing.T) {
	for name, send := range map[string]func(*request, string, runtime.Object) *request{
		"JSON":     func(q *request, kind string, o runtime.Object) *request { return q.event(kind, o) },
		"protobuf": (*request).frame,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newHarness(t, watcher.Config{Shard: half})
				f.next(t).want("stream "+anyPods).watch().event("BOOKMARK", listEnds("5")).end()
				q := f.next(t).want("watch " + anyPods + " resourceVersion=5")
				if name == "JSON" {
					q.watch()
				} else {
					q.frames()
				}
				for i := range 10 {
					<-time.After(90 * time.Second)
					send(q, "ADDED", served(theirs("a", fmt.Sprint(i), i), fmt.Sprint(6+i)))
				}
				synctest.Wait()
				if old := time.Since(f.w.Statuses()[0].Contact); old > 2*time.Minute {
					t.Errorf("last contact %s ago", old)
				}
				takes(t, 2*time.Minute, func() { f.next(t).want("watch " + anyPods + " resourceVersion=5") })
				f.expectMetrics(t, watchOK+"2\n"+filtered+"0\n"+skipped+"10\n")
			})
		})
	}
}

// frames begins a watch response in protobuf.
func (q *request) frames() *request {
	return q.do(func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", runtime.ContentTypeProtobuf+";stream=watch")
		w.(http.Flusher).Flush()
	})
}

// frame sends an event in protobuf.
func (q *request) frame(kind string, o runtime.Object) *request {
	return q.do(func(w http.ResponseWriter) {
		_, _ = w.Write(frameOf(q.t, watch.EventType(kind), encoded(q.t, runtime.ContentTypeProtobuf, o)))
		w.(http.Flusher).Flush()
	})
}

// shardedPage responds with a page and its shard selector.
func (q *request) shardedPage(version, next, selector string, pods ...runtime.Object) {
	q.answer(http.StatusOK, map[string]any{
		"apiVersion": "v1", "kind": "PodList",
		"metadata": map[string]any{"resourceVersion": version, "continue": next, "shardInfo": map[string]any{"selector": selector}},
		"items":    pods,
	})
	q.end()
}

// TestShardOfPages has a page that is filtered by shard, and others that are not.
func TestShardOfPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{Shard: half})
		f.next(t).noStreams()
		f.next(t).want("list "+anyPods).wantQuery("shardSelector", half.Selector()).
			shardedPage("5", "one", half.Selector(), ours("b", "y", 0, 1))
		q := f.next(t).want("list "+anyPods).wantQuery("shardSelector", half.Selector()).wantQuery("continue", "one")
		f.expectMetrics(t, filtered+"1\n"+skipped+"0\n")
		q.page("5", "two", theirs("c", "x", 0), ours("a", "x", 1, 1), theirs("c", "y", 1))
		q = f.next(t).want("list "+anyPods).wantQuery("continue", "two")
		f.expectMetrics(t, filtered+"0\n"+skipped+"2\n")
		q.list("5", theirs("c", "z", 2))
		f.next(t).want("watch "+anyPods+" resourceVersion=5").wantQuery("shardSelector", half.Selector()).watch()
		f.expect(t, podText(by1, ax1), nil)
		f.expectMetrics(t, listOK+"1\n"+watchOK+"1\n"+filtered+"0\n"+skipped+"3\n")
	})
}

// TestShardAndLimit holds that objects of other shards do not count against the limit, and that
// pages do not shrink with them.
func TestShardAndLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{Shard: half, ObjectLimit: 3})
		f.next(t).want("list "+anyPods).wantQuery("limit", "3").page("5", "one", theirs("c", "x", 0), ours("b", "y", 0, 1), theirs("c", "y", 1))
		f.next(t).want("list "+anyPods).wantQuery("limit", "500").page("5", "two", ours("a", "x", 1, 1), theirs("c", "z", 2))
		f.next(t).want("list "+anyPods).wantQuery("limit", "500").page("5", "three", ours("b", "z", 2, 1), ours("b", "zz", 3, 1))
		q := f.next(t).want("watch " + anyPods + " resourceVersion=5").watch()
		f.expect(t, podText(by1, ax1, bz1), nil)
		f.expectLog(t, record{slog.LevelWarn, ""})
		q.event("ADDED", served(theirs("c", "zz", 3), "6")).event("DELETED", served(ours("b", "y", 0, 1), "7")).event("ADDED", served(ours("b", "y", 4, 1), "8"))
		f.expect(t, podText(by1, ax1, bz1), nil)
	})
}

// TestShardSelectorRefused has API servers that refuse the shard selector, or apply another. Requests
// go without it, and with it again after ten minutes.
func TestShardSelectorRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{Shard: half})
		refuse := func(q *request) {
			q.answer(http.StatusInternalServerError, metav1.Status{
				TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
				Status:   metav1.StatusFailure, Code: 500, Reason: metav1.StatusReasonInternalError, Message: "Internal error occurred: invalid shard selector: no",
			})
			q.end()
		}
		refuse(f.next(t).want("stream "+anyPods).wantQuery("shardSelector", half.Selector()))
		q := f.next(t).want("stream "+anyPods).wantQuery("shardSelector", "").watch()
		q.event("ADDED", served(theirs("c", "x", 0), "1")).event("ADDED", served(ours("a", "x", 0, 1), "1")).event("BOOKMARK", listEnds("5"))
		f.expect(t, podText(ax1), nil)
		f.expectLog(t, record{slog.LevelWarn, "InternalError"})
		q.expire()
		q = f.next(t).want("stream "+anyPods+" resourceVersion=5").wantQuery("shardSelector", "").watch().event("BOOKMARK", listEnds("6"))
		for i := range 11 {
			<-time.After(time.Minute)
			q.event("BOOKMARK", bookmark(fmt.Sprint(7+i)))
		}
		q.expire()
		f.next(t).want("stream "+anyPods+" resourceVersion=17").wantQuery("shardSelector", half.Selector()).noStreams()
		f.next(t).want("list "+anyPods).wantQuery("shardSelector", half.Selector()).shardedPage("20", "", sharding.Even(1, 2).Selector(), theirs("c", "x", 0))
		f.next(t).want("list "+anyPods).wantQuery("shardSelector", "").list("20", ours("a", "x", 0, 2), theirs("c", "x", 0))
		f.next(t).want("watch "+anyPods+" resourceVersion=20").wantQuery("shardSelector", "").watch()
		f.expect(t, podText(ax2), nil)
		f.expectLog(t, record{slog.LevelWarn, ""})
	})
}

// TestNoShard holds that an empty shard is complete without a request.
func TestNoShard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{Shard: sharding.None()})
		f.expect(t, "", nil)
		if s := f.w.Statuses()[0].State; s != listwatch.Synced {
			t.Errorf("the state is %s", s)
		}
		config := watcher.Config{Resources: []generators.Resource{pods}, Client: newClient(t, f.config()), Shard: half}
		f.w.Change(config)
		f.next(t).want("stream "+anyPods).watch().event("ADDED", served(ours("a", "x", 0, 1), "1")).event("BOOKMARK", listEnds("5"))
		f.expect(t, podText(ax1), nil)
		f.expectMetrics(t, watchOK+"1\n"+skipped+"0\n")
	})
}

// TestShardChanges changes the shard from one half to the other. The first is served until the other
// is complete.
func TestShardChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{Shard: half})
		f.next(t).want("stream "+anyPods).watch().event("ADDED", served(ours("a", "x", 0, 1), "1")).event("BOOKMARK", listEnds("5"))
		f.expect(t, podText(ax1), nil)
		other := sharding.Even(1, 2)
		change := watcher.Config{Resources: []generators.Resource{pods}, Client: newClient(t, f.config()), Shard: other}
		if d := cmp.Diff([]string{"pods"}, f.w.Change(change)); d != "" {
			t.Errorf("rebuilt (-want +got):\n%s", d)
		}
		q := f.next(t).want("stream "+anyPods).wantQuery("shardSelector", other.Selector()).watch()
		q.event("ADDED", served(theirs("b", "y", 0), "1")).event("ADDED", served(ours("a", "x", 0, 1), "2"))
		f.expect(t, podText(ax1), nil)
		q.event("BOOKMARK", listEnds("6"))
		f.expect(t, podText(by1), nil)
		change.Client = newClient(t, f.config())
		if rebuilt := f.w.Change(change); rebuilt != nil {
			t.Errorf("rebuilt for the same shard: %q", rebuilt)
		}
	})
}

// TestNode watches the pods of a node, and those without a node.
func TestNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{Node: "worker", Denied: []string{"b"}})
		f.next(t).want("stream "+anyPods+" fieldSelector=metadata.namespace!=b,spec.nodeName=worker").watch().event("BOOKMARK", listEnds("5"))
		f.w.Change(watcher.Config{Resources: []generators.Resource{pods}, Client: newClient(t, f.config()), Unscheduled: true})
		f.next(t).want("stream " + anyPods + " fieldSelector=spec.nodeName=").watch()
	})
}

// TestLoadSelected loads the objects that the configuration selects.
func TestLoadSelected(t *testing.T) {
	onNode, onNone := ours("a", "x", 0, 1), ours("b", "y", 1, 1)
	onNode.Spec.NodeName = "worker"
	objects := map[schema.GroupVersionKind][]runtime.Object{podKind: {onNode, onNone, theirs("b", "z", 0)}, nodeKind: {node("x", uidIn(half, 0), 1)}}
	f := func(config watcher.Config, want string) {
		t.Helper()
		config.Resources = []generators.Resource{pods}
		w := newWatcher(config, prometheus.NewRegistry(), aboutFamilies())
		if err := w.Load(objects); err != nil {
			t.Error(err)
		}
		expectText(t, w, want)
	}
	f(watcher.Config{}, podText(ax1, by1, bz1))
	f(watcher.Config{Shard: half}, podText(ax1, by1))
	f(watcher.Config{Shard: sharding.Even(1, 2)}, podText(bz1))
	f(watcher.Config{Node: "worker"}, podText(ax1))
	f(watcher.Config{Unscheduled: true}, podText(by1, bz1))
	f(watcher.Config{Unscheduled: true, Shard: half}, podText(by1))
}

// encoded returns an object as an API server sends it.
func encoded(t testing.TB, mediaType string, o runtime.Object) []byte {
	t.Helper()
	info, _ := runtime.SerializerInfoForMediaType(scheme.Codecs.SupportedMediaTypes(), mediaType)
	b, err := runtime.Encode(info.Serializer, o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
