package watcher

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/sharding"
)

// share is which objects one feed is to have: those whose uids have hashes in
// certain ranges. The API server is asked for these alone, and what others it
// sends is skipped: in their wire form where that can be, and else when they are
// decoded. It may be used concurrently.
type share struct {
	ranges   atomic.Pointer[sharding.Ranges]
	skipped  func() prometheus.Counter // shown once something can be
	filtered *prometheus.GaugeVec      // by resource
	resource string

	// What has come of the present answer, a list or a watch, and when the last
	// object came that was skipped, in Unix nanoseconds.
	ours, foreign, last atomic.Int64
	told                atomic.Int32 // 1 or -1: whether the API server chooses, 0 if that is not known
}

func newShare(d generators.Description, ranges sharding.Ranges, m *Metrics) *share {
	s := &share{filtered: m.filtered, resource: d.Name}
	s.skipped = sync.OnceValue(func() prometheus.Counter { return m.skipped.WithLabelValues(d.Name) })
	if !ranges.IsAll() {
		s.skipped()
	}
	s.ranges.Store(&ranges)
	return s
}

// telling is how many objects of one answer must all be ours for the API server to
// have chosen them: with two shards, chance does so once in a million times.
const telling = 20

var errOtherShard = errors.New("the API server answers for another shard than it is asked for")

// present is what there is to be at the moment.
func (s *share) present() sharding.Ranges { return *s.ranges.Load() }

// has says whether an object of the uid is to be had.
func (s *share) has(uid string) bool { return s.present().Holds(sharding.Hash(uid)) }

// drop leaves out some of it.
func (s *share) drop(gone sharding.Ranges) {
	rest := s.present().Minus(gone)
	s.ranges.Store(&rest)
}

// begin notes that an answer begins.
func (s *share) begin() {
	s.ours.Store(0)
	s.foreign.Store(0)
}

// wants says whether an object of the uid is to be had. One that is not is
// counted.
func (s *share) wants(uid []byte) bool { return s.present().Holds(sharding.Hash(uid)) || s.skip() }

// skip notes an object that is not to be had, and is false.
func (s *share) skip() bool {
	s.skipped().Inc()
	s.last.Store(time.Now().UnixNano())
	if s.foreign.Add(1) == 1 {
		s.tell(false)
	}
	return false
}

// takes is wants for an object that is decoded.
func (s *share) takes(o metav1.Object) bool {
	switch {
	case s.present().IsAll():
		return true
	case !s.has(key(o)):
		return s.skip()
	case s.ours.Add(1) == telling && s.foreign.Load() == 0:
		s.tell(true)
	}
	return true
}

// check looks at what a list, or a page of one, says of the objects it has been
// chosen from, in forms that can say it: lists of metadata and tables are made
// without.
func (s *share) check(page any, selector string) error {
	list, ok := page.(metav1.ShardedListInterface)
	if !ok || list.GetShardInfo() == nil {
		return nil
	}
	if is := list.GetShardInfo().Selector; is != selector {
		return fmt.Errorf("%w: %s", errOtherShard, is)
	}
	if !s.present().IsAll() {
		s.tell(true)
	}
	return nil
}

// tell shows whether the API server chooses.
func (s *share) tell(filtered bool) {
	value, told := 0.0, int32(-1)
	if filtered {
		value, told = 1, 1
	}
	s.told.Store(told)
	s.filtered.WithLabelValues(s.resource).Set(value)
}
