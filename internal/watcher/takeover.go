package watcher

import (
	"maps"
	"time"
	"unique"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// takeOver makes t count in place of another target, which may be nil. Each object is counted from the memo
// of the other target. Either watch may be ahead of the other:
//
//   - An object that both have is counted up to the join of both memos.
//   - An object whose deletion the other target has counted, and t has not seen, is a ghost of t.
//   - Another object that t alone has is new.
//   - An object that the other target alone has, and that t has seen deleted, is deleted.
//   - Another one is an orphan of t: its creation arrives later, or it was deleted before t listed.
//
// The caller holds Watcher.mu.
func (t *target) takeOver(other *target) {
	if !t.counted {
		return
	}
	before, deleted, now := map[string]object{}, map[string]bool{}, time.Now()
	if other != nil && other.counted {
		for _, s := range other.sinks {
			c := s.counting
			c.mu.Lock()
			defer c.mu.Unlock()
			maps.Copy(before, c.content())
			for key := range c.deleted {
				deleted[key] = true
			}
			for key := range c.ghosts {
				deleted[key] = true
				delete(before, key)
			}
			c.counts, c.deleted = false, nil
		}
	}
	for _, s := range t.sinks {
		s.counting.mu.Lock()
		defer s.counting.mu.Unlock()
		s.counting.takeOver(before, deleted, now)
	}
	if other == nil || !t.selectsLike(other) {
		return
	}
	for key := range deleted {
		for _, s := range t.sinks {
			s.counting.ghost(key, now)
		}
	}
	for key, o := range before {
		if s := t.sinkOf(o.namespace, key); s != nil {
			s.counting.orphan(key, dated{o, now})
		}
	}
}

// takeOver counts the objects of c and removes them from before. It removes from deleted those whose
// deletion c has seen, or that are ghosts.
func (c *counting) takeOver(before map[string]object, deleted map[string]bool, since time.Time) {
	for o, n := range c.sink.partition.Notes() {
		now := objectOf(o.Namespace, n)
		old, known := before[o.UID]
		delete(before, o.UID)
		if deleted[o.UID] {
			delete(deleted, o.UID)
			c.ghost(o.UID, since)
			continue
		}
		if known && old.memo != now.memo {
			now.memo = string(c.memo.Join(nil, old.memo, now.memo))
			c.sink.partition.SetState(o.UID, unique.Make(now.memo))
		}
		if counted := !known && c.alone(o.UID); !counted && old.memo != now.memo {
			c.add(o.UID, span{}, now, old.memo, now.memo)
		}
	}
	for key, o := range c.deleted {
		last := o.object
		if deleted[key] {
			delete(deleted, key)
			continue
		}
		old, known := before[key]
		delete(before, key)
		if known {
			last.memo = string(c.memo.Join(nil, old.memo, last.memo))
		}
		c.addDeleted(key, span{}, old.memo, last)
	}
	c.counts, c.beside, c.deleted = true, nil, nil
}

func (c *counting) ghost(key string, since time.Time) {
	if c.ghosts == nil {
		c.ghosts = map[string]time.Time{}
	}
	c.ghosts[key] = since
}

func (c *counting) orphan(key string, o dated) {
	if c.orphans == nil {
		c.orphans = map[string]dated{}
	}
	c.orphans[key] = o
}

// selectsLike reports whether both targets select objects by the same labels and fields.
func (t *target) selectsLike(o *target) bool {
	return t.labels == o.labels && t.selector.String() == o.selector.String()
}

// sinkOf returns the sink of an object of a namespace and key; nil if t does not select it.
func (t *target) sinkOf(namespace, key string) *sink {
	for _, s := range t.sinks {
		if (s.loop.Namespace == metav1.NamespaceAll || s.loop.Namespace == namespace) &&
			(t.kept == nil || t.kept[namespace]) && s.loop.Shard.HasKey(key) {
			return s
		}
	}
	return nil
}

// countBeside makes t and the target that it is built beside remember deleted objects. The other target may
// be nil. The caller holds Watcher.mu.
func (t *target) countBeside(other *target) {
	if !t.counted {
		return
	}
	if other != nil && !other.counted {
		other = nil
	}
	for _, s := range t.sinks {
		s.counting.remember(other)
	}
	if other != nil {
		for _, s := range other.sinks {
			s.counting.remember(nil)
		}
	}
}

// remember makes c remember deleted objects, and consult another target about unknown ones.
func (c *counting) remember(beside *target) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.beside = beside; c.deleted == nil {
		c.deleted = map[string]dated{}
	}
}

// forget ends what countBeside has begun. The caller holds Watcher.mu.
func (t *target) forget() {
	for _, s := range t.sinks {
		if c := s.counting; c != nil {
			c.mu.Lock()
			c.deleted = nil
			c.mu.Unlock()
		}
	}
}

// mergeCounting makes s count in place of sources, none of which changes meanwhile.
func (s *sink) mergeCounting(sources []*sink) {
	c := s.counting
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listed, c.counts = true, true
	for _, from := range sources {
		other := from.counting
		other.mu.Lock()
		for key, since := range other.ghosts {
			c.ghost(key, since)
		}
		for key, o := range other.orphans {
			c.orphan(key, o)
		}
		other.counts = false
		other.mu.Unlock()
	}
}
