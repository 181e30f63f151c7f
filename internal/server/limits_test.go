package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/store"
)

// busy is a main port whose scrapes block until they are released.
type busy struct {
	http.Handler
	registry *prometheus.Registry
	release  chan struct{}
}

// Resources blocks until released.
func (b *busy) Resources() []*store.Resource {
	<-b.release
	return resources
}

func (b *busy) Checks() []server.Check     { return nil }
func (b *busy) Clusters() []server.Cluster { return nil }
func (b *busy) Shard() string              { return "" }

func (b *busy) Open() bool { return true }

func newBusy(scrapes int) *busy {
	b := &busy{registry: prometheus.NewRegistry(), release: make(chan struct{})}
	quiet := prometheus.NewRegistry() // what it tells of the store waits as well
	b.Handler = mainOf(b, server.Limits{Scrapes: scrapes, Answer: time.Minute}, never, both{b.registry, quiet})
	return b
}

// both registers metrics without labels with plain, and all others with other.
type both struct{ plain, other *prometheus.Registry }

func (b both) Register(c prometheus.Collector) error {
	b.MustRegister(c)
	return nil
}

func (b both) MustRegister(cs ...prometheus.Collector) {
	for _, c := range cs {
		if _, ok := c.(prometheus.Metric); ok {
			b.plain.MustRegister(c)
		} else {
			b.other.MustRegister(c)
		}
	}
}

func (b both) Unregister(prometheus.Collector) bool { return false }

// scrape scrapes in the background.
func (b *busy) scrape(ctx context.Context, timeout string) <-chan timed {
	return b.scrapeFrom(ctx, "192.0.2.1", timeout)
}

// scrapeFrom scrapes from an address.
func (b *busy) scrapeFrom(ctx context.Context, address, timeout string) <-chan timed {
	answered, began := make(chan timed, 1), time.Now()
	go func() {
		request := httptest.NewRequestWithContext(ctx, http.MethodGet, "/metrics?resources=pods", nil)
		request.RemoteAddr = net.JoinHostPort(address, "1234")
		if timeout != "" {
			request.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", timeout)
		}
		r := httptest.NewRecorder()
		b.ServeHTTP(r, request)
		answered <- timed{r.Code, r.Header().Get("Retry-After"), r.Body.String(), time.Since(began)}
	}()
	synctest.Wait()
	return answered
}

// timed is a response and its duration.
type timed struct {
	Status     int
	RetryAfter string
	Body       string
	Took       time.Duration
}

// wantCounts holds the self-metrics of scrapes.
func (b *busy) wantCounts(t *testing.T, serving, waiting, refused float64) {
	t.Helper()
	families, err := b.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			got[family.GetName()] = valueOf(m)
		}
	}
	want := map[string]float64{"kubestate_scrapes_in_flight": serving, "kubestate_scrapes_waiting": waiting, "kubestate_scrapes_refused_total": refused, "kubestate_scrapes_aborted_total": 0}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func valueOf(m *dto.Metric) float64 { return m.GetGauge().GetValue() + m.GetCounter().GetValue() }

const refusal = "too many scrapes at the same time\n"

// TestScrapesTakeTurns has two concurrent scrapes: two more wait, further ones are refused at once, and
// waiters after a timeout.
func TestScrapesTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBusy(2)
		one, two := b.scrape(t.Context(), ""), b.scrape(t.Context(), "")
		b.wantCounts(t, 2, 0, 0)
		three, four := b.scrape(t.Context(), ""), b.scrape(t.Context(), "")
		b.wantCounts(t, 2, 2, 0)
		f := func(answered <-chan timed, want timed) {
			t.Helper()
			if d := cmp.Diff(want, <-answered); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		}
		f(b.scrape(t.Context(), ""), timed{503, "5", refusal, 0})
		b.wantCounts(t, 2, 2, 1)

		time.Sleep(time.Second)
		b.release <- struct{}{}
		synctest.Wait()
		b.wantCounts(t, 2, 1, 1) // three is admitted
		time.Sleep(4 * time.Second)
		synctest.Wait()
		b.wantCounts(t, 2, 0, 2) // four gave up
		close(b.release)
		synctest.Wait()
		b.wantCounts(t, 0, 0, 2)
		f(one, timed{200, "", pods, time.Second})
		f(two, timed{200, "", pods, 5 * time.Second})
		f(three, timed{200, "", pods, 5 * time.Second})
		f(four, timed{503, "5", refusal, 5 * time.Second})
		f(b.scrape(t.Context(), ""), timed{200, "", pods, 0})
	})
}

// TestTurnsAreShared fills the slots and the queue from one address. Another address gets a place in the
// queue, and the next slot.
func TestTurnsAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBusy(2)
		var crowd []<-chan timed
		for range 4 {
			crowd = append(crowd, b.scrapeFrom(t.Context(), "192.0.2.1", ""))
		}
		b.wantCounts(t, 2, 2, 0)
		f := func(who string, answered <-chan timed, want timed) {
			t.Helper()
			if d := cmp.Diff(want, <-answered); d != "" {
				t.Errorf("%s (-want +got):\n%s", who, d)
			}
		}
		one, two := b.scrapeFrom(t.Context(), "2001:db8::1", ""), b.scrapeFrom(t.Context(), "2001:db8::1", "")
		f("the last of the crowd", crowd[3], timed{503, "5", refusal, 0})
		f("the last but one", crowd[2], timed{503, "5", refusal, 0})
		f("one more than equal shares", b.scrapeFrom(t.Context(), "2001:db8::1", ""), timed{503, "5", refusal, 0})
		b.wantCounts(t, 2, 2, 3)
		b.release <- struct{}{}
		synctest.Wait()
		b.wantCounts(t, 2, 1, 3)
		f("who waits on", two, timed{503, "5", refusal, 5 * time.Second})
		close(b.release)
		for i, answered := range []<-chan timed{crowd[0], crowd[1], one} {
			if got := <-answered; got.Status != 200 {
				t.Errorf("%d: %+v", i, got)
			}
		}
		synctest.Wait()
		b.wantCounts(t, 0, 0, 4)
	})
}

// TestTurnsAreSharedAmongNetworks fills the slots and the queue from all addresses of one network. Another
// network gets a place in the queue, and the next slot.
func TestTurnsAreSharedAmongNetworks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBusy(2)
		var crowd []<-chan timed
		for i := range 4 {
			crowd = append(crowd, b.scrapeFrom(t.Context(), fmt.Sprint("2001:db8::", i), ""))
		}
		b.wantCounts(t, 2, 2, 0)
		other := b.scrapeFrom(t.Context(), "2001:db8:0:1::1", "")
		b.wantCounts(t, 2, 2, 1)
		b.release <- struct{}{}
		synctest.Wait()
		b.wantCounts(t, 2, 1, 1)
		close(b.release)
		if got := <-other; got.Status != 200 || got.Took > 0 {
			t.Errorf("the other network: %+v", got)
		}
		for _, answered := range crowd {
			<-answered
		}
		b.wantCounts(t, 0, 0, 1)
	})
}

// TestWaitingHasAnEnd holds that waiters are refused within their scrape timeout, and that closed requests
// leave the queue.
func TestWaitingHasAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBusy(1)
		first := b.scrape(t.Context(), "")
		if got, want := <-b.scrape(t.Context(), "4"), (timed{503, "5", refusal, 2 * time.Second}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if got, want := <-b.scrape(t.Context(), "30"), (timed{503, "5", refusal, 5 * time.Second}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		ctx, leave := context.WithCancel(t.Context())
		gone := b.scrape(ctx, "")
		b.wantCounts(t, 1, 1, 2)
		leave()
		<-gone
		b.wantCounts(t, 1, 0, 3)
		next := b.scrape(t.Context(), "")
		b.wantCounts(t, 1, 1, 3)
		close(b.release)
		if got := <-first; got.Status != 200 {
			t.Errorf("the first: %+v", got)
		}
		if got := <-next; got.Status != 200 {
			t.Errorf("the next: %+v", got)
		}
	})
}

// TestNoLimit has a hundred concurrent scrapes.
func TestNoLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBusy(0)
		var all []<-chan timed
		for range 100 {
			all = append(all, b.scrape(t.Context(), ""))
		}
		b.wantCounts(t, 100, 0, 0)
		close(b.release)
		for _, answered := range all {
			if got := <-answered; got.Status != 200 {
				t.Errorf("%+v", got)
			}
		}
	})
}

// TestDeadlineIsOfOneScrape scrapes twice on one connection: the timeout of the first scrape does not
// apply to the second. The server has no write timeout.
func TestDeadlineIsOfOneScrape(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newPipes()
		s := serve(l, mainOf(&source{resources: resources}, server.Limits{}, never, prometheus.NewRegistry()), 0, &levels{})
		c := l.dial(t, "GET /metrics HTTP/1.1\r\nHost: a\r\nX-Prometheus-Scrape-Timeout-Seconds: 1\r\n\r\n")
		answers := bufio.NewReader(c)
		f := func() {
			t.Helper()
			answer, err := http.ReadResponse(answers, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			if body, err := io.ReadAll(answer.Body); err != nil || string(body) != nodes+pods+jobs {
				t.Errorf("the answer is %q, %v", body, err)
			}
		}
		f()
		time.Sleep(2 * time.Second)
		if _, err := io.WriteString(c, scrape); err != nil {
			t.Fatal(err)
		}
		f()
		c.Close()
		s.stop(t)
	})
}

// TestProbesHaveNoTurn holds that probes need no slot.
func TestProbesHaveNoTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBusy(1)
		first := b.scrape(t.Context(), "")
		for _, path := range []string{"/healthz", "/livez"} {
			if got := ask(b, http.MethodGet, path); got.Status != 200 {
				t.Errorf("%s: %+v", path, got)
			}
		}
		close(b.release)
		<-first
	})
}

// TestLongURLs holds the longest URL of both ports.
func TestLongURLs(t *testing.T) {
	f := func(length, want int) {
		t.Helper()
		for name, h := range map[string]http.Handler{"main": mainPort(prometheus.NewRegistry()), "telemetry": telemetryPort(prometheus.NewRegistry())} {
			url := "/metrics?x="
			url += strings.Repeat("x", length-len(url))
			if got := ask(h, http.MethodGet, url).Status; got != want {
				t.Errorf("%s: %d bytes of URL: status %d, want %d", name, length, got, want)
			}
		}
	}
	f(8192, 200)
	f(8193, 414)
}
