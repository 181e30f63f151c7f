package workloads

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// An Owners feeds an index with the objects of one source.
type Owners struct {
	index  *Index
	has    map[id]struct{} // the objects with a controller
	closed bool
}

// Owners returns a source without objects.
func (x *Index) Owners() *Owners { return &Owners{index: x, has: map[id]struct{}{}} }

// Set adds or replaces the object of a key.
func (s *Owners) Set(key string, o metav1.Object) {
	i, _ := idOf(key)
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	c, controlled := controllerOf(o)
	s.change(i, c, controlled)
}

// Delete removes the object of a key.
func (s *Owners) Delete(key string) {
	i, _ := idOf(key)
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	s.change(i, controller{}, false)
}

func (s *Owners) change(i id, c controller, controlled bool) {
	_, known := s.has[i]
	changed := false
	switch {
	case s.closed:
	case controlled:
		s.has[i] = struct{}{}
		if o := s.index.owners[i]; o == nil || o.controller != c {
			c = s.index.kinds.keep(c)
		}
		changed = s.index.add(i, c, known)
	case known:
		delete(s.has, i)
		changed = s.index.remove(i)
	}
	if changed {
		s.index.render(i)
	}
}

// Close removes the source with its objects. Later changes have no effect.
func (s *Owners) Close() {
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	s.closed = true
	s.replace(nil)
}

// replace replaces the objects of the source.
func (s *Owners) replace(next map[string]owned) {
	has := make(map[id]struct{}, len(next))
	var changed []id
	for _, o := range next {
		_, known := s.has[o.id]
		_, again := has[o.id]
		has[o.id] = struct{}{}
		if s.index.add(o.id, o.controller, known || again) {
			changed = append(changed, o.id)
		}
	}
	for i := range s.has {
		if _, stays := has[i]; !stays && s.index.remove(i) {
			changed = append(changed, i)
		}
	}
	s.has = has
	s.index.render(changed...)
}

// An OwnersBatch has the next objects of a source.
type OwnersBatch struct {
	source *Owners
	next   map[string]owned // by key
	kinds  kinds
}

type owned struct {
	id         id
	namespace  string
	controller controller
}

// Begin opens a batch.
func (s *Owners) Begin() *OwnersBatch { return &OwnersBatch{s, map[string]owned{}, kinds{}} }

// Set adds an object, or replaces the one of the key.
func (b *OwnersBatch) Set(key string, o metav1.Object) {
	c, ok := controllerOf(o)
	if !ok {
		delete(b.next, key)
		return
	}
	i, _ := idOf(string(o.GetUID())) // keys may be names
	b.next[key] = owned{i, o.GetNamespace(), b.kinds.keep(c)}
}

// Commit replaces the objects of the source by those of the batch for which keep returns true; nil keeps
// all.
func (b *OwnersBatch) Commit(keep func(namespace, key string) bool) {
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
