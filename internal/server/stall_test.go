package server_test

import (
	"bufio"
	"io"
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

// stands is how long a client may stand still while others wait.
const stands = 2 * time.Second

// crowded is a main port of which all turns are taken, by clients with large answers.
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
	s := serve(c, server.Main(&source{resources: []*store.Resource{many}}, server.Limits{Scrapes: clients, Answer: time.Minute}, never, c.registry), time.Minute, &levels{})
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

// another scrapes, reads at once, and gives how long that took.
func (c *crowded) another(t *testing.T) time.Duration {
	t.Helper()
	began, client := time.Now(), c.dial(t, scrape)
	defer client.Close()
	c.reads(t, client)
	return time.Since(began)
}

// reads has a client read its answer.
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

func (c *crowded) cutOff(t *testing.T) (n float64) {
	t.Helper()
	families, err := c.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == "kubestate_scrapes_cut_off_total" {
			n = valueOf(family.GetMetric()[0])
		}
	}
	return n
}

// TestStalledClientsLoseTheirTurn has clients take all turns and read nothing. As
// many as wait lose their turn, those who have stood still for longest, and none
// while nobody waits.
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

// TestStalledClientsAllLoseTheirTurns has several wait at the same time.
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

// trickle reads some at a time.
type trickle struct{ io.Reader }

func (s trickle) Read(p []byte) (int, error) {
	time.Sleep(10 * time.Millisecond)
	return s.Reader.Read(p[:min(len(p), 4<<10)])
}

// TestSlowClientsKeepTheirTurn has one read slowly, longer than anybody may stand
// still, and one not at all.
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
