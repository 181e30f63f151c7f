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
	feeds     []feed
	unstored  bool      // objects have no other use
	derived   deriver   // nil if there are no derived families
	counting  *counting // nil if nothing is counted
	seconds   prometheus.Counter

	// Scratch memory of render.
	text     []byte
	ends     []int
	rendered store.Rendered
}

// Begin opens a batch.
func (s *sink) Begin() listwatch.Batch { return s.begin() }

func (s *sink) begin() *batch {
	b := s.batch(s.partition.Begin(), s.partition.Replace)
	for _, f := range s.feeds {
		b.feeds = append(b.feeds, f.begin())
	}
	if s.derived != nil {
		b.derived = s.derived.begin(b.Staging)
	}
	return b
}

// BeginAddition opens a batch that is added to the content. The sink feeds no index.
func (s *sink) BeginAddition() listwatch.Batch {
	b := s.batch(s.partition.BeginAddition(), s.partition.Add)
	b.adds = true
	if s.derived != nil {
		b.derived = s.derived.beginAddition(b.Staging)
	}
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
	for _, f := range s.feeds {
		f.set(key, unwrapped(o))
	}
	if s.counting != nil {
		s.counting.mu.Lock()
		defer s.counting.mu.Unlock()
	}
	return s.render(key, s.set, o)
}

// set stores an object with its lines and its end.
func (s *sink) set(o metav1.Object, r *store.Rendered, e ending) bool {
	before := s.counting.note(r, s.partition, o, false)
	if s.cutter == nil {
		if !s.put(o, r, false) {
			return false
		}
	} else if !s.cutter.set(o, r, e) {
		return false
	}
	if s.counting != nil {
		s.counting.set(r.UID, before, r, o.GetResourceVersion())
	}
	return true
}

// put stores an object with its lines; cut says that it has only those of kept families.
func (s *sink) put(o metav1.Object, r *store.Rendered, cut bool) bool {
	switch {
	case s.derived == nil:
		return s.partition.Set(*r)
	case cut && s.cutter.omitsDerived:
		return s.derived.SetWithout(o, r)
	default:
		return s.derived.Set(o, r)
	}
}

// Delete removes an object.
func (s *sink) Delete(o metav1.Object) {
	key := listwatch.Key(o)
	for _, f := range s.feeds {
		f.delete(key, o)
	}
	if s.counting != nil {
		s.counting.mu.Lock()
		defer s.counting.mu.Unlock()
		s.counting.delete(key, unwrapped(o))
	}
	if s.cutter == nil {
		s.remove(key)
	} else {
		s.cutter.delete(key)
	}
	if l, ok := o.(*apiclient.Lazy); ok {
		l.Release()
	}
}

// remove removes the lines of an object.
func (s *sink) remove(key string) {
	if s.derived != nil {
		s.derived.Delete(key)
	}
	s.partition.Delete(key)
}

// render renders an object and passes it to set under a key. Of a partial object it renders only
// the mixed families, if set keeps the text of the others, and of a finished one that is due the
// kept families. A lazy object is released.
func (s *sink) render(key string, set func(metav1.Object, *store.Rendered, ending) bool, o metav1.Object) error {
	if s.unstored {
		return nil
	}
	began := time.Now()
	defer func() { s.seconds.Add(time.Since(began).Seconds()) }()
	r := &s.rendered
	*r = store.Rendered{UID: key, Namespace: o.GetNamespace(), Created: o.GetCreationTimestamp().Unix()}
	var e ending
	if l, ok := o.(*apiclient.Lazy); ok {
		defer l.Release()
		r.Note.Input, e = l.Fingerprint(), s.cutter.ending(l.Object, began)
		if l.Partial() && !e.cut {
			r.Text, r.Ends = s.renderer.RenderWithout(s.specOnly, s.text[:0], s.ends[:0], l.Object)
			r.Unchanged = s.specOnly
			done := set(l.Object, r, e)
			s.text, s.ends, r.Unchanged = r.Text, r.Ends, nil
			if done {
				return nil
			}
		}
		if err := l.Complete(); err != nil {
			return err
		}
		o = l.Object
	} else {
		e = s.cutter.ending(o, began)
	}
	if e.cut {
		r.Note.Input = 0 // a later event has to bring all fields
		r.Text, r.Ends = s.renderer.RenderWithout(s.cutter.omitted, s.text[:0], s.ends[:0], o)
	} else {
		r.Text, r.Ends = s.renderer.Render(s.text[:0], s.ends[:0], o)
	}
	set(o, r, e)
	s.text, s.ends = r.Text, r.Ends
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
	added    []store.Object // if adds, those that are counted
	sink     *sink
	finished *finishedSet // nil if finished objects stay
	feeds    []feedBatch
	derived  derivedBatch // nil if the sink has none
}

// Set renders an object.
func (b *batch) Set(o metav1.Object) error { return b.add(listwatch.Key(o), o) }

// add is Set under a key.
func (b *batch) add(key string, o metav1.Object) error {
	for _, f := range b.feeds {
		f.Set(key, unwrapped(o))
	}
	return b.sink.render(key, b.set, o)
}

// set is sink.set for the batch.
func (b *batch) set(o metav1.Object, r *store.Rendered, e ending) bool {
	if c := b.sink.counting; c != nil {
		c.mu.Lock()
		c.note(r, b.Staging, o, b.adds)
		c.mu.Unlock()
	}
	if !b.put(o, r, e.cut) {
		return false
	}
	if b.adds && b.sink.counting != nil {
		b.added = append(b.added, store.Object{UID: r.UID, Namespace: r.Namespace})
	}
	if b.finished != nil {
		b.finished.put(r.UID, r.Namespace, e)
	}
	return true
}

// put is sink.put for the batch.
func (b *batch) put(o metav1.Object, r *store.Rendered, cut bool) bool {
	switch {
	case b.derived == nil:
		return b.Staging.Set(*r)
	case cut && b.sink.cutter.omitsDerived:
		return b.derived.SetWithout(o, r)
	default:
		return b.derived.Set(o, r)
	}
}

// Finish ends the list.
func (b *batch) Finish() {
	if b.derived != nil {
		b.derived.Finish()
	}
	b.Staging.Finish()
}

// Commit changes the partition by the objects for whose namespaces and keys keep returns true; nil
// keeps all.
func (b *batch) Commit(keep func(namespace, key string) bool) {
	if c := b.sink.counting; c != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if b.adds {
			defer c.begun(b.added)
		} else {
			var l *countedList
			l, keep = c.begin(b.Staging, keep)
			defer l.end()
		}
	}
	if keep != nil {
		b.Retain(keep)
	}
	for _, f := range b.feeds {
		f.Commit(keep)
	}
	if b.finished == nil {
		b.apply(keep)
		return
	}
	if keep != nil {
		b.finished.retain(keep)
	}
	b.sink.cutter.commit(b, keep)
}

// apply changes the partition by the objects of the staging copy, which are those that keep returns
// true for.
func (b *batch) apply(keep func(namespace, key string) bool) {
	if b.derived != nil {
		b.derived.Commit(keep)
	} else {
		b.commit(b.Staging)
	}
}

// unwrapped returns the decoded object of an event.
func unwrapped(o metav1.Object) metav1.Object {
	if l, ok := o.(*apiclient.Lazy); ok {
		return l.Object
	}
	return o
}
