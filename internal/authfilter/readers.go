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

// A client is where a request comes from.
type client struct {
	// address is the network that counts as one client.
	address netip.Prefix
	// connection is the address and port. No other connection has them now.
	connection netip.AddrPort
}

// clientOf reads it off the connection; header fields can say anything. Clients whose
// address cannot be read are one.
func clientOf(r *http.Request) client {
	connection, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return client{}
	}
	ip := connection.Addr().Unmap().WithZone("")
	return client{peer.Network(ip), netip.AddrPortFrom(ip, connection.Port())}
}

// Bounds of what is remembered of readers: how many addresses, and of each how many
// connections and subjects, the ones that were used last.
const (
	readerAddresses   = 1024
	readerConnections = 16
	readerSubjects    = 8
)

// readers remembers who had a good token, so that a next one of theirs is not asked
// about in one line with everybody's. It says nothing of whether that one is good. Who
// never had a good token is not remembered, and so cannot push out others.
//
// What is remembered counts for one question: a reader is as good as its last token.
type readers struct {
	seed maphash.Seed
	mu   sync.Mutex
	seen *cache.LRUExpireCache // of addresses to *reader
}

// A reader is what was good at an address.
type reader struct {
	address     bool
	connections []netip.AddrPort
	subjects    []uint64
}

func newReaders() *readers {
	return &readers{seed: maphash.MakeSeed(), seen: cache.NewLRUExpireCache(readerAddresses)}
}

// good notes that the client's token is good.
func (r *readers) good(c client) {
	r.note(c, func(k *reader) { k.connections = renew(k.connections, c.connection, readerConnections) })
}

// asked notes that a token has been asked about and is good.
func (r *readers) asked(c client, token string) {
	subject, ok := r.subject(token)
	r.note(c, func(k *reader) {
		k.address = true
		if ok {
			k.subjects = renew(k.subjects, subject, readerSubjects)
		}
	})
}

// take says whether the client counts as one whose last token was good: for its
// connection, for whom the token says that it is of, or for its address. It counts so
// once, until there is a good token again, or until giveBack if nothing came of it.
func (r *readers) take(c client, token string) (giveBack func(), ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found, ok := r.seen.Get(c.address)
	if !ok {
		return nil, false
	}
	known := found.(*reader)
	if used(&known.connections, c.connection) {
		return func() {
			r.note(c, func(k *reader) { k.connections = renew(k.connections, c.connection, readerConnections) })
		}, true
	}
	if subject, ok := r.subject(token); ok && used(&known.subjects, subject) {
		return func() { r.note(c, func(k *reader) { k.subjects = renew(k.subjects, subject, readerSubjects) }) }, true
	}
	if !known.address {
		return nil, false
	}
	known.address = false
	return func() { r.note(c, func(k *reader) { k.address = true }) }, true
}

// note changes what is known of the client's address.
func (r *readers) note(c client, change func(*reader)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := &reader{}
	if found, ok := r.seen.Get(c.address); ok {
		known = found.(*reader)
	}
	change(known)
	r.seen.Add(c.address, known, remembered)
}

// renew puts an element last, of at most so many.
func renew[T comparable](all []T, one T, most int) []T {
	used(&all, one)
	if len(all) == most {
		all = slices.Delete(all, 0, 1)
	}
	return append(all, one)
}

// used takes an element out, if it is there.
func used[T comparable](all *[]T, one T) bool {
	i := slices.Index(*all, one)
	if i >= 0 {
		*all = slices.Delete(*all, i, i+1)
	}
	return i >= 0
}

// subject is whom a JSON web token says that it is of, by issuer and subject. Nobody has
// checked that: it decides who waits how long, never who gets in.
func (r *readers) subject(token string) (subject uint64, ok bool) {
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
	return maphash.Comparable(r.seed, claims), true
}
