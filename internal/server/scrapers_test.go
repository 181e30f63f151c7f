package server_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kubestate/kubestate/internal/server"
)

// TestScrapers has clients come at their times.
func TestScrapers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s server.Scrapers
		status := http.StatusOK
		h := s.Watch(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if status != http.StatusOK {
				w.WriteHeader(status)
			}
		}))
		scrape := func(agent, target string) {
			r := httptest.NewRequest(http.MethodGet, target, nil)
			r.Header.Set("User-Agent", agent)
			h.ServeHTTP(httptest.NewRecorder(), r)
			time.Sleep(time.Millisecond)
		}
		f := func(when string, since time.Time, want bool) {
			t.Helper()
			if got := s.Since(since); got != want {
				t.Errorf("%s: %v, want %v", when, got, want)
			}
		}
		start := time.Now()
		time.Sleep(time.Millisecond)
		f("without a client", start, false)
		scrape("curl", "/metrics")
		f("after the first scrape", start, true)
		f("before a second one", time.Now(), false)
		for range 2 {
			time.Sleep(10 * time.Second)
			scrape("a", "/metrics")
			scrape("b", "/metrics")
		}
		t1 := time.Now()
		f("of two regular clients none", t1, false)
		time.Sleep(10 * time.Second)
		scrape("a", "/metrics")
		f("of two regular clients one", t1, false)
		scrape("b", "/healthz")
		status = http.StatusServiceUnavailable
		scrape("b", "/metrics")
		f("what is no scrape", t1, false)
		status = http.StatusOK
		scrape("b", "/metrics")
		f("of two regular clients both", t1, true)
		time.Sleep(31 * time.Second)
		t2 := time.Now()
		time.Sleep(time.Millisecond)
		scrape("a", "/metrics")
		f("the other is gone", t2, true)
	})
}

// TestUnreadAnswers has clients that are gone before they have all of their answers:
// what those had, nobody knows.
func TestUnreadAnswers(t *testing.T) {
	f := func(ctx context.Context, name string, w http.ResponseWriter, want bool) {
		t.Helper()
		var s server.Scrapers
		h := s.Watch(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("kube_pod_info 1\n"))
			_, _ = w.Write(nil)
		}))
		h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/metrics", nil))
		if got := s.Since(time.Time{}); got != want {
			t.Errorf("%s: scraped is %v, want %v", name, got, want)
		}
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	f(t.Context(), "read", httptest.NewRecorder(), true)
	f(gone, "gone when it is written", httptest.NewRecorder(), false)
	f(t.Context(), "cut off", &cutOff{ResponseWriter: httptest.NewRecorder()}, false)
}

// cutOff is an answer of which the first piece cannot be written.
type cutOff struct {
	http.ResponseWriter
	tried bool
}

func (c *cutOff) Write(b []byte) (int, error) {
	if !c.tried {
		c.tried = true
		return 0, errors.New("deadline exceeded")
	}
	return c.ResponseWriter.Write(b)
}
