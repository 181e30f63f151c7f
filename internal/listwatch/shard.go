package listwatch

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/sharding"
)

// A Shard chooses the objects of one loop by the hashes of their uids and, if the loop watches
// all namespaces for some, by namespace. The server filters by hash where it can; other objects
// are dropped, before they are decoded where possible. It may be used concurrently.
type Shard struct {
	ranges     atomic.Pointer[sharding.Ranges]
	namespaces map[string]bool           // nil for all
	skipped    func() prometheus.Counter // shown once something can be skipped

	// ours, foreign and dropped count objects of the present response: those of the shard, of
	// other shards, and of other shards or namespaces. last is when the last dropped one came, in
	// Unix nanoseconds.
	ours, foreign, dropped, last atomic.Int64
	server                       atomic.Pointer[bool] // whether the server filters; nil if that is unknown
}

// NewShard makes the shard of a resource's loop. It has the objects of some namespaces, or of
// all if namespaces is nil.
func NewShard(resource string, ranges sharding.Ranges, namespaces map[string]bool, m *Metrics) *Shard {
	s := &Shard{namespaces: namespaces, skipped: sync.OnceValue(func() prometheus.Counter { return m.skipped.WithLabelValues(resource) })}
	if !ranges.IsAll() || namespaces != nil {
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

// All reports whether the shard has every object of its namespaces.
func (s *Shard) All() bool { return s.Present().IsAll() }

// Wants reports whether the shard has the object of a namespace and uid. An object that it does
// not have is counted.
func (s *Shard) Wants(namespace, uid []byte) bool {
	if s.namespaces != nil && !s.namespaces[string(namespace)] {
		return s.skip()
	}
	return s.All() || s.Present().Holds(sharding.Hash(uid)) || s.skipForeign()
}

// ServerFilters reports whether the server filters by shard, and false if that is unknown.
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
	return s.namespaces == nil || s.namespaces[o.GetNamespace()]
}

// drop removes ranges.
func (s *Shard) drop(gone sharding.Ranges) {
	rest := s.Present().Minus(gone)
	s.ranges.Store(&rest)
}

// begin notes that a response begins.
func (s *Shard) begin() {
	s.ours.Store(0)
	s.foreign.Store(0)
	s.dropped.Store(0)
}

// skip counts an object that is dropped, and is false.
func (s *Shard) skip() bool {
	s.skipped().Inc()
	s.last.Store(time.Now().UnixNano())
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

// takes is Wants for an object that is decoded.
func (s *Shard) takes(o metav1.Object) bool {
	switch {
	case !s.selects(o):
		return s.skip()
	case s.All():
		return true
	case !s.HasKey(Key(o)):
		return s.skipForeign()
	case s.ours.Add(1) == telling && s.foreign.Load() == 0:
		s.filtered(true)
	}
	return true
}

// filtered notes whether the server filters by shard.
func (s *Shard) filtered(filters bool) { s.server.Store(&filters) }
