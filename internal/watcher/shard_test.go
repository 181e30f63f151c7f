package watcher_test

import (
	"bytes"
	"encoding/binary"
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
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/listwatch"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/watcher"
)

var half = sharding.Even(0, 2)

// uidIn is the i-th of some uids that the ranges hold.
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

// ours and theirs are pods in half and in the other half.
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

// TestShardOfStream has API servers that send what they are asked for, and all
// there is. Only the shard's objects come through.
func TestShardOfStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{Shard: half})
		q := f.next(t).want("stream "+anyPods).asks("shardSelector", half.Selector()).watch()
		for i := range 25 { // chosen by the API server, it seems
			q.event("ADDED", served(ours("n", fmt.Sprint(i), i, 1), fmt.Sprint(i+1)))
		}
		synctest.Wait()
		f.counted(t, watchOK+"1\n"+filtered+"1\n"+skipped+"0\n")
		for i := range 25 {
			q.event("DELETED", served(ours("n", fmt.Sprint(i), i, 1), fmt.Sprint(i+1)))
		}
		q.event("ADDED", served(ours("a", "x", 30, 1), "30")).event("ADDED", served(theirs("a", "y", 0), "31"))
		q.event("BOOKMARK", listEnds("40"))
		f.holds(t, podText(ax1), nil)
		f.counted(t, watchOK+"1\n"+filtered+"0\n"+skipped+"1\n")
		q.event("ADDED", served(ours("b", "y", 31, 1), "41")).event("ADDED", served(theirs("b", "z", 1), "42"))
		q.event("MODIFIED", served(theirs("b", "z", 1), "43")).event("DELETED", served(theirs("b", "z", 1), "44"))
		q.event("MODIFIED", served(ours("a", "x", 30, 2), "45"))
		f.holds(t, podText(by1, ax2), nil)
		f.counted(t, watchOK+"1\n"+filtered+"0\n"+skipped+"4\n")
		q.event("DELETED", served(ours("a", "x", 30, 2), "46"))
		f.holds(t, podText(by1), nil)

		for i, want := range []string{"0", "1"} { // API servers of the same address go on
			q.end()
			version := fmt.Sprint(46 + 100*i)
			q = f.next(t).want("watch "+anyPods+" resourceVersion="+version).asks("shardSelector", half.Selector()).watch()
			if want == "0" {
				q.event("ADDED", served(theirs("b", "z", 1), "47"))
			}
			for j := range 20 {
				q.event("MODIFIED", served(ours("b", "y", 31, 1), fmt.Sprint(127+100*i+j)))
			}
			synctest.Wait()
			f.counted(t, fmt.Sprint(watchOK, 2+i, "\n", filtered, want, "\n", skipped, "5\n"))
		}
		f.logged(t)
	})
}

// TestShardIsNotSilent has a watch on which for a long time only objects of other
// shards come: it is alive. Events in protobuf are left out before there is one.
func TestShardIsNotSilent(t *testing.T) {
	for name, send := range map[string]func(*request, string, runtime.Object) *request{
		"JSON":     func(q *request, kind string, o runtime.Object) *request { return q.event(kind, o) },
		"protobuf": (*request).frame,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := follow(t, watcher.Config{Shard: half})
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
					t.Errorf("last heard of %s ago", old)
				}
				waits(t, 2*time.Minute, func() { f.next(t).want("watch " + anyPods + " resourceVersion=5") })
				f.counted(t, watchOK+"2\n"+filtered+"0\n"+skipped+"10\n")
			})
		})
	}
}

// frames begins to answer with events in protobuf.
func (q *request) frames() *request {
	return q.do(func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", runtime.ContentTypeProtobuf+";stream=watch")
		w.(http.Flusher).Flush()
	})
}

// frame sends an event in protobuf.
func (q *request) frame(kind string, o runtime.Object) *request {
	return q.do(func(w http.ResponseWriter) {
		var event bytes.Buffer
		info, _ := runtime.SerializerInfoForMediaType(scheme.Codecs.SupportedMediaTypes(), runtime.ContentTypeProtobuf)
		raw := runtime.RawExtension{Raw: encoded(q.t, runtime.ContentTypeProtobuf, o)}
		if err := info.StreamSerializer.Encode(&metav1.WatchEvent{Type: kind, Object: raw}, &event); err != nil {
			q.t.Error(err)
		}
		_, _ = w.Write(binary.BigEndian.AppendUint32(nil, uint32(event.Len())))
		_, _ = w.Write(event.Bytes())
		w.(http.Flusher).Flush()
	})
}

// shardedPage answers with a page that says what shard it is of.
func (q *request) shardedPage(version, next, selector string, pods ...runtime.Object) {
	q.answer(http.StatusOK, map[string]any{
		"apiVersion": "v1", "kind": "PodList",
		"metadata": map[string]any{"resourceVersion": version, "continue": next, "shardInfo": map[string]any{"selector": selector}},
		"items":    pods,
	})
	q.end()
}

// TestShardOfPages lists from API servers of which one chooses and one does not.
func TestShardOfPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{Shard: half})
		f.next(t).noStreams()
		f.next(t).want("list "+anyPods).asks("shardSelector", half.Selector()).
			shardedPage("5", "one", half.Selector(), ours("b", "y", 0, 1))
		q := f.next(t).want("list "+anyPods).asks("shardSelector", half.Selector()).asks("continue", "one")
		f.counted(t, filtered+"1\n"+skipped+"0\n")
		q.page("5", "two", theirs("c", "x", 0), ours("a", "x", 1, 1), theirs("c", "y", 1))
		q = f.next(t).want("list "+anyPods).asks("continue", "two")
		f.counted(t, filtered+"0\n"+skipped+"2\n")
		q.list("5", theirs("c", "z", 2))
		f.next(t).want("watch "+anyPods+" resourceVersion=5").asks("shardSelector", half.Selector()).watch()
		f.holds(t, podText(by1, ax1), nil)
		f.counted(t, listOK+"1\n"+watchOK+"1\n"+filtered+"0\n"+skipped+"3\n")
	})
}

// TestShardAndLimit has as many objects as there may be, not counting those of
// others; and does not ask for ever fewer of which most are of others.
func TestShardAndLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{Shard: half, ObjectLimit: 3})
		f.next(t).want("list "+anyPods).asks("limit", "3").page("5", "one", theirs("c", "x", 0), ours("b", "y", 0, 1), theirs("c", "y", 1))
		f.next(t).want("list "+anyPods).asks("limit", "500").page("5", "two", ours("a", "x", 1, 1), theirs("c", "z", 2))
		f.next(t).want("list "+anyPods).asks("limit", "500").page("5", "three", ours("b", "z", 2, 1), ours("b", "zz", 3, 1))
		q := f.next(t).want("watch " + anyPods + " resourceVersion=5").watch()
		f.holds(t, podText(by1, ax1, bz1), nil)
		f.logged(t, record{slog.LevelWarn, ""})
		q.event("ADDED", served(theirs("c", "zz", 3), "6")).event("DELETED", served(ours("b", "y", 0, 1), "7")).event("ADDED", served(ours("b", "y", 4, 1), "8"))
		f.holds(t, podText(by1, ax1, bz1), nil)
	})
}

// TestShardIsNotUnderstood has API servers that refuse the selector, or answer for
// another. They are asked for everything, and after a while again for the shard.
func TestShardIsNotUnderstood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{Shard: half})
		refuse := func(q *request) {
			q.answer(http.StatusInternalServerError, metav1.Status{
				TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
				Status:   metav1.StatusFailure, Code: 500, Reason: metav1.StatusReasonInternalError, Message: "Internal error occurred: invalid shard selector: no",
			})
			q.end()
		}
		refuse(f.next(t).want("stream "+anyPods).asks("shardSelector", half.Selector()))
		q := f.next(t).want("stream "+anyPods).asks("shardSelector", "").watch()
		q.event("ADDED", served(theirs("c", "x", 0), "1")).event("ADDED", served(ours("a", "x", 0, 1), "1")).event("BOOKMARK", listEnds("5"))
		f.holds(t, podText(ax1), nil)
		f.logged(t, record{slog.LevelWarn, "InternalError"})
		q.expire()
		q = f.next(t).want("stream "+anyPods+" resourceVersion=5").asks("shardSelector", "").watch().event("BOOKMARK", listEnds("6"))
		for i := range 11 {
			<-time.After(time.Minute)
			q.event("BOOKMARK", bookmark(fmt.Sprint(7+i)))
		}
		q.expire()
		f.next(t).want("stream "+anyPods+" resourceVersion=17").asks("shardSelector", half.Selector()).noStreams()
		f.next(t).want("list "+anyPods).asks("shardSelector", half.Selector()).shardedPage("20", "", sharding.Even(1, 2).Selector(), theirs("c", "x", 0))
		f.next(t).want("list "+anyPods).asks("shardSelector", "").list("20", ours("a", "x", 0, 2), theirs("c", "x", 0))
		f.next(t).want("watch "+anyPods+" resourceVersion=20").asks("shardSelector", "").watch()
		f.holds(t, podText(ax2), nil)
		f.logged(t, record{slog.LevelWarn, ""})
	})
}

// TestNoShard asks for nothing, and is complete.
func TestNoShard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{Shard: sharding.None()})
		f.holds(t, "", nil)
		if s := f.w.Statuses()[0].State; s != listwatch.Synced {
			t.Errorf("the state is %s", s)
		}
		config := watcher.Config{Resources: []generators.Resource{pods}, Client: newClient(t, f.config()), Shard: half}
		f.w.Change(config)
		f.next(t).want("stream "+anyPods).watch().event("ADDED", served(ours("a", "x", 0, 1), "1")).event("BOOKMARK", listEnds("5"))
		f.holds(t, podText(ax1), nil)
		f.counted(t, watchOK+"1\n"+skipped+"0\n")
	})
}

// TestShardChanges goes from one half to the other, and serves the first until it
// has that.
func TestShardChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{Shard: half})
		f.next(t).want("stream "+anyPods).watch().event("ADDED", served(ours("a", "x", 0, 1), "1")).event("BOOKMARK", listEnds("5"))
		f.holds(t, podText(ax1), nil)
		other := sharding.Even(1, 2)
		change := watcher.Config{Resources: []generators.Resource{pods}, Client: newClient(t, f.config()), Shard: other}
		if d := cmp.Diff([]string{"pods"}, f.w.Change(change)); d != "" {
			t.Errorf("made anew (-want +got):\n%s", d)
		}
		q := f.next(t).want("stream "+anyPods).asks("shardSelector", other.Selector()).watch()
		q.event("ADDED", served(theirs("b", "y", 0), "1")).event("ADDED", served(ours("a", "x", 0, 1), "2"))
		f.holds(t, podText(ax1), nil)
		q.event("BOOKMARK", listEnds("6"))
		f.holds(t, podText(by1), nil)
		change.Client = newClient(t, f.config())
		if anew := f.w.Change(change); anew != nil {
			t.Errorf("the same shard is made anew for %q", anew)
		}
	})
}

// TestNode asks for the pods of a node, and of none.
func TestNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{Node: "worker", Denied: []string{"b"}})
		f.next(t).want("stream "+anyPods+" fieldSelector=metadata.namespace!=b,spec.nodeName=worker").watch().event("BOOKMARK", listEnds("5"))
		f.w.Change(watcher.Config{Resources: []generators.Resource{pods}, Client: newClient(t, f.config()), Unscheduled: true})
		f.next(t).want("stream " + anyPods + " fieldSelector=spec.nodeName=").watch()
	})
}

// TestLoadParts loads only what an API server would be asked for.
func TestLoadParts(t *testing.T) {
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
		if d := cmp.Diff(want, text(w.Resources()...)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	f(watcher.Config{}, podText(ax1, by1, bz1))
	f(watcher.Config{Shard: half}, podText(ax1, by1))
	f(watcher.Config{Shard: sharding.Even(1, 2)}, podText(bz1))
	f(watcher.Config{Node: "worker"}, podText(ax1))
	f(watcher.Config{Unscheduled: true}, podText(by1, bz1))
	f(watcher.Config{Unscheduled: true, Shard: half}, podText(by1))
}

// encoded is what an API server sends of an object.
func encoded(t testing.TB, mediaType string, o runtime.Object) []byte {
	t.Helper()
	info, _ := runtime.SerializerInfoForMediaType(scheme.Codecs.SupportedMediaTypes(), mediaType)
	b, err := runtime.Encode(info.Serializer, o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
