package listwatch

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/sharding"
)

// A Shard selects the objects of one loop by the hashes of their uids. Requests have its selector;
// other objects that the server sends are dropped, before decoding if possible. It may be used
// concurrently.
type Shard struct {
	ranges  atomic.Pointer[sharding.Ranges]
	skipped func() prometheus.Counter // registered once objects can be skipped

	// ours and foreign count objects of the present response. lastForeign is the time of the last
	// foreign one, in Unix nanoseconds.
	ours, foreign, lastForeign atomic.Int64
	server                     atomic.Pointer[bool] // whether the server filters; nil if unknown
}

// NewShard returns the shard of a resource's loop.
func NewShard(resource string, ranges sharding.Ranges, m *Metrics) *Shard {
	s := &Shard{skipped: sync.OnceValue(func() prometheus.Counter { return m.skipped.WithLabelValues(resource) })}
	if !ranges.IsAll() {
		s.skipped()
	}
	s.ranges.Store(&ranges)
	return s
}

// minFiltered is the number of objects of one response, all of the shard, from which the server is
// known to filter: with two shards, chance is one in a million.
const minFiltered = 20

// Present returns the ranges of the shard.
func (s *Shard) Present() sharding.Ranges { return *s.ranges.Load() }

// All reports whether the shard has all objects.
func (s *Shard) All() bool { return s.Present().IsAll() }

// Wants reports whether the shard has the object of a uid. It counts the others.
func (s *Shard) Wants(uid []byte) bool {
	return s.All() || s.Present().Holds(sharding.Hash(uid)) || s.skip()
}

// ServerFilters reports whether the server filters by shard, and whether that is known.
func (s *Shard) ServerFilters() (filters, known bool) {
	server := s.server.Load()
	return server != nil && *server, server != nil
}

// HasKey reports whether the shard has the object of a key.
func (s *Shard) HasKey(key string) bool { return s.Present().Holds(sharding.Hash(key)) }

// Has reports whether the shard has an object.
func (s *Shard) Has(o metav1.Object) bool { return s.HasKey(Key(o)) }

// drop removes ranges.
func (s *Shard) drop(lost sharding.Ranges) {
	rest := s.Present().Minus(lost)
	s.ranges.Store(&rest)
}

// begin resets the counts for a response.
func (s *Shard) begin() {
	s.ours.Store(0)
	s.foreign.Store(0)
}

// skip counts a dropped object and returns false.
func (s *Shard) skip() bool {
	s.skipped().Inc()
	s.lastForeign.Store(time.Now().UnixNano())
	if s.foreign.Add(1) == 1 {
		s.filtered(false)
	}
	return false
}

// wantsObject is Wants for a decoded object.
func (s *Shard) wantsObject(o metav1.Object) bool {
	switch {
	case s.All():
		return true
	case !s.Has(o):
		return s.skip()
	case s.ours.Add(1) == minFiltered && s.foreign.Load() == 0:
		s.filtered(true)
	}
	return true
}

// filtered records whether the server filters by shard.
func (s *Shard) filtered(filters bool) { s.server.Store(&filters) }
