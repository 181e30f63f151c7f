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
	cutter    *cutter // nil if finished objects stay
	seconds   prometheus.Counter

	// Scratch memory of render.
	text []byte
	ends []int
}

// Begin opens a batch.
func (s *sink) Begin() listwatch.Batch { return s.begin() }

func (s *sink) begin() *batch { return s.batch(s.partition.Begin(), s.partition.Replace) }

// BeginAddition opens a batch that is added to the content.
func (s *sink) BeginAddition() listwatch.Batch {
	b := s.batch(s.partition.BeginAddition(), s.partition.Add)
	b.adds = true
	return b
}

func (s *sink) batch(next *store.Staging, commit func(*store.Staging)) *batch {
	b := &batch{Staging: next, commit: commit, sink: s}
	if s.cutter != nil {
		b.finished = newFinishedSet()
	}
	return b
}

// Set renders an object, unless it is new and the limit is reached.
func (s *sink) Set(o metav1.Object) error {
	key := listwatch.Key(o)
	if limit := s.loop.Limit; limit > 0 && !s.partition.Has(key) && int64(s.partition.Len()) >= limit {
		return nil
	}
	return s.render(key, s.set, o)
}

func (s *sink) set(r store.Rendered, e ending) bool {
	if s.cutter == nil {
		return s.partition.Set(r)
	}
	return s.cutter.set(r, e)
}

// Delete removes an object.
func (s *sink) Delete(o metav1.Object) {
	if key := listwatch.Key(o); s.cutter == nil {
		s.partition.Delete(key)
	} else {
		s.cutter.delete(key)
	}
	if l, ok := o.(*apiclient.Lazy); ok {
		l.Release()
	}
}

// render renders an object and passes it to set under a key. Of a partial object it renders only
// the mixed families, if set keeps the text of the others, and of a finished one that is due the
// kept families. A lazy object is released.
func (s *sink) render(key string, set func(store.Rendered, ending) bool, o metav1.Object) error {
	began := time.Now()
	defer func() { s.seconds.Add(time.Since(began).Seconds()) }()
	r := store.Rendered{UID: key, Namespace: o.GetNamespace(), Created: o.GetCreationTimestamp().Unix()}
	var e ending
	if l, ok := o.(*apiclient.Lazy); ok {
		defer l.Release()
		r.Fingerprint, e = l.Fingerprint(), s.cutter.ending(l.Object, began)
		if l.Partial() && !e.cut {
			r.Text, r.Ends = s.renderer.RenderWithout(s.specOnly, s.text[:0], s.ends[:0], l.Object)
			s.text, s.ends, r.Unchanged = r.Text, r.Ends, s.specOnly
			if set(r, e) {
				return nil
			}
			r.Unchanged = nil
		}
		if err := l.Complete(); err != nil {
			return err
		}
		o = l.Object
	} else {
		e = s.cutter.ending(o, began)
	}
	if e.cut {
		r.Fingerprint = 0 // a later event has to bring all fields
		r.Text, r.Ends = s.renderer.RenderWithout(s.cutter.omitted, s.text[:0], s.ends[:0], o)
	} else {
		r.Text, r.Ends = s.renderer.Render(s.text[:0], s.ends[:0], o)
	}
	s.text, s.ends = r.Text, r.Ends
	set(r, e)
	return nil
}

// RemoveNamespaces removes the objects of namespaces.
func (s *sink) RemoveNamespaces(names map[string]bool) {
	s.partition.RemoveNamespaces(names)
	if s.cutter != nil {
		s.cutter.retain(func(namespace, _ string) bool { return !names[namespace] })
	}
}

// A batch renders objects into the next content of a partition, or into an addition to it.
type batch struct {
	*store.Staging
	commit   func(*store.Staging)
	adds     bool
	sink     *sink
	finished *finishedSet // nil if finished objects stay
}

// Set renders an object.
func (b *batch) Set(o metav1.Object) error {
	return b.sink.render(listwatch.Key(o), b.set, o)
}

func (b *batch) set(r store.Rendered, e ending) bool {
	if !b.Staging.Set(r) {
		return false
	}
	if b.finished != nil {
		b.finished.put(r.UID, r.Namespace, e)
	}
	return true
}

// Commit changes the partition by the objects for whose namespaces and keys keep returns true; nil
// keeps all.
func (b *batch) Commit(keep func(namespace, key string) bool) {
	if keep != nil {
		b.Retain(keep)
	}
	if b.finished == nil {
		b.commit(b.Staging)
		return
	}
	if keep != nil {
		b.finished.retain(keep)
	}
	b.sink.cutter.commit(b)
}
