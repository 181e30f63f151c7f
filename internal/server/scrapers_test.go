package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/server"
)

// TestScrapers holds Since and Count over several visits.
func TestScrapers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server.NewScrapers()
		status := http.StatusOK
		h := s.Watch(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if status != http.StatusOK {
				w.WriteHeader(status)
			}
		}))
		get := func(agent, timeout, target string) {
			r := httptest.NewRequest(http.MethodGet, target, nil)
			r.Header.Set("User-Agent", agent)
			if timeout != "" {
				r.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", timeout)
			}
			h.ServeHTTP(httptest.NewRecorder(), r)
			time.Sleep(time.Millisecond)
		}
		scrape := func(agent, target string) { get(agent, "5", target) }
		f := func(when string, since time.Time, others int, want bool) {
			t.Helper()
			if got := s.Since(since, others); got != want {
				t.Errorf("%s: %v, want %v", when, got, want)
			}
		}
		start := time.Now()
		time.Sleep(time.Millisecond)
		f("without a client", start, 0, false)
		get("curl", "", "/metrics")
		f("somebody had a look", start, 0, false)
		scrape("a", "/metrics")
		f("after the first scrape", start, 0, true)
		f("after the first scrape, where others have one scraper", start, 1, true)
		f("after the first scrape, where others have two scrapers", start, 2, false)
		f("before a second one", time.Now(), 0, false)
		scrape("b", "/metrics")
		f("after the first scrapes of two", start, 2, true)
		for range 2 {
			time.Sleep(10 * time.Second)
			scrape("a", "/metrics")
			scrape("b", "/metrics")
		}
		t1 := time.Now()
		f("of two regular clients none", t1, 0, false)
		time.Sleep(10 * time.Second)
		scrape("a", "/metrics")
		f("of two regular clients one", t1, 0, false)
		scrape("b", "/healthz")
		status = http.StatusServiceUnavailable
		scrape("b", "/metrics")
		f("what is no scrape", t1, 0, false)
		status = http.StatusOK
		scrape("b", "/metrics")
		f("of two regular clients both", t1, 0, true)
		if n := s.Count(); n != 2 {
			t.Errorf("%d scrapers, want 2", n)
		}
		time.Sleep(31 * time.Second)
		t2 := time.Now()
		time.Sleep(time.Millisecond)
		scrape("a", "/metrics")
		f("the other is gone", t2, 0, true)
	})
}

// TestScrapersOfParts has one client fetch eight parts: it has come once all of them are fetched.
func TestScrapersOfParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const parts = 8
		s := server.NewScrapers()
		h := s.Watch(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		fetch := func(i int) {
			r := httptest.NewRequest(http.MethodGet, fmt.Sprintf("/metrics?shard=%d%%2F%d", i, parts), nil)
			r.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", "5")
			h.ServeHTTP(httptest.NewRecorder(), r)
			time.Sleep(time.Second)
		}
		for range 3 {
			for i := range parts {
				fetch(i)
			}
			time.Sleep(2 * time.Second)
		}
		if n := s.Count(); n != parts {
			t.Errorf("%d scrapers, want %d", n, parts)
		}
		since := time.Now()
		time.Sleep(time.Millisecond)
		for i := range parts {
			if s.Since(since, parts) || s.Since(since, 0) {
				t.Errorf("after %d of %d parts", i, parts)
			}
			fetch(i)
		}
		if !s.Since(since, parts) || s.Since(since, parts+1) {
			t.Error("after all parts")
		}
	})
}

// TestScrapersKeepNoConnections holds that a remembered scraper does not keep its closed connection.
func TestScrapersKeepNoConnections(t *testing.T) {
	s, l := server.NewScrapers(), &weakly{closing: listen(t), accepted: make(chan weak.Pointer[noted], 1)}
	running := serve(l, s.Watch(mainPort(prometheus.NewRegistry())), time.Minute, &levels{})
	defer running.stop(t)
	c := dialFrom(t, "127.0.0.1", l, "GET /metrics HTTP/1.0\r\nX-Prometheus-Scrape-Timeout-Seconds: 5\r\n\r\n")
	if _, err := io.ReadAll(c); err != nil {
		t.Fatal(err)
	}
	for accepted := <-l.accepted; accepted.Value() != nil; { // for ever if the connection is kept
		runtime.GC()
	}
	if !s.Since(time.Time{}, 1) {
		t.Error("the scraper is not remembered")
	}
}

// weakly is a listener that keeps weak pointers to its connections.
type weakly struct {
	*closing
	accepted chan weak.Pointer[noted]
}

type noted struct{ net.Conn }

func (l *weakly) Accept() (net.Conn, error) {
	c, err := l.closing.Accept()
	if err != nil {
		return nil, err
	}
	n := &noted{c}
	l.accepted <- weak.Make(n)
	return n, nil
}

// TestUnreadAnswers holds that incomplete responses do not count.
func TestUnreadAnswers(t *testing.T) {
	f := func(ctx context.Context, name string, w http.ResponseWriter, want bool) {
		t.Helper()
		s := server.NewScrapers()
		h := s.Watch(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("kube_pod_info 1\n"))
			_, _ = w.Write(nil)
		}))
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/metrics", nil)
		r.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", "5")
		h.ServeHTTP(w, r)
		if got := s.Since(time.Time{}, 0); got != want {
			t.Errorf("%s: scraped is %v, want %v", name, got, want)
		}
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	f(t.Context(), "read", httptest.NewRecorder(), true)
	f(gone, "gone when it is written", httptest.NewRecorder(), false)
	f(t.Context(), "cut off", &cutOff{ResponseWriter: httptest.NewRecorder()}, false)
}

// cutOff is a response whose first write fails.
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
