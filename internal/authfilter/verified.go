package authfilter

import (
	"encoding/base64"
	"encoding/json"
	"hash/maphash"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/util/cache"

	"github.com/kubestate/kubestate/internal/peer"
)

// A client is the origin of a request.
type client struct {
	address    netip.Prefix   // the network that counts as one client
	connection netip.AddrPort // unique among open connections
}

// clientOf reads the client from the connection, since headers can be forged. All clients whose
// address cannot be parsed are one.
func clientOf(r *http.Request) client {
	connection, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return client{}
	}
	ip := connection.Addr().Unmap().WithZone("")
	return client{peer.Network(ip), netip.AddrPortFrom(ip, connection.Port())}
}

// Bounds of the addresses that verified has, and of the most recent connections and subjects of
// each.
const (
	maxAddresses   = 1024
	maxConnections = 16
	maxSubjects    = 8
)

// verified has the clients whose last token was valid, so that the review of their next token does
// not queue with those of unverified clients. It does not authenticate. Clients without a valid
// token are never added, and so evict none.
type verified struct {
	seed    maphash.Seed
	mu      sync.Mutex
	clients *cache.LRUExpireCache // of addresses to *evidence
}

// evidence has what identifies the verified clients of an address. Each piece serves one review.
type evidence struct {
	address     bool
	connections []netip.AddrPort
	subjects    []uint64
}

func newVerified() *verified {
	return &verified{seed: maphash.MakeSeed(), clients: cache.NewLRUExpireCache(maxAddresses)}
}

// addConnection adds the connection of a client whose token is valid.
func (v *verified) addConnection(c client) {
	v.update(c, func(e *evidence) { e.connections = push(e.connections, c.connection, maxConnections) })
}

// addToken adds the address and the subject of a token that a review found valid.
func (v *verified) addToken(c client, token string) {
	subject, ok := v.subject(token)
	v.update(c, func(e *evidence) {
		e.address = true
		if ok {
			e.subjects = push(e.subjects, subject, maxSubjects)
		}
	})
}

// take takes evidence for the client: its connection, the subject of its token, or its address.
// ok is false if there is none. restore gives the evidence back, for a review that was not sent.
func (v *verified) take(c client, token string) (restore func(), ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	found, ok := v.clients.Get(c.address)
	if !ok {
		return nil, false
	}
	e := found.(*evidence)
	if remove(&e.connections, c.connection) {
		return func() { v.addConnection(c) }, true
	}
	if subject, ok := v.subject(token); ok && remove(&e.subjects, subject) {
		return func() { v.update(c, func(e *evidence) { e.subjects = push(e.subjects, subject, maxSubjects) }) }, true
	}
	if !e.address {
		return nil, false
	}
	e.address = false
	return func() { v.update(c, func(e *evidence) { e.address = true }) }, true
}

// update changes the evidence of the client's address.
func (v *verified) update(c client, change func(*evidence)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	e := &evidence{}
	if found, ok := v.clients.Get(c.address); ok {
		e = found.(*evidence)
	}
	change(e)
	v.clients.Add(c.address, e, retention)
}

// push makes one the last of at most n elements.
func push[T comparable](all []T, one T, n int) []T {
	remove(&all, one)
	if len(all) == n {
		all = slices.Delete(all, 0, 1)
	}
	return append(all, one)
}

// remove removes an element and reports whether it was there.
func remove[T comparable](all *[]T, one T) bool {
	i := slices.Index(*all, one)
	if i >= 0 {
		*all = slices.Delete(*all, i, i+1)
	}
	return i >= 0
}

// subject returns a hash of the issuer and subject of a JSON web token. They are not verified: they
// choose a queue and grant nothing.
func (v *verified) subject(token string) (subject uint64, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return 0, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return 0, false
	}
	var claims struct{ Iss, Sub string }
	if err := json.Unmarshal(payload, &claims); err != nil || claims.Sub == "" {
		return 0, false
	}
	return maphash.Comparable(v.seed, claims), true
}
