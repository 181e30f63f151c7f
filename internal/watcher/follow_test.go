package watcher_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
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

// following is a watcher that follows an API server, and all that is seen of
// it.
type following struct {
	*api
	w        *watcher.Watcher
	registry *prometheus.Registry
	log      *log
	ended    chan struct{}
	end      func()
}

// follow runs a watcher of pods, or of what config says.
func follow(t *testing.T, config watcher.Config) *following {
	t.Helper()
	f := &following{api: newAPI(t), registry: prometheus.NewRegistry(), log: &log{about: aboutReason}}
	if config.Resources == nil {
		config.Resources = []generators.Resource{pods}
	}
	config.Client = newClient(t, f.config())
	f.run(t, config)
	return f
}

// run runs a watcher until the test ends.
func (f *following) run(t *testing.T, config watcher.Config) {
	f.w, f.ended = newWatcher(config, f.registry, f.log), make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	f.end = cancel
	go func() {
		defer close(f.ended)
		f.w.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-f.ended
	})
}

// aboutReason is the reason that the API server gave for the error of a record,
// or that the connection was refused.
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

// holds checks what can be seen once everything has come to rest.
func (f *following) holds(t *testing.T, want string, unsynced []string) {
	t.Helper()
	read()
	if d := cmp.Diff(want, text(f.w.Resources()...)); d != "" {
		t.Errorf("exported (-want +got):\n%s", d)
	}
	if d := cmp.Diff(unsynced, f.w.Unsynced()); d != "" {
		t.Errorf("unsynced (-want +got):\n%s", d)
	}
}

// read waits until everything that has been sent is read and done with.
func read() {
	time.Sleep(apiclient.Interval)
	synctest.Wait()
}

// counted checks the counters.
func (f *following) counted(t *testing.T, want string) {
	t.Helper()
	read()
	if d := cmp.Diff(want, own(t, f.registry)); d != "" {
		t.Errorf("counted (-want +got):\n%s", d)
	}
}

// logged checks what has been logged since the last time.
func (f *following) logged(t *testing.T, want ...record) {
	t.Helper()
	synctest.Wait()
	if d := cmp.Diff(want, f.log.take()); d != "" {
		t.Errorf("logged (-want +got):\n%s", d)
	}
}

func failing(reason string) record { return record{slog.LevelWarn, reason} }

var answering = record{slog.LevelInfo, ""}

// served is an object as an API server sends it.
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

// relisted is the counter of lists that were needed again.
func relisted(reason string) string {
	return fmt.Sprintf("kubestate_relists_total{reason=%q,resource=\"pods\"} ", reason)
}

var podsUnsynced = []string{"pods"}

// TestFollowStreamedList follows an API server that sends its list as the
// beginning of a watch.
func TestFollowStreamedList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{})
		q := f.next(t).want("stream " + anyPods).watch()
		q.event("ADDED", served(pod("b", "y", "2", 1), "2")).event("ADDED", served(pod("a", "x", "1", 1), "1"))
		f.holds(t, "", podsUnsynced) // not before the list is complete
		q.event("BOOKMARK", listEnds("5"))
		f.holds(t, podText(by1, ax1), nil)
		q.event("MODIFIED", served(pod("a", "x", "1", 2), "6"))
		q.event("DELETED", served(pod("b", "y", "2", 1), "7"))
		f.holds(t, podText(ax2), nil)
		f.counted(t, watchOK+"1\n")
		// The API server ends watches after some minutes. The next one goes on
		// from there.
		q.end()
		q = f.next(t).want("watch " + anyPods + " resourceVersion=7").watch()
		q.event("DELETED", served(pod("a", "x", "1", 2), "8")).event("ADDED", served(pod("b", "z", "3", 1), "9"))
		f.holds(t, podText(bz1), nil)
		f.counted(t, watchOK+"2\n")
		f.logged(t)
	})
}

// TestFollowList follows an API server that does not stream lists.
func TestFollowList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{})
		f.next(t).want("stream " + anyPods).noStreams()
		q := f.next(t).want("list " + anyPods + "")
		f.holds(t, "", podsUnsynced)
		q.list("5", pod("b", "y", "2", 1), pod("a", "x", "1", 1))
		q = f.next(t).want("watch " + anyPods + " resourceVersion=5").watch()
		f.holds(t, podText(by1, ax1), nil)
		q.event("MODIFIED", served(pod("a", "x", "1", 2), "6"))
		f.holds(t, podText(by1, ax2), nil)
		f.counted(t, listOK+"1\n"+watchOK+"1\n")
		f.logged(t)
		// What happened since is lost, so there is a new list, which also has no
		// place for what has gone meanwhile.
		q.event("ERROR", metav1.Status{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
			Status:   metav1.StatusFailure, Code: 410, Reason: metav1.StatusReasonExpired,
		})
		q = f.next(t).want("list " + anyPods)
		f.holds(t, podText(by1, ax2), nil)
		q.list("9", pod("b", "z", "3", 1), pod("a", "x", "1", 2))
		f.next(t).want("watch " + anyPods + " resourceVersion=9").watch()
		f.holds(t, podText(ax2, bz1), nil) // x keeps its place
		f.counted(t, listOK+"2\n"+watchOK+"2\n"+relisted("expired")+"1\n")
		f.logged(t)
	})
}

// TestFollowFailures follows an API server through failures of several kinds:
// every attempt is counted, and each kind is logged when it begins.
func TestFollowFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{})
		const stream, list, watch = "stream " + anyPods, "list " + anyPods, "watch " + anyPods

		f.next(t).want(stream).fail(401, metav1.StatusReasonUnauthorized)
		f.next(t).want(list).fail(401, metav1.StatusReasonUnauthorized)
		f.next(t).want(stream).fail(401, metav1.StatusReasonUnauthorized)
		f.next(t).want(list).fail(401, metav1.StatusReasonUnauthorized)
		f.holds(t, "", podsUnsynced)
		f.counted(t, listError+"2\n"+watchError+"2\n")
		f.logged(t, failing("Unauthorized"))

		f.next(t).want(stream).fail(403, metav1.StatusReasonForbidden) // and so would a list be
		f.holds(t, "", nil)                                            // what is refused does not keep the rest from being served
		f.counted(t, listError+"2\n"+watchError+"3\n")
		f.logged(t, failing("Forbidden"))

		f.refuse(3)
		q := f.next(t).want(stream)
		f.holds(t, "", podsUnsynced)
		f.counted(t, listError+"2\n"+watchError+"6\n")
		f.logged(t, failing("refused"))
		q.noStreams()
		f.next(t).want(list).list("5", pod("a", "x", "1", 1))
		q = f.next(t).want(watch + " resourceVersion=5").watch()
		f.holds(t, podText(ax1), nil)
		f.counted(t, listError+"2\n"+listOK+"1\n"+watchError+"6\n"+watchOK+"1\n")
		f.logged(t, answering)

		// While the API server is away the last state is served.
		<-time.After(time.Minute)
		f.refuse(2)
		q.end()
		q = f.next(t).want(watch + " resourceVersion=5").watch()
		q.event("MODIFIED", served(pod("a", "x", "1", 2), "6"))
		f.holds(t, podText(ax2), nil)
		f.counted(t, listError+"2\n"+listOK+"1\n"+watchError+"8\n"+watchOK+"2\n")
		f.logged(t, failing("refused"), answering)
	})
}

// TestFollowRefused holds what is taken for a resource that the API server does
// not have, or not for us.
func TestFollowRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{})
		refused := func(code int, reason metav1.StatusReason) {
			t.Helper()
			f.next(t).want("stream "+anyPods).fail(code, reason)
			f.holds(t, "", nil)
			f.logged(t, failing(string(reason)))
		}
		failed := func(code int, reason metav1.StatusReason) {
			t.Helper()
			f.next(t).want("stream "+anyPods).fail(code, reason)
			f.next(t).want("list "+anyPods).fail(code, reason)
			f.holds(t, "", podsUnsynced)
			f.logged(t, failing(string(reason)))
		}
		refused(404, metav1.StatusReasonNotFound)
		failed(503, metav1.StatusReasonServiceUnavailable)
		refused(403, metav1.StatusReasonForbidden)
		failed(500, metav1.StatusReasonInternalError)
		failed(401, metav1.StatusReasonUnauthorized)
		refused(404, metav1.StatusReasonNotFound)
		// Once it is there, it is waited for.
		f.next(t).watch()
		f.holds(t, "", podsUnsynced)
		f.logged(t, answering)
	})
}

// TestFollowAsksFor holds what a sink asks the API server for.
func TestFollowAsksFor(t *testing.T) {
	type names = []string
	f := func(resource generators.Resource, namespaces, denied names, want string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			f := follow(t, watcher.Config{Resources: []generators.Resource{resource}, Namespaces: namespaces, Denied: denied})
			q := f.next(t).want("stream " + want)
			if accept := q.r.Header.Get("Accept"); accept != "application/vnd.kubernetes.protobuf,application/json" {
				t.Errorf("it accepts %s", accept)
			}
			q.noStreams()
			f.next(t).want("list " + want + "").list("5")
			f.next(t).want("watch " + want + " resourceVersion=5").watch()
			f.holds(t, "", nil)
		})
	}
	f(pods, nil, nil, "/api/v1/pods")
	f(pods, names{"a"}, nil, "/api/v1/namespaces/a/pods")
	f(pods, nil, names{"b"}, "/api/v1/pods fieldSelector=metadata.namespace!=b")
	f(pods, nil, names{"b", "a"}, "/api/v1/pods fieldSelector=metadata.namespace!=b,metadata.namespace!=a")
	f(pods, names{"a"}, names{"b"}, "/api/v1/namespaces/a/pods fieldSelector=metadata.namespace!=b")
	f(nodes, nil, nil, "/api/v1/nodes")
	f(nodes, names{"a"}, names{"b"}, "/api/v1/nodes")
	f(&generators.Deployments, names{"a"}, nil, "/apis/apps/v1/namespaces/a/deployments")
}

// TestFollowBoundsWatches holds that the API server is told when to end a
// watch, in both of the ways there are.
func TestFollowBoundsWatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{})
		query := f.next(t).r.URL.Query()
		seconds, err := strconv.Atoi(query.Get("timeoutSeconds"))
		if err != nil || seconds < 60 || seconds > 3600 {
			t.Errorf("timeoutSeconds is %d: %v", seconds, err)
		}
		if timeout, err := time.ParseDuration(query.Get("timeout")); err != nil || timeout != time.Duration(seconds)*time.Second {
			t.Errorf("timeout is %v, timeoutSeconds %d: %v", timeout, seconds, err)
		}
	})
}

// TestFollowListWithoutWatch has an API server that allows lists and no watches:
// that is said once.
func TestFollowListWithoutWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{})
		f.next(t).noStreams()
		for range 3 {
			f.next(t).want("list "+anyPods).list("1", pod("a", "x", "1", 1))
			f.next(t).want("watch "+anyPods+" resourceVersion=1").fail(403, metav1.StatusReasonForbidden)
		}
		f.next(t)
		f.logged(t, record{slog.LevelWarn, "Forbidden"})
	})
}

// TestFollowEnds holds that following ends when told to, at once wherever it
// is, and without a trace.
func TestFollowEnds(t *testing.T) {
	f := func(name string, reach func(*testing.T, *following)) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			f := follow(t, watcher.Config{})
			reach(t, f)
			synctest.Wait()
			select {
			case <-f.ended:
				t.Errorf("%s: it ended by itself", name)
			default:
			}
			f.log.take()
			counts, start := own(t, f.registry), time.Now()
			f.end()
			<-f.ended
			if took := time.Since(start); took != 0 {
				t.Errorf("%s: took %v to end", name, took)
			}
			f.logged(t)
			f.counted(t, counts)
		})
	}
	f("first request", func(t *testing.T, f *following) { f.next(t) })
	f("streamed list", func(t *testing.T, f *following) { f.next(t).watch() })
	f("list", func(t *testing.T, f *following) {
		f.next(t).noStreams()
		f.next(t)
	})
	f("watch", func(t *testing.T, f *following) { f.next(t).watch().event("BOOKMARK", listEnds("5")) })
	f("refused", func(_ *testing.T, f *following) {
		f.refuse(1000)
		<-time.After(time.Minute)
	})
	f("wait for another attempt", func(t *testing.T, f *following) {
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

// newClient makes a client of an API server.
func newClient(t *testing.T, config *rest.Config) *apiclient.Client {
	t.Helper()
	c, err := apiclient.New(config, builtin)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
