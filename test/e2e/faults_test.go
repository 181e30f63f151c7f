package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
	"github.com/kubestate/kubestate/test/faults"
)

// The watched resources, and the number of pods, enough for several pages of lists.
const (
	faultyPods = 1200
	faultyKeys = "pods,nodes,deployments,replicasets,configmaps,secrets,services,namespaces"
)

// betweenScrapes is less than a list takes. Faults last for minutes, and the scrapes of several tests
// would take all processors.
const betweenScrapes = 30 * time.Millisecond

// proxied is a proxy of an API server.
type proxied struct {
	*faults.Proxy
	kubeconfig string
}

// startProxy starts a proxy of a cluster's API server, which runs until the test ends.
func startProxy(t *testing.T, c *cluster.Cluster) proxied {
	t.Helper()
	p, err := faults.New(c.Config)
	must(t, err)
	t.Cleanup(func() { must(t, p.Close()) })
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	must(t, cluster.WriteKubeconfig(kubeconfig, p.URL, "", ""))
	return proxied{p, kubeconfig}
}

// faulty is a cluster whose API server is reached through a proxy.
type faulty struct {
	proxied
	cluster *cluster.Cluster
	all     []types.NamespacedName // permanent pods
	round   int                    // of changes
}

func newFaulty(t *testing.T) *faulty {
	t.Helper()
	f := &faulty{cluster: cluster.Start(t, cluster.Options{})}
	var err error
	f.all, err = f.cluster.Populate(t.Context(), faultyPods)
	must(t, err)
	f.proxied = startProxy(t, f.cluster)
	return f
}

// testFaults injects faults of API servers and networks. After each, the series are those of an
// exporter that has just started, and every response has all permanent pods.
func testFaults(t *testing.T) {
	f := newFaulty(t)
	nothing := func() {}
	f.through(t, "no fault", faults.Fault{}, nothing)
	f.through(t, "forced relist", faults.Fault{}, f.expire)
	f.through(t, "watch expired when resumed", refuse(http.StatusGone, "Expired", 1, isResumed), f.Cut)
	f.through(t, "429 with Retry-After", refuse(http.StatusTooManyRequests, "TooManyRequests", 3, isPods), f.Cut)
	f.through(t, "some 500s", refuse(http.StatusInternalServerError, "InternalError", 2, isPods), f.Cut)
	f.through(t, "many 500s", refuse(http.StatusInternalServerError, "InternalError", 6, isPods), f.Cut)
	f.through(t, "connections cut off", faults.Fault{}, f.Cut)
	f.through(t, "cut mid-object", once(cutMidObject), nothing)
	f.through(t, "garbage in place of an object", once(garbage), nothing)
	f.through(t, "a truncated frame", once(truncated), nothing)
	f.through(t, "unknown fields", faults.Fault{Frame: unknownFields}, f.expire)
	f.through(t, "every event twice", faults.Fault{Frame: twice}, f.expire)
	f.through(t, "every event again after the next", faults.Fault{Frame: again}, nothing)
	f.through(t, "events out of order", faults.Fault{Frame: swapped}, nothing)
	f.through(t, "streamed list cut off", cutInStream(300), f.expire)
	f.through(t, "no streamed lists", unstreamed(refuse(0, "", 0, isPods)), f.expire)
	f.through(t, "a page expired", unstreamed(refuse(http.StatusGone, "Expired", 1, isNextPage)), f.expire)
	f.through(t, "500s in the middle of a list", unstreamed(refuse(http.StatusInternalServerError, "InternalError", 2, isNextPage)), f.expire)
	f.through(t, "a page cut off", listFault(cutList), f.expire)
	f.through(t, "garbage in a page", listFault(garbageList), f.expire)
}

// testStreamWithoutEnd has streamed lists without their final bookmark, at the start and later.
func testStreamWithoutEnd(t *testing.T) {
	f := newFaulty(t)
	f.Set(faults.Fault{Frame: withoutEnd})
	t.Run("from the start on", func(t *testing.T) {
		e := start(t, f.kubeconfig, "--resources", faultyKeys)
		begin := time.Now()
		await(t, 2*settling, e.Ready, e.Process) // the stream times out after half a minute
		t.Logf("ready after %s", time.Since(begin).Round(time.Second))
	})
	f.Set(faults.Fault{})
	f.through(t, "end bookmark never comes", faults.Fault{Frame: withoutEnd}, f.expire)
}

// TestFrameWithoutEnd has a watch that stalls within a frame, as behind a proxy that has lost the
// server: it is resumed after two minutes.
func TestFrameWithoutEnd(t *testing.T) {
	t.Parallel() // it waits most of the time
	f := newFaulty(t)
	f.through(t, "a length without end", once(endless), func() {})
}

// through sets a fault under a running exporter, triggers it, changes objects, and waits until the
// series are those of a new exporter.
func (f *faulty) through(t *testing.T, name string, fault faults.Fault, begin func()) {
	t.Helper()
	const limit = 3 * time.Minute
	t.Run(name, func(t *testing.T) {
		e := start(t, f.kubeconfig, "--resources", faultyKeys)
		await(t, settling, e.Ready, e.Process)
		await(t, settling, f.watching, e.Process)
		polled := pollPods(t, e, betweenScrapes, f.all)
		f.Set(fault)
		began := time.Now()
		begin()
		f.change(t)
		await(t, limit, f.asFresh(t, e), e.Process)
		polled.stop(t)
		self, err := e.Self(t.Context())
		must(t, err)
		t.Logf("same series after %s; %d requests answered by the fault; relists: %s",
			time.Since(began).Round(100*time.Millisecond), f.Responses(), relists(self))
		f.Set(faults.Fault{})
	})
}

// watching returns nil if pods are watched.
func (f *faulty) watching(context.Context) error {
	if n := f.Watches("pods"); n != 1 {
		return fmt.Errorf("%d watches of pods", n)
	}
	return nil
}

// expire ends all watches with 410 Gone.
func (f *faulty) expire() {
	for key := range strings.SplitSeq(faultyKeys, ",") {
		f.Send(key, faults.Expired())
	}
}

// change creates pods, changes some pods, and deletes some.
func (f *faulty) change(t *testing.T) {
	t.Helper()
	const n = 10
	ctx := t.Context()
	more := slices.Collect(cluster.MorePods(faultyPods, f.round*n, n))
	f.round++
	must(t, f.cluster.Put(ctx, slices.Values(more)))
	restart := func(pod *corev1.Pod) { pod.Status.ContainerStatuses[0].RestartCount++ }
	for i := range n {
		must(t, f.cluster.ChangePod(ctx, nameOf(more[i]), restart))
		must(t, f.cluster.ChangePod(ctx, f.all[(f.round*n+i)%len(f.all)], restart))
		if i%2 == 0 {
			must(t, f.cluster.Remove(ctx, slices.Values(more[i:i+1])))
		}
		if i%5 == 0 { // and revert
			must(t, f.cluster.Put(ctx, slices.Values(more[i:i+1])))
		}
	}
}

func nameOf(o cluster.Object) types.NamespacedName {
	return types.NamespacedName{Namespace: o.GetNamespace(), Name: o.GetName()}
}

// asFresh starts another exporter without the proxy, and returns a condition: e has the same
// series.
func (f *faulty) asFresh(t *testing.T, e *exporter.Exporter) func(context.Context) error {
	t.Helper()
	fresh := start(t, f.cluster.Kubeconfig, "--resources", faultyKeys)
	await(t, settling, fresh.Ready, fresh.Process)
	want, err := fresh.Scrape(t.Context()) // nothing changes any more
	must(t, err)
	return func(ctx context.Context) error {
		got, err := e.Scrape(ctx)
		if err != nil {
			return err
		}
		if len(got) == 0 {
			return errors.New("no series")
		}
		lacking := exporter.Series{}
		for name, value := range want {
			if same, ok := got[name]; ok && same == value {
				delete(got, name)
			} else {
				lacking[name] = value
			}
		}
		if d := cmp.Diff(lacking, got); d != "" { // only of what differs
			return fmt.Errorf("series (-new exporter +got):\n%.2000s", d)
		}
		return nil
	}
}

// relists counts relists by reason.
func relists(self exporter.Series) string {
	sum := map[string]float64{}
	for name, value := range self {
		if strings.HasPrefix(name, "kubestate_relists_total{") {
			sum[label(name, "reason")] += value
		}
	}
	return fmt.Sprint(sum)
}

// refuse responds to the first n selected requests with a status.
func refuse(code int, reason string, n int32, chosen func(*http.Request) bool) faults.Fault {
	var left atomic.Int32
	left.Store(n)
	return faults.Fault{Respond: func(w http.ResponseWriter, r *http.Request) bool {
		if !chosen(r) || left.Add(-1) < 0 {
			return false
		}
		if code == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", "1")
		}
		respondStatus(w, code, reason)
		return true
	}}
}

func respondStatus(w http.ResponseWriter, code int, reason string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":%q,"code":%d}`, reason, code)
}

// unstreamed is a fault of an API server without streamed lists.
func unstreamed(f faults.Fault) faults.Fault {
	other := f.Respond
	f.Respond = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("sendInitialEvents") == "true" {
			respondStatus(w, http.StatusUnprocessableEntity, "Invalid")
			return true
		}
		return other(w, r)
	}
	return f
}

func isPods(r *http.Request) bool     { return strings.HasSuffix(r.URL.Path, "/pods") }
func isNextPage(r *http.Request) bool { return isPods(r) && r.URL.Query().Get("continue") != "" }
func isResumed(r *http.Request) bool {
	query := r.URL.Query()
	return isPods(r) && query.Get("watch") == "true" && query.Get("sendInitialEvents") == ""
}

// once has one event of a pod fail.
func once(fail func(*faults.Frame) ([][]byte, error)) faults.Fault {
	var done atomic.Bool
	return faults.Fault{Frame: func(f *faults.Frame) ([][]byte, error) {
		if f.Watch.Resource != "pods" || f.Bookmark() || done.Swap(true) {
			return f.Unchanged(), nil
		}
		return fail(f)
	}}
}

func cutMidObject(f *faults.Frame) ([][]byte, error) {
	whole := f.Unchanged()[0]
	return [][]byte{whole[:len(whole)/2]}, faults.ErrCut
}

func garbage(f *faults.Frame) ([][]byte, error) {
	frame := f.Unchanged()[0]
	for i := 4; i < len(frame); i++ {
		frame[i] = byte(i*7 + 255)
	}
	return [][]byte{frame}, nil
}

func truncated(f *faults.Frame) ([][]byte, error) {
	whole := f.Unchanged()[0]
	return [][]byte{whole[:len(whole)/2]}, nil
}

func endless(*faults.Frame) ([][]byte, error) {
	return [][]byte{{0xff, 0xff, 0xff, 0xff}, bytes.Repeat([]byte{0xff}, 1000)}, nil
}

func unknownFields(f *faults.Frame) ([][]byte, error) { return f.WithUnknownFields(), nil }

func twice(f *faults.Frame) ([][]byte, error) {
	return append(f.Unchanged(), f.Unchanged()...), nil
}

// again repeats each frame after the next one.
func again(f *faults.Frame) ([][]byte, error) {
	frames := f.Unchanged()
	if f.Watch.Held != nil {
		frames = append(frames, f.Watch.Held)
	}
	f.Watch.Held = f.Unchanged()[0]
	return frames, nil
}

// swapped swaps pairs of pod events. A single one is sent before the next bookmark: its loss could
// not be detected.
func swapped(f *faults.Frame) ([][]byte, error) {
	if f.Watch.Resource != "pods" {
		return f.Unchanged(), nil
	}
	held := f.Watch.Held
	switch {
	case held == nil && f.Bookmark():
		return f.Unchanged(), nil
	case held == nil:
		f.Watch.Held = f.Unchanged()[0]
		return nil, nil
	}
	f.Watch.Held = nil
	if f.Bookmark() {
		return [][]byte{held, f.Unchanged()[0]}, nil
	}
	return append(f.Unchanged(), held), nil
}

// cutInStream cuts the first streamed list of pods off after n objects.
func cutInStream(n int64) faults.Fault {
	var frames atomic.Int64
	return faults.Fault{Frame: func(f *faults.Frame) ([][]byte, error) {
		if f.Watch.Resource == "pods" && frames.Add(1) == n {
			return nil, faults.ErrCut
		}
		return f.Unchanged(), nil
	}}
}

func withoutEnd(f *faults.Frame) ([][]byte, error) {
	if f.End() {
		return nil, nil
	}
	return f.Unchanged(), nil
}

// listFault has the first large page of a list fail, without streamed lists.
func listFault(fail func([]byte) ([]byte, error)) faults.Fault {
	var done atomic.Bool
	f := unstreamed(refuse(0, "", 0, isPods))
	f.List = func(body []byte) ([]byte, error) {
		if len(body) < 100_000 || done.Swap(true) {
			return body, nil
		}
		return fail(body)
	}
	return f
}

func cutList(body []byte) ([]byte, error) { return body[:len(body)/2], faults.ErrCut }

func garbageList(body []byte) ([]byte, error) {
	for i := len(body) / 2; i < len(body); i++ {
		body[i] = byte(i*7 + 255)
	}
	return body, nil
}
