package listwatch

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/sharding"
)

// A Shard chooses the objects of one loop by the hashes of their uids. The server is asked for
// these alone; others that it sends are dropped, before they are decoded where possible. It may
// be used concurrently.
type Shard struct {
	ranges  atomic.Pointer[sharding.Ranges]
	skipped func() prometheus.Counter // shown once something can be skipped

	// ours and foreign count objects of the present response, last is when the last foreign one
	// came, in Unix nanoseconds.
	ours, foreign, last atomic.Int64
	server              atomic.Pointer[bool] // whether the server filters; nil if that is unknown
}

// NewShard makes the shard of a resource's loop.
func NewShard(resource string, ranges sharding.Ranges, m *Metrics) *Shard {
	s := &Shard{skipped: sync.OnceValue(func() prometheus.Counter { return m.skipped.WithLabelValues(resource) })}
	if !ranges.IsAll() {
		s.skipped()
	}
	s.ranges.Store(&ranges)
	return s
}

// telling is how many objects of one response must all be of the shard for the server to have
// filtered them: with two shards, chance does so once in a million times.
const telling = 20

// Present gives the ranges of the shard.
func (s *Shard) Present() sharding.Ranges { return *s.ranges.Load() }

// All reports whether the shard has every object.
func (s *Shard) All() bool { return s.Present().IsAll() }

// Wants reports whether the shard has the object of a uid. One that it does not have is counted.
func (s *Shard) Wants(uid []byte) bool {
	return s.All() || s.Present().Holds(sharding.Hash(uid)) || s.skip()
}

// ServerFilters reports whether the server filters by shard, and false if that is unknown.
func (s *Shard) ServerFilters() (filters, known bool) {
	server := s.server.Load()
	return server != nil && *server, server != nil
}

// HasKey reports whether the shard has the object of a key.
func (s *Shard) HasKey(key string) bool { return s.Present().Holds(sharding.Hash(key)) }

// Has reports whether the shard has an object.
func (s *Shard) Has(o metav1.Object) bool { return s.HasKey(Key(o)) }

// drop removes ranges.
func (s *Shard) drop(gone sharding.Ranges) {
	rest := s.Present().Minus(gone)
	s.ranges.Store(&rest)
}

// begin notes that a response begins.
func (s *Shard) begin() {
	s.ours.Store(0)
	s.foreign.Store(0)
}

// skip counts an object that is dropped, and is false.
func (s *Shard) skip() bool {
	s.skipped().Inc()
	s.last.Store(time.Now().UnixNano())
	if s.foreign.Add(1) == 1 {
		s.filtered(false)
	}
	return false
}

// takes is Wants for an object that is decoded.
func (s *Shard) takes(o metav1.Object) bool {
	switch {
	case s.All():
		return true
	case !s.Has(o):
		return s.skip()
	case s.ours.Add(1) == telling && s.foreign.Load() == 0:
		s.filtered(true)
	}
	return true
}

// filtered notes whether the server filters by shard.
func (s *Shard) filtered(filters bool) { s.server.Store(&filters) }
