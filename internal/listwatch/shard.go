package listwatch

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/sharding"
)

// A Shard selects the objects of one loop by the hashes of their uids and by namespace. Requests
// have the selector of the hashes; other objects that the server sends are dropped, before
// decoding if possible. It may be used concurrently.
type Shard struct {
	ranges     atomic.Pointer[sharding.Ranges]
	namespaces atomic.Pointer[map[string]bool] // nil for all
	skipped    func() prometheus.Counter       // registered once objects can be skipped

	// ours, foreign and dropped count objects of the present response: those of the shard, of
	// other shards, and of other shards or namespaces. lastDropped is the time of the last dropped
	// one, in Unix nanoseconds.
	ours, foreign, dropped, lastDropped atomic.Int64
	server                              atomic.Pointer[bool] // whether the server filters; nil if unknown
}

// NewShard returns the shard of a resource's loop; nil namespaces stand for all.
func NewShard(resource string, ranges sharding.Ranges, namespaces map[string]bool, m *Metrics) *Shard {
	s := &Shard{skipped: sync.OnceValue(func() prometheus.Counter { return m.skipped.WithLabelValues(resource) })}
	if !ranges.IsAll() || namespaces != nil {
		s.skipped()
	}
	if namespaces != nil {
		s.namespaces.Store(&namespaces)
	}
	s.ranges.Store(&ranges)
	return s
}

// minFiltered is the number of objects of one response, all of the shard, from which the server is
// known to filter: with two shards, chance is one in a million.
const minFiltered = 20

// Present returns the ranges of the shard.
func (s *Shard) Present() sharding.Ranges { return *s.ranges.Load() }

// All reports whether the shard has all objects of its namespaces.
func (s *Shard) All() bool { return s.Present().IsAll() }

// Wants reports whether the shard has the object of a namespace and uid. It counts the others.
func (s *Shard) Wants(namespace, uid []byte) bool {
	if names := s.namespaces.Load(); names != nil && !(*names)[string(namespace)] {
		return s.skip()
	}
	return s.All() || s.Present().Holds(sharding.Hash(uid)) || s.skipForeign()
}

// ServerFilters reports whether the server filters by shard, and whether that is known.
func (s *Shard) ServerFilters() (filters, known bool) {
	server := s.server.Load()
	return server != nil && *server, server != nil
}

// HasKey reports whether the shard has the object of a key, of one of its namespaces.
func (s *Shard) HasKey(key string) bool { return s.Present().Holds(sharding.Hash(key)) }

// Has reports whether the shard has an object.
func (s *Shard) Has(o metav1.Object) bool { return s.selects(o) && s.HasKey(Key(o)) }

// selects reports whether an object is of the namespaces of the shard.
func (s *Shard) selects(o metav1.Object) bool {
	names := s.namespaces.Load()
	return names == nil || (*names)[o.GetNamespace()]
}

// names returns the namespaces of the shard; nil for all.
func (s *Shard) names() map[string]bool {
	if names := s.namespaces.Load(); names != nil {
		return *names
	}
	return nil
}

// drop removes ranges.
func (s *Shard) drop(lost sharding.Ranges) {
	rest := s.Present().Minus(lost)
	s.ranges.Store(&rest)
}

// begin resets the counts for a response.
func (s *Shard) begin() {
	s.ours.Store(0)
	s.foreign.Store(0)
	s.dropped.Store(0)
}

// skip counts a dropped object and returns false.
func (s *Shard) skip() bool {
	s.skipped().Inc()
	s.lastDropped.Store(time.Now().UnixNano())
	s.dropped.Add(1)
	return false
}

// skipForeign is skip for an object of another shard.
func (s *Shard) skipForeign() bool {
	if s.foreign.Add(1) == 1 {
		s.filtered(false)
	}
	return s.skip()
}

// wantsObject is Wants for a decoded object.
func (s *Shard) wantsObject(o metav1.Object) bool {
	switch {
	case !s.selects(o):
		return s.skip()
	case s.All():
		return true
	case !s.HasKey(Key(o)):
		return s.skipForeign()
	case s.ours.Add(1) == minFiltered && s.foreign.Load() == 0:
		s.filtered(true)
	}
	return true
}

// filtered records whether the server filters by shard.
func (s *Shard) filtered(filters bool) { s.server.Store(&filters) }
