package server

import (
	"cmp"
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

// maxConnections bounds the connections of a port. A connection that sends the largest header takes
// about 100 KiB over TLS, and about 280 KiB over HTTP/2.
const maxConnections = 256

// Evictions registers with reg the counters of connections that the main port and the telemetry port
// close in favor of new ones.
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

	address string // of the client
	network netip.Prefix

	// Guarded by connections.mu.
	ofAddress, ofNetwork *int   // how many connections the address and the network have
	active               bool   // a request is being served
	changed              uint64 // connections.changes when active was set
}

// A life says whether a connection is closed. It outlives the buffers and client certificates of the
// connection.
type life struct{ closed atomic.Bool }

// connections are the open connections of a port. At the limit, a new connection evicts one: of the
// network with the most connections, there of the address with the most, there an idle one rather
// than an active one, and of those the one whose state is oldest. So neither idle connections nor
// unfinished requests lock a scraper out.
type connections struct {
	limit   int
	evicted prometheus.Counter

	mu       sync.Mutex
	changes  uint64
	open     map[net.Conn]*conn
	clients  map[string]*int // connections by address
	networks map[netip.Prefix]*int
}

func newConnections(limit int, evicted prometheus.Counter) *connections {
	return &connections{limit: limit, evicted: evicted, open: map[net.Conn]*conn{}, clients: map[string]*int{}, networks: map[netip.Prefix]*int{}}
}

// connection is the context key of a request's connection.
type connection struct{}

// connectionOf is the connection of a request, nil if there is none.
func connectionOf(ctx context.Context) *conn {
	c, _ := ctx.Value(connection{}).(*conn)
	return c
}

// lifeOf is the life of a request's connection, nil if there is none.
func lifeOf(ctx context.Context) *life {
	if c := connectionOf(ctx); c != nil {
		return c.life
	}
	return nil
}

// accept is an http.Server.ConnContext.
func (s *connections) accept(ctx context.Context, accepted net.Conn) context.Context {
	host := hostOf(accepted.RemoteAddr().String())
	c := &conn{Conn: accepted, life: &life{}, address: host, network: networkOf(host)}
	if victim := s.add(c); victim != nil {
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

// networkOf is the network of a host. All malformed hosts have one network.
func networkOf(host string) netip.Prefix {
	address, _ := netip.ParseAddr(host)
	return peer.Network(address)
}

// abort closes the connection without the close_notify of TLS, which would wait for the client.
func (c *conn) abort() {
	c.closed.Store(true)
	if secured, ok := c.Conn.(*tls.Conn); ok {
		_ = secured.NetConn().Close() // the connection is given up
		return
	}
	_ = c.Close() // likewise
}

// add adds a connection. It returns the evicted one, if any.
func (s *connections) add(c *conn) (victim *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.open) >= s.limit {
		victim = s.victim()
		s.remove(victim)
	}
	s.open[c.Conn] = c
	c.ofAddress, c.ofNetwork = counted(s.clients, c.address), counted(s.networks, c.network)
	s.setActive(c, false)
	return victim
}

// counted adds one to the count of a key.
func counted[K comparable](counts map[K]*int, key K) *int {
	n := counts[key]
	if n == nil {
		n = new(int)
		counts[key] = n
	}
	*n++
	return n
}

func (s *connections) victim() (victim *conn) {
	for _, c := range s.open {
		if victim == nil || compare(c, victim) > 0 {
			victim = c
		}
	}
	return victim
}

// compare orders connections: the largest is evicted first.
func compare(a, b *conn) int {
	idle := 0
	switch {
	case a.active && !b.active:
		idle = -1
	case !a.active && b.active:
		idle = 1
	}
	return cmp.Or(
		cmp.Compare(*a.ofNetwork, *b.ofNetwork),
		cmp.Compare(*a.ofAddress, *b.ofAddress),
		idle,
		cmp.Compare(b.changed, a.changed),
	)
}

// changed is an http.Server.ConnState.
func (s *connections) changed(accepted net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.open[accepted]
	if c == nil {
		return // evicted
	}
	switch state {
	case http.StateNew:
	case http.StateActive, http.StateIdle:
		s.setActive(c, state == http.StateActive)
	case http.StateHijacked, http.StateClosed:
		c.closed.Store(true)
		s.remove(c)
	}
}

func (s *connections) setActive(c *conn, active bool) {
	s.changes++
	c.active, c.changed = active, s.changes
}

func (s *connections) remove(c *conn) {
	delete(s.open, c.Conn)
	if *c.ofAddress--; *c.ofAddress == 0 {
		delete(s.clients, c.address)
	}
	if *c.ofNetwork--; *c.ofNetwork == 0 {
		delete(s.networks, c.network)
	}
}
