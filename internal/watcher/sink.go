package watcher

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/apiclient"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/listwatch"
	"github.com/kubestate/kubestate/internal/store"
	"github.com/kubestate/kubestate/internal/workloads"
)

// A sink renders the objects of a loop, of one namespace or all, into a partition of the store.
type sink struct {
	loop      *listwatch.Loop
	renderer  *generators.Renderer
	specOnly  []bool // by family of the renderer
	partition *store.Partition
	source    workloads.Source // nil if the objects are not of interest for workloads
	pods      *workloads.Pods  // source, if the objects have derived families; nil otherwise
	unstored  bool             // objects are of interest for workloads alone
	seconds   prometheus.Counter

	// Scratch memory of render.
	text []byte
	ends []int
}

// Begin opens a batch.
func (s *sink) Begin() listwatch.Batch { return s.begin() }

func (s *sink) begin() *batch {
	b := &batch{Staging: s.partition.Begin(), sink: s}
	if s.source != nil {
		b.source = s.source.Begin()
	}
	return b
}

// Set renders an object, unless it is new and the limit is reached.
func (s *sink) Set(o metav1.Object) error {
	key := listwatch.Key(o)
	if limit := s.loop.Limit; limit > 0 && !s.partition.Has(key) && int64(s.partition.Len()) >= limit {
		return nil
	}
	if s.source != nil {
		s.source.Set(key, whole(o))
	}
	return s.render(key, s.partition.Set, o)
}

// whole returns the object of a lazy one, or o.
func whole(o metav1.Object) metav1.Object {
	if l, ok := o.(*apiclient.Lazy); ok {
		return l.Object
	}
	return o
}

// Delete removes an object.
func (s *sink) Delete(o metav1.Object) {
	key := listwatch.Key(o)
	if s.source != nil {
		s.source.Delete(key)
	}
	s.partition.Delete(key)
	if l, ok := o.(*apiclient.Lazy); ok {
		l.Release()
	}
}

// render renders an object and passes it to set under a key. Of a partial object it renders only
// the mixed families, if set keeps the text of the others. A lazy object is released.
func (s *sink) render(key string, set func(store.Rendered) bool, o metav1.Object) error {
	if s.unstored {
		return nil
	}
	began := time.Now()
	defer func() { s.seconds.Add(time.Since(began).Seconds()) }()
	r := store.Rendered{UID: key, Namespace: o.GetNamespace()}
	if l, ok := o.(*apiclient.Lazy); ok {
		defer l.Release()
		r.Fingerprint = l.Fingerprint()
		if l.Partial() {
			r.Text, r.Ends = s.renderer.RenderMixed(s.text[:0], s.ends[:0], l.Object)
			s.text, s.ends, r.Unchanged = r.Text, r.Ends, s.specOnly
			if set(r) {
				return nil
			}
			r.Unchanged = nil
		}
		if err := l.Complete(); err != nil {
			return err
		}
		o = l.Object
	}
	r.Text, r.Ends = s.renderer.Render(s.text[:0], s.ends[:0], o)
	s.text, s.ends = r.Text, r.Ends
	set(r)
	return nil
}

// A batch renders objects into the next content of a partition.
type batch struct {
	*store.Staging
	sink   *sink
	source workloads.Batch // nil if the sink has no source
}

// Set renders an object.
func (b *batch) Set(o metav1.Object) error { return b.set(listwatch.Key(o), o) }

// set is Set under a key.
func (b *batch) set(key string, o metav1.Object) error {
	if b.source != nil {
		b.source.Set(key, whole(o))
	}
	return b.sink.render(key, b.Staging.Set, o)
}

// Finish ends the list.
func (b *batch) Finish() {
	if b.source != nil {
		b.source.Finish()
	}
	b.Staging.Finish()
}

// Abandon ends the batch without a commit.
func (b *batch) Abandon() {
	if b.source != nil {
		b.source.Abandon()
	}
	b.Staging.Abandon()
}

// Commit replaces the partition's content by the objects for whose keys keep returns true; nil
// keeps all.
func (b *batch) Commit(keep func(key string) bool) {
	if keep != nil {
		b.Retain(keep)
	}
	b.sink.partition.Replace(b.Staging)
	if b.source != nil {
		b.source.Commit(keep)
	}
}
