package server_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/store"
)

// stands is the stall timeout.
const stands = 2 * time.Second

// crowded is a main port with all slots taken by clients that read nothing.
type crowded struct {
	*pipes
	registry *prometheus.Registry
	text     string
	clients  []net.Conn
}

func newCrowded(t *testing.T, clients int) *crowded {
	t.Helper()
	many, text := large(1)
	c := &crowded{pipes: newPipes(), registry: prometheus.NewRegistry(), text: text}
	s := serve(c, mainOf(&source{resources: []*store.Resource{many}}, server.Limits{Scrapes: clients, Answer: time.Minute}, never, c.registry), time.Minute, &levels{})
	t.Cleanup(func() {
		for _, client := range c.clients {
			client.Close()
		}
		s.stop(t)
	})
	for range clients {
		c.clients = append(c.clients, c.dial(t, scrape))
	}
	synctest.Wait()
	return c
}

// another scrapes and returns the duration.
func (c *crowded) another(t *testing.T) time.Duration {
	t.Helper()
	began, client := time.Now(), c.dial(t, scrape)
	defer client.Close()
	c.reads(t, client)
	return time.Since(began)
}

// reads reads a response.
func (c *crowded) reads(t *testing.T, client io.Reader) {
	t.Helper()
	response, err := http.ReadResponse(bufio.NewReader(client), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK || string(body) != c.text {
		t.Errorf("status %d, %d bytes of %d, %v", response.StatusCode, len(body), len(c.text), err)
	}
}

func (c *crowded) cutOff(t *testing.T) float64 {
	t.Helper()
	return gathered(t, c.registry, "kubestate_scrapes_aborted_total")
}

// gathered is the value of a metric without labels.
func gathered(t *testing.T, registry *prometheus.Registry, name string) (value float64) {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == name {
			value = valueOf(family.GetMetric()[0])
		}
	}
	return value
}

// TestStalledClientsLoseTheirTurn fills the slots with stalled clients. Each waiter aborts one response,
// the longest stalled one, and none is aborted without a waiter.
func TestStalledClientsLoseTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const turns = 5
		c := newCrowded(t, turns)
		if took := c.another(t); took != stands {
			t.Errorf("the first had to wait for %s", took)
		}
		if took := c.another(t); took != 0 {
			t.Errorf("the turn that became free was given after %s", took)
		}
		for range turns - 1 {
			time.Sleep(5 * time.Second)
			c.clients = append(c.clients, c.dial(t, scrape))
			synctest.Wait()
			if took := c.another(t); took != 250*time.Millisecond {
				t.Errorf("the next had to wait for %s", took)
			}
		}
		for _, later := range c.clients[turns:] {
			c.reads(t, later)
		}
		if n := c.cutOff(t); n != turns {
			t.Errorf("%v cut off", n)
		}
	})
}

// TestStalledClientsAllLoseTheirTurns has concurrent waiters.
func TestStalledClientsAllLoseTheirTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowded(t, 2)
		var waiting sync.WaitGroup
		for range 2 {
			waiting.Go(func() {
				if took := c.another(t); took != stands {
					t.Errorf("it had to wait for %s", took)
				}
			})
		}
		waiting.Wait()
		if n := c.cutOff(t); n != 2 {
			t.Errorf("%v cut off", n)
		}
	})
}

// trickle reads slowly.
type trickle struct{ io.Reader }

func (s trickle) Read(p []byte) (int, error) {
	time.Sleep(10 * time.Millisecond)
	return s.Reader.Read(p[:min(len(p), 4<<10)])
}

// TestSlowClientsKeepTheirTurn has a client that reads slowly, for longer than the stall timeout, and one
// that reads nothing.
func TestSlowClientsKeepTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowded(t, 2)
		began, took := time.Now(), time.Duration(0)
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.reads(t, trickle{c.clients[0]})
			took = time.Since(began)
		}()
		c.another(t)
		c.clients = append(c.clients, c.dial(t, scrape)) // that reads nothing either
		synctest.Wait()
		c.another(t)
		<-done
		if took < 2*stands {
			t.Errorf("the slow one took %s, too little for this test", took)
		}
		if n := c.cutOff(t); n != 2 {
			t.Errorf("%v cut off", n)
		}
	})
}

// halting is a connection that is read up to some byte.
type halting struct {
	net.Conn
	left   int
	closed chan struct{}
	once   sync.Once
}

func (h *halting) Read(p []byte) (int, error) {
	if h.left <= 0 {
		<-h.closed
		return 0, net.ErrClosed
	}
	n, err := h.Conn.Read(p)
	h.left -= n
	return n, err
}

func (h *halting) Close() error {
	h.once.Do(func() { close(h.closed) })
	return h.Conn.Close()
}

// TestStalledClientsOverTLS has clients that do not read a response, or not even their connection: they
// lose their slot to a waiter, and otherwise after a minute.
func TestStalledClientsOverTLS(t *testing.T) {
	a := newAuthority(t)
	config := a.config(t, "")
	four, size := larges(4)
	all := &source{resources: four} // more than the window of a stream
	const plenty = 1 << 40
	f := func(http2 bool, read int, want time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			l, registry := newPipes(), prometheus.NewRegistry()
			s := serveWeb(l, mainOf(all, server.Limits{Scrapes: 1, Answer: time.Minute}, never, both{registry, prometheus.NewRegistry()}), config, slog.DiscardHandler)
			stall := func() *http.Response {
				client := clientOf(a, http2)
				client.Transport.(*http.Transport).DialContext = func(context.Context, string, string) (net.Conn, error) {
					return &halting{Conn: l.dial(t, ""), left: read, closed: make(chan struct{})}, nil
				}
				response, err := client.Get("https://127.0.0.1/metrics")
				if err != nil {
					t.Fatal(err)
				}
				return response
			}
			inFlight := func(want float64) {
				t.Helper()
				synctest.Wait()
				if n := gathered(t, registry, "kubestate_scrapes_in_flight"); n != want {
					t.Errorf("%v scrapes in flight, want %v", n, want)
				}
			}
			first := stall()
			inFlight(1)
			time.Sleep(59 * time.Second)
			inFlight(1)
			time.Sleep(7 * time.Second)
			inFlight(0)
			second := stall()
			client := clientOf(a, http2)
			client.Transport.(*http.Transport).DialContext = func(context.Context, string, string) (net.Conn, error) {
				return l.dial(t, ""), nil
			}
			began := time.Now()
			got, _ := fetch(t, client, "https://127.0.0.1/metrics")
			if took := time.Since(began); took != want || got.Status != http.StatusOK || len(got.Body) != size {
				t.Errorf("another scraper got status %d, %d bytes by %s after %s", got.Status, len(got.Body), got.Proto, took)
			}
			if n := gathered(t, registry, "kubestate_scrapes_aborted_total"); n != 1 {
				t.Errorf("%v cut off", n)
			}
			first.Body.Close()
			second.Body.Close()
			s.stop(t)
		})
	}
	const again = 250 * time.Millisecond
	f(false, plenty, stands+again)
	f(true, plenty, stands)
	f(false, 100<<10, stands+again)
	f(true, 100<<10, stands+2*again) // one for the rest of a record that was written in part
}
