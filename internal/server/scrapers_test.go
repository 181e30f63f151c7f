package server_test

import (
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
