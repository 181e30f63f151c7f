package results

import (
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A report has the ends of a CronJob's Jobs in one object.
type report struct {
	of   cronJob
	ends ends
}

// reportOf returns the report of a CronJob, or of a Job of a CronJob; about no CronJob for other objects.
func reportOf(o metav1.Object) report {
	switch o := o.(type) {
	case *batchv1.CronJob:
		return report{identify(o), endsOfLast(o)}
	case *batchv1.Job:
		return report{cronJobOf(o), endsOf(o)}
	default:
		return report{}
	}
}

// A Source feeds an index with the objects of one list and watch.
type Source struct {
	index  *Index
	has    map[string]cronJob // by key of the object
	closed bool
}

// Source returns a source without objects.
func (x *Index) Source() *Source { return &Source{index: x, has: map[string]cronJob{}} }

// Set adds or replaces the object of a key.
func (s *Source) Set(key string, o metav1.Object) {
	r := reportOf(o)
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	if s.closed {
		return
	}
	s.assign(key, r.of)
	if r.of != (cronJob{}) && s.index.tell(r) {
		s.index.render(r.of)
	}
}

// Delete removes the object of a key.
func (s *Source) Delete(key string) {
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	if !s.closed {
		s.assign(key, cronJob{})
	}
}

// assign sets the CronJob of the object of a key.
func (s *Source) assign(key string, of cronJob) {
	before := s.has[key]
	if of == before {
		return
	}
	if of == (cronJob{}) {
		delete(s.has, key)
	} else {
		s.has[key] = of
		s.index.hold(of)
	}
	if before != (cronJob{}) {
		s.index.release(before)
	}
}

// Close removes the source with its objects. Later changes have no effect.
func (s *Source) Close() {
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	s.closed = true
	s.replace(nil)
}

// replace replaces the objects of the source.
func (s *Source) replace(next map[string]listed) {
	has := make(map[string]cronJob, len(next))
	var changed []cronJob
	for key, o := range next {
		has[key] = o.of
		s.index.hold(o.of)
		if s.index.tell(o.report) {
			changed = append(changed, o.of)
		}
	}
	for _, of := range s.has {
		s.index.release(of)
	}
	s.has = has
	s.index.render(changed...)
}

// A SourceBatch has the next objects of a source.
type SourceBatch struct {
	source *Source
	next   map[string]listed // by key
}

type listed struct {
	namespace string
	report
}

// Begin opens a batch.
func (s *Source) Begin() *SourceBatch { return &SourceBatch{s, map[string]listed{}} }

// Set adds an object, or replaces the one of the key.
func (b *SourceBatch) Set(key string, o metav1.Object) {
	if r := reportOf(o); r.of != (cronJob{}) {
		b.next[key] = listed{o.GetNamespace(), r}
	} else {
		delete(b.next, key)
	}
}

// Commit replaces the objects of the source by those of the batch for which keep returns true; nil keeps
// all.
func (b *SourceBatch) Commit(keep func(namespace, key string) bool) {
	if keep != nil {
		for key, o := range b.next {
			if !keep(o.namespace, key) {
				delete(b.next, key)
			}
		}
	}
	b.source.index.mu.Lock()
	defer b.source.index.mu.Unlock()
	if !b.source.closed {
		b.source.replace(b.next)
	}
}
