package server

import (
	"cmp"
	"container/list"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/peer"
)

// maxConnections bounds the connections of a port. One that sends the largest header
// over TLS takes about 100 KiB, by HTTP/2 about 280 KiB.
const maxConnections = 256

// Evictions are counters, registered with reg, of the connections that the main port
// and the telemetry port close to make room for others.
func Evictions(reg prometheus.Registerer) (main, telemetry prometheus.Counter) {
	all := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "kubestate_connections_evicted_total",
		Help: "Connections closed in favor of new ones, by port: http-metrics or telemetry.",
	}, []string{"port"})
	reg.MustRegister(all)
	return all.WithLabelValues("http-metrics"), all.WithLabelValues("telemetry")
}

// A conn is a connection of a port.
type conn struct {
	net.Conn
	*life
	wants certificateWish // written before the first request

	// For connections, under its lock.
	of     *client
	place  *list.Element // in of.waiting or of.busy
	active bool          // a request is being answered
}

// A life says whether a connection is closed. Who remembers a connection keeps its life
// alone: the rest has buffers, and certificates that the client sent.
type life struct{ closed atomic.Bool }

// A client is an address and its connections, those that changed state first in
// front.
type client struct {
	address       string
	network       netip.Prefix
	waiting, busy list.List // of *conn; waiting for a request or for its header, answering one
}

func (p *client) count() int { return p.waiting.Len() + p.busy.Len() }

// connections are the open connections of a port, limit at most: a new one beyond the
// limit closes another. That is one of the network that has most, and there of the address
// that has most: the one that has waited longest for a request, and if none waits, the one
// that has been busy longest. So neither idle connections nor unfinished requests keep a
// scraper out.
type connections struct {
	limit   int
	evicted prometheus.Counter

	mu       sync.Mutex
	open     map[net.Conn]*conn
	clients  map[string]*client
	networks map[netip.Prefix]int // connections
}

func newConnections(limit int, evicted prometheus.Counter) *connections {
	return &connections{limit: limit, evicted: evicted, open: map[net.Conn]*conn{}, clients: map[string]*client{}, networks: map[netip.Prefix]int{}}
}

// connection is the key of a request's connection in its context.
type connection struct{}

// connectionOf is the connection of a request, nil if there is none.
func connectionOf(ctx context.Context) *conn {
	c, _ := ctx.Value(connection{}).(*conn)
	return c
}

// lifeOf is that of the connection of a request, nil if there is none.
func lifeOf(ctx context.Context) *life {
	if c := connectionOf(ctx); c != nil {
		return c.life
	}
	return nil
}

// accept is for http.Server.ConnContext.
func (s *connections) accept(ctx context.Context, accepted net.Conn) context.Context {
	c := &conn{Conn: accepted, life: &life{}}
	if victim := s.add(c, hostOf(accepted.RemoteAddr().String())); victim != nil {
		s.evicted.Inc()
		victim.abort()
	}
	return context.WithValue(ctx, connection{}, c)
}

// hostOf is the host of an address that may have a port.
func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}

// networkOf is what counts as one client of a host.
func networkOf(host string) netip.Prefix {
	address, _ := netip.ParseAddr(host) // what is none is of one network
	return peer.Network(address)
}

// abort closes the connection without a word: that of TLS would wait for the client.
func (c *conn) abort() {
	c.closed.Store(true)
	if secured, ok := c.Conn.(*tls.Conn); ok {
		_ = secured.NetConn().Close() // it is of no use any more
		return
	}
	_ = c.Close() // likewise
}

// add makes room for the connection. It gives what has to be closed for that.
func (s *connections) add(c *conn, address string) (victim *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.open) >= s.limit {
		victim = s.crowded().first()
		s.remove(victim)
	}
	p := s.clients[address]
	if p == nil {
		p = &client{address: address, network: networkOf(address)}
		s.clients[address] = p
	}
	s.networks[p.network]++
	c.of, c.place = p, p.waiting.PushBack(c)
	s.open[c.Conn] = c
	return victim
}

// crowded is who has most connections of the network that has most.
func (s *connections) crowded() (most *client) {
	for _, p := range s.clients {
		if most == nil || cmp.Or(cmp.Compare(s.networks[p.network], s.networks[most.network]), cmp.Compare(p.count(), most.count())) > 0 {
			most = p
		}
	}
	return most
}

// first is the connection of the client that can best be done without.
func (p *client) first() *conn {
	if p.waiting.Len() > 0 {
		return p.waiting.Front().Value.(*conn)
	}
	return p.busy.Front().Value.(*conn)
}

// changed is for http.Server.ConnState.
func (s *connections) changed(accepted net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.open[accepted]
	if c == nil {
		return // it was closed to make room
	}
	switch state {
	case http.StateNew:
	case http.StateActive, http.StateIdle:
		c.move(state == http.StateActive)
	case http.StateHijacked, http.StateClosed:
		c.closed.Store(true)
		s.remove(c)
	}
}

func (c *conn) move(active bool) {
	from, to := &c.of.waiting, &c.of.busy
	if c.active {
		from = &c.of.busy
	}
	if !active {
		to = &c.of.waiting
	}
	from.Remove(c.place)
	c.place, c.active = to.PushBack(c), active
}

func (s *connections) remove(c *conn) {
	if c.active {
		c.of.busy.Remove(c.place)
	} else {
		c.of.waiting.Remove(c.place)
	}
	if c.of.count() == 0 {
		delete(s.clients, c.of.address)
	}
	if s.networks[c.of.network]--; s.networks[c.of.network] == 0 {
		delete(s.networks, c.of.network)
	}
	delete(s.open, c.Conn)
}
