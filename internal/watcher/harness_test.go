package watcher_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/apiclient"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/watcher"
)

// harness is a watcher of an API server, with its metrics and log.
type harness struct {
	*api
	w        *watcher.Watcher
	registry *prometheus.Registry
	log      *log
	ended    chan struct{}
	end      func()
}

// newHarness runs a watcher of config's resources, or of pods.
func newHarness(t *testing.T, config watcher.Config) *harness {
	t.Helper()
	f := &harness{api: newAPI(t), registry: prometheus.NewRegistry(), log: &log{about: aboutReason}}
	if config.Resources == nil {
		config.Resources = []generators.Resource{pods}
	}
	config.Client = newClient(t, f.config())
	f.run(t, config)
	return f
}

// run runs a watcher until the test ends.
func (f *harness) run(t *testing.T, config watcher.Config) {
	f.w = newWatcher(config, f.registry, f.log)
	f.ended, f.end = run(t, f.w)
}

// run runs a watcher until end is called or the test ends.
func run(t *testing.T, w *watcher.Watcher) (ended chan struct{}, end func()) {
	ended = make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer close(ended)
		w.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return ended, cancel
}

// aboutReason returns the status reason of a record's error, or "refused" for a connection.
func aboutReason(r slog.Record) string {
	err, ok := attribute(r, "err").Any().(error)
	switch {
	case !ok:
		return ""
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	default:
		return string(apierrors.ReasonForError(err))
	}
}

// expect checks the served text and the awaited resources, once all responses are read.
func (f *harness) expect(t *testing.T, want string, unsynced []string) {
	t.Helper()
	read()
	if d := cmp.Diff(want, text(f.w.Resources()...)); d != "" {
		t.Errorf("served (-want +got):\n%s", d)
	}
	if d := cmp.Diff(unsynced, f.w.Unsynced()); d != "" {
		t.Errorf("unsynced (-want +got):\n%s", d)
	}
}

// read waits until all responses are read and rendered.
func read() {
	time.Sleep(apiclient.Interval)
	synctest.Wait()
}

// expectMetrics checks the counters.
func (f *harness) expectMetrics(t *testing.T, want string) {
	t.Helper()
	read()
	if d := cmp.Diff(want, counters(t, f.registry)); d != "" {
		t.Errorf("metrics (-want +got):\n%s", d)
	}
}

// expectLog checks the records since the last call.
func (f *harness) expectLog(t *testing.T, want ...record) {
	t.Helper()
	synctest.Wait()
	if d := cmp.Diff(want, f.log.take()); d != "" {
		t.Errorf("logged (-want +got):\n%s", d)
	}
}

func failing(reason string) record { return record{slog.LevelWarn, reason} }

var answering = record{slog.LevelInfo, ""}

// served returns a pod as an API server sends it.
func served(p *corev1.Pod, version string) *corev1.Pod {
	p.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}
	p.ResourceVersion = version
	return p
}

const (
	anyPods    = "/api/v1/pods"
	ax1        = `namespace="a",pod="x" 1`
	ax2        = `namespace="a",pod="x" 2`
	by1        = `namespace="b",pod="y" 1`
	bz1        = `namespace="b",pod="z" 1`
	listOK     = `kube_state_metrics_list_total{resource="*v1.Pod",result="success"} `
	listError  = `kube_state_metrics_list_total{resource="*v1.Pod",result="error"} `
	watchOK    = `kube_state_metrics_watch_total{resource="*v1.Pod",result="success"} `
	watchError = `kube_state_metrics_watch_total{resource="*v1.Pod",result="error"} `
)

// relisted is the counter of relists for a reason.
func relisted(reason string) string {
	return fmt.Sprintf("kubestate_relists_total{reason=%q,resource=\"pods\"} ", reason)
}

var podsUnsynced = []string{"pods"}

// TestFollowStreamedList has a streamed list, which continues as a watch.
func TestFollowStreamedList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{})
		q := f.next(t).want("stream " + anyPods).watch()
		q.event("ADDED", served(pod("b", "y", "2", 1), "2")).event("ADDED", served(pod("a", "x", "1", 1), "1"))
		f.expect(t, "", podsUnsynced) // until the list is complete
		q.event("BOOKMARK", listEnds("5"))
		f.expect(t, podText(by1, ax1), nil)
		q.event("MODIFIED", served(pod("a", "x", "1", 2), "6"))
		q.event("DELETED", served(pod("b", "y", "2", 1), "7"))
		f.expect(t, podText(ax2), nil)
		f.expectMetrics(t, watchOK+"1\n")
		// The API server ends the watch, and the next one resumes it.
		q.end()
		q = f.next(t).want("watch " + anyPods + " resourceVersion=7").watch()
		q.event("DELETED", served(pod("a", "x", "1", 2), "8")).event("ADDED", served(pod("b", "z", "3", 1), "9"))
		f.expect(t, podText(bz1), nil)
		f.expectMetrics(t, watchOK+"2\n")
		f.expectLog(t)
	})
}

// TestFollowList has an API server without streamed lists.
func TestFollowList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{})
		f.next(t).want("stream " + anyPods).noStreams()
		q := f.next(t).want("list " + anyPods + "")
		f.expect(t, "", podsUnsynced)
		q.list("5", pod("b", "y", "2", 1), pod("a", "x", "1", 1))
		q = f.next(t).want("watch " + anyPods + " resourceVersion=5").watch()
		f.expect(t, podText(by1, ax1), nil)
		q.event("MODIFIED", served(pod("a", "x", "1", 2), "6"))
		f.expect(t, podText(by1, ax2), nil)
		f.expectMetrics(t, listOK+"1\n"+watchOK+"1\n")
		f.expectLog(t)
		// The version has expired: a relist, in which a deleted pod is missing.
		q.event("ERROR", metav1.Status{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
			Status:   metav1.StatusFailure, Code: 410, Reason: metav1.StatusReasonExpired,
		})
		q = f.next(t).want("list " + anyPods)
		f.expect(t, podText(by1, ax2), nil)
		q.list("9", pod("b", "z", "3", 1), pod("a", "x", "1", 2))
		f.next(t).want("watch " + anyPods + " resourceVersion=9").watch()
		f.expect(t, podText(ax2, bz1), nil) // x keeps its slot
		f.expectMetrics(t, listOK+"2\n"+watchOK+"2\n"+relisted("expired")+"1\n")
		f.expectLog(t)
	})
}

// TestFollowFailures has failures of several kinds: each request is counted, and the first of each
// kind logged.
func TestFollowFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{})
		const stream, list, watch = "stream " + anyPods, "list " + anyPods, "watch " + anyPods

		f.next(t).want(stream).fail(401, metav1.StatusReasonUnauthorized)
		f.next(t).want(list).fail(401, metav1.StatusReasonUnauthorized)
		f.next(t).want(stream).fail(401, metav1.StatusReasonUnauthorized)
		f.next(t).want(list).fail(401, metav1.StatusReasonUnauthorized)
		f.expect(t, "", podsUnsynced)
		f.expectMetrics(t, listError+"2\n"+watchError+"2\n")
		f.expectLog(t, failing("Unauthorized"))

		f.next(t).want(stream).fail(403, metav1.StatusReasonForbidden) // no list follows
		f.expect(t, "", nil)                                           // refused: not awaited
		f.expectMetrics(t, listError+"2\n"+watchError+"3\n")
		f.expectLog(t, failing("Forbidden"))

		f.refuse(3)
		q := f.next(t).want(stream)
		f.expect(t, "", podsUnsynced)
		f.expectMetrics(t, listError+"2\n"+watchError+"6\n")
		f.expectLog(t, failing("refused"))
		q.noStreams()
		f.next(t).want(list).list("5", pod("a", "x", "1", 1))
		q = f.next(t).want(watch + " resourceVersion=5").watch()
		f.expect(t, podText(ax1), nil)
		f.expectMetrics(t, listError+"2\n"+listOK+"1\n"+watchError+"6\n"+watchOK+"1\n")
		f.expectLog(t, answering)

		// During an outage the last content is served.
		<-time.After(time.Minute)
		f.refuse(2)
		q.end()
		q = f.next(t).want(watch + " resourceVersion=5").watch()
		q.event("MODIFIED", served(pod("a", "x", "1", 2), "6"))
		f.expect(t, podText(ax2), nil)
		f.expectMetrics(t, listError+"2\n"+listOK+"1\n"+watchError+"8\n"+watchOK+"2\n")
		f.expectLog(t, failing("refused"), answering)
	})
}

// TestFollowRefused has responses that count as refusals, and others.
func TestFollowRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{})
		refused := func(code int, reason metav1.StatusReason) {
			t.Helper()
			f.next(t).want("stream "+anyPods).fail(code, reason)
			f.expect(t, "", nil)
			f.expectLog(t, failing(string(reason)))
		}
		failed := func(code int, reason metav1.StatusReason) {
			t.Helper()
			f.next(t).want("stream "+anyPods).fail(code, reason)
			f.next(t).want("list "+anyPods).fail(code, reason)
			f.expect(t, "", podsUnsynced)
			f.expectLog(t, failing(string(reason)))
		}
		refused(404, metav1.StatusReasonNotFound)
		failed(503, metav1.StatusReasonServiceUnavailable)
		refused(403, metav1.StatusReasonForbidden)
		failed(500, metav1.StatusReasonInternalError)
		failed(401, metav1.StatusReasonUnauthorized)
		refused(404, metav1.StatusReasonNotFound)
		// Once it is served, it is awaited.
		f.next(t).watch()
		f.expect(t, "", podsUnsynced)
		f.expectLog(t, answering)
	})
}

// TestFollowOutage has an API server that refuses connections for three resources: one line tells of all,
// and one of their end.
func TestFollowOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{Resources: []generators.Resource{pods, nodes, &generators.Deployments}})
		for range 3 {
			f.next(t).fail(403, metav1.StatusReasonForbidden)
		}
		f.expectLog(t, failing("Forbidden"), failing("Forbidden"), failing("Forbidden"))
		f.refuse(math.MaxInt32)
		time.Sleep(10 * time.Minute)
		f.expectLog(t, failing("refused"))
		f.refuse(0)
		for range 3 {
			f.next(t).watch()
		}
		f.expectLog(t, answering)
	})
}

// TestFollowListWithoutWatch has an API server that allows lists and no watches: that is logged
// once.
func TestFollowListWithoutWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{})
		f.next(t).noStreams()
		for range 3 {
			f.next(t).want("list "+anyPods).list("1", pod("a", "x", "1", 1))
			f.next(t).want("watch "+anyPods+" resourceVersion=1").fail(403, metav1.StatusReasonForbidden)
		}
		f.next(t)
		f.expectLog(t, record{slog.LevelWarn, "Forbidden"})
	})
}

// TestFollowEnds holds that a watcher ends at once in any state, without logs and counts.
func TestFollowEnds(t *testing.T) {
	f := func(name string, reach func(*testing.T, *harness)) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			f := newHarness(t, watcher.Config{})
			reach(t, f)
			synctest.Wait()
			select {
			case <-f.ended:
				t.Errorf("%s: Run has returned", name)
			default:
			}
			f.log.take()
			counts, start := counters(t, f.registry), time.Now()
			f.end()
			<-f.ended
			if took := time.Since(start); took != 0 {
				t.Errorf("%s: took %v to end", name, took)
			}
			f.expectLog(t)
			f.expectMetrics(t, counts)
		})
	}
	f("first request", func(t *testing.T, f *harness) { f.next(t) })
	f("streamed list", func(t *testing.T, f *harness) { f.next(t).watch() })
	f("list", func(t *testing.T, f *harness) {
		f.next(t).noStreams()
		f.next(t)
	})
	f("watch", func(t *testing.T, f *harness) { f.next(t).watch().event("BOOKMARK", listEnds("5")) })
	f("refused", func(_ *testing.T, f *harness) {
		f.refuse(1000)
		<-time.After(time.Minute)
	})
	f("backoff", func(t *testing.T, f *harness) {
		f.next(t).fail(401, metav1.StatusReasonUnauthorized)
		f.next(t).fail(401, metav1.StatusReasonUnauthorized)
	})
}

// builtin has the Go types of the built-in tables.
var builtin = func() *runtime.Scheme {
	registry, err := generators.NewRegistry(generators.Builtin()...)
	if err != nil {
		panic(err)
	}
	return registry.Scheme()
}()

// newClient returns a client of an API server.
func newClient(t testing.TB, config *rest.Config) *apiclient.Client {
	t.Helper()
	c, err := apiclient.New(config, builtin)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
