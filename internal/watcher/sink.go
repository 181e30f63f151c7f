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
	owners    *workloads.Owners // that the objects are; nil if they are none
	unstored  bool              // objects have no other use
	pods      *workloads.Pods   // for the derived families; nil if there are none
	seconds   prometheus.Counter

	// Scratch memory of render.
	text []byte
	ends []int
}

// Begin opens a batch.
func (s *sink) Begin() listwatch.Batch { return s.begin() }

func (s *sink) begin() *batch {
	b := &batch{Staging: s.partition.Begin(), sink: s}
	if s.owners != nil {
		b.owners = s.owners.Begin()
	}
	if s.pods != nil {
		b.pods = s.pods.Begin(b.Staging)
	}
	return b
}

// Set renders an object, unless it is new and the limit is reached.
func (s *sink) Set(o metav1.Object) error {
	key := listwatch.Key(o)
	if limit := s.loop.Limit; limit > 0 && !s.partition.Has(key) && int64(s.partition.Len()) >= limit {
		return nil
	}
	if s.owners != nil {
		s.owners.Set(key, o)
	}
	return s.render(key, s.set, o)
}

// set stores an object with its lines.
func (s *sink) set(o metav1.Object, r *store.Rendered) bool {
	if s.pods != nil {
		return s.pods.Set(o, r)
	}
	return s.partition.Set(*r)
}

// Delete removes an object.
func (s *sink) Delete(o metav1.Object) {
	key := listwatch.Key(o)
	if s.owners != nil {
		s.owners.Delete(key)
	}
	if s.pods != nil {
		s.pods.Delete(key)
	}
	s.partition.Delete(key)
	if l, ok := o.(*apiclient.Lazy); ok {
		l.Release()
	}
}

// render renders an object and passes it to set under a key. Of a partial object it renders only
// the mixed families, if set keeps the text of the others. A lazy object is released.
func (s *sink) render(key string, set func(metav1.Object, *store.Rendered) bool, o metav1.Object) error {
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
			r.Unchanged = s.specOnly
			done := set(l.Object, &r)
			s.text, s.ends, r.Unchanged = r.Text, r.Ends, nil
			if done {
				return nil
			}
		}
		if err := l.Complete(); err != nil {
			return err
		}
		o = l.Object
	}
	r.Text, r.Ends = s.renderer.Render(s.text[:0], s.ends[:0], o)
	set(o, &r)
	s.text, s.ends = r.Text, r.Ends
	return nil
}

// A batch renders objects into the next content of a partition.
type batch struct {
	*store.Staging
	sink   *sink
	owners *workloads.OwnersBatch // nil if the sink has none
	pods   *workloads.PodsBatch   // nil if the sink has none
}

// Set renders an object.
func (b *batch) Set(o metav1.Object) error { return b.add(listwatch.Key(o), o) }

// add is Set under a key.
func (b *batch) add(key string, o metav1.Object) error {
	if b.owners != nil {
		b.owners.Set(key, o)
	}
	return b.sink.render(key, b.set, o)
}

// set is sink.set for the batch.
func (b *batch) set(o metav1.Object, r *store.Rendered) bool {
	if b.pods != nil {
		return b.pods.Set(o, r)
	}
	return b.Staging.Set(*r)
}

// Finish ends the list.
func (b *batch) Finish() {
	if b.pods != nil {
		b.pods.Finish()
	}
	b.Staging.Finish()
}

// Commit replaces the partition's content by the objects for whose keys keep returns true; nil
// keeps all.
func (b *batch) Commit(keep func(key string) bool) {
	if keep != nil {
		b.Retain(keep)
	}
	if b.owners != nil {
		b.owners.Commit(keep)
	}
	if b.pods != nil {
		b.pods.Commit(keep)
	} else {
		b.sink.partition.Replace(b.Staging)
	}
}
