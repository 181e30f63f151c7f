package watcher

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/apiclient"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/listwatch"
	"github.com/kubestate/kubestate/internal/store"
)

// A sink renders the objects of a loop, of one namespace or all, into a partition of the store.
type sink struct {
	loop      *listwatch.Loop
	renderer  *generators.Renderer
	specOnly  []bool // by family of the renderer
	partition *store.Partition
	seconds   prometheus.Counter

	// Scratch memory of render.
	text []byte
	ends []int
}

// Begin opens a batch.
func (s *sink) Begin() listwatch.Batch { return &batch{s.partition.Begin(), s} }

// Set renders an object, unless it is new and the limit is reached.
func (s *sink) Set(o metav1.Object) error {
	key := listwatch.Key(o)
	if limit := s.loop.Limit; limit > 0 && !s.partition.Has(key) && int64(s.partition.Len()) >= limit {
		return nil
	}
	return s.render(key, s.partition.Set, o)
}

// Delete removes an object.
func (s *sink) Delete(o metav1.Object) {
	s.partition.Delete(listwatch.Key(o))
	if l, ok := o.(*apiclient.Lazy); ok {
		l.Release()
	}
}

// render renders an object and passes it to set under a key. Of a partial object it renders only
// the mixed families, if set keeps the text of the others. A lazy object is released.
func (s *sink) render(key string, set func(store.Rendered) bool, o metav1.Object) error {
	began := time.Now()
	defer func() { s.seconds.Add(time.Since(began).Seconds()) }()
	r := store.Rendered{UID: key, Namespace: o.GetNamespace(), Created: o.GetCreationTimestamp().Unix()}
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
	sink *sink
}

// Set renders an object.
func (b *batch) Set(o metav1.Object) error {
	return b.sink.render(listwatch.Key(o), b.Staging.Set, o)
}

// Commit replaces the partition's content by the objects for whose keys keep returns true; nil
// keeps all.
func (b *batch) Commit(keep func(key string) bool) {
	if keep != nil {
		b.Retain(keep)
	}
	b.sink.partition.Replace(b.Staging)
}
