package watcher_test

import (
	"context"
	"encoding/json"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/kubestate/kubestate/internal/pipe"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
)

var discard = stdlog.New(io.Discard, "", 0)

// api is an API server in a synctest bubble. The test answers its requests, one after another.
type api struct {
	*pipe.Listener
	refusing atomic.Int32 // connections to refuse
	requests chan *request
}

// newAPI returns an API server that runs until the test ends.
func newAPI(t *testing.T) *api {
	a := &api{requests: make(chan *request)}
	a.serve(t, a)
	return a
}

// serve serves h to clients of a until the test ends.
func (a *api) serve(t *testing.T, h http.Handler) {
	a.Listener = pipe.Listen()
	s := &http.Server{Handler: h, ErrorLog: discard}
	s.SetKeepAlivesEnabled(false) // each request has its own connection
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.Serve(a)
	}()
	t.Cleanup(func() {
		s.Close()
		<-ended
	})
}

func (a *api) config() *rest.Config {
	return &rest.Config{Host: "http://api", Dial: a.dial}
}

// refuse has the API server refuse the next n connections.
func (a *api) refuse(n int32) { a.refusing.Store(n) }

func (a *api) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if a.refusing.Load() > 0 {
		a.refusing.Add(-1)
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	return a.Dial(ctx)
}

// ServeHTTP passes the request to the test and runs its responses, until the test ends the request
// or the client is gone.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := &request{r: r, work: make(chan func(http.ResponseWriter))}
	select {
	case a.requests <- q:
	case <-r.Context().Done():
		return
	}
	for {
		select {
		case do, more := <-q.work:
			if !more {
				return
			}
			do(w)
		case <-r.Context().Done():
			return
		}
	}
}

// request is a request that the test answers.
type request struct {
	t    *testing.T
	r    *http.Request
	work chan func(http.ResponseWriter)
}

// next waits for the next request.
func (a *api) next(t *testing.T) *request {
	q := <-a.requests
	q.t = t
	return q
}

// verb is list, watch, or stream for a streamed list.
func (q *request) verb() string {
	switch query := q.r.URL.Query(); {
	case query.Get("sendInitialEvents") == "true":
		return "stream"
	case query.Get("watch") == "true":
		return "watch"
	default:
		return "list"
	}
}

// String returns verb and path, selectors and resourceVersion.
func (q *request) String() string {
	s := q.verb() + " " + q.r.URL.Path
	for _, key := range []string{"fieldSelector", "labelSelector", "resourceVersion"} {
		if query := q.r.URL.Query(); query.Has(key) {
			s += " " + key + "=" + query.Get(key)
		}
	}
	return s
}

// want checks verb, path, selectors and resourceVersion.
func (q *request) want(s string) *request {
	q.t.Helper()
	if got := q.String(); got != s {
		q.t.Errorf("the request is %q, want %q", got, s)
	}
	return q
}

// fail responds with an error status.
func (q *request) fail(code int, reason metav1.StatusReason) {
	q.answer(code, metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure, Reason: reason, Code: int32(code),
	})
	q.end()
}

// noStreams responds as an API server without streamed lists.
func (q *request) noStreams() { q.fail(http.StatusUnprocessableEntity, metav1.StatusReasonInvalid) }

// list responds with a list of pods.
func (q *request) list(version string, pods ...runtime.Object) { q.page(version, "", pods...) }

// page responds with a page of a list of pods and the continue token of the next one.
func (q *request) page(version, next string, pods ...runtime.Object) {
	q.answer(http.StatusOK, map[string]any{
		"apiVersion": "v1", "kind": "PodList",
		"metadata": map[string]any{"resourceVersion": version, "continue": next},
		"items":    pods,
	})
	q.end()
}

// watch begins a watch response.
func (q *request) watch() *request { return q.answer(http.StatusOK) }

// event sends an event.
func (q *request) event(kind string, object any) *request {
	return q.do(func(w http.ResponseWriter) { q.write(w, map[string]any{"type": kind, "object": object}) })
}

// answer begins a response.
func (q *request) answer(code int, values ...any) *request {
	return q.do(func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		q.write(w, values...)
	})
}

func (q *request) write(w http.ResponseWriter, values ...any) {
	for _, v := range values {
		if err := json.NewEncoder(w).Encode(v); err != nil {
			q.t.Error(err)
		}
	}
	w.(http.Flusher).Flush()
}

// do runs f in the goroutine that serves the request.
func (q *request) do(f func(http.ResponseWriter)) *request {
	q.t.Helper()
	select {
	case q.work <- f:
	case <-q.r.Context().Done():
		q.t.Errorf("%s: the request is canceled", q)
	}
	return q
}

// end ends the response.
func (q *request) end() { close(q.work) }

func bookmark(version string) map[string]any {
	return map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"resourceVersion": version}}
}

// listEnds is the bookmark that ends a streamed list.
func listEnds(version string) map[string]any {
	return map[string]any{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": map[string]any{
			"resourceVersion": version,
			"annotations":     map[string]string{metav1.InitialEventsAnnotationKey: "true"},
		},
	}
}
