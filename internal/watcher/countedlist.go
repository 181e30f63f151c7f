package watcher

import (
	"slices"
	"time"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/store"
)

// A countedList has the content before a list, to count the changes. The first list is the baseline.
type countedList struct {
	*counting
	before  map[string]object // the present content and its orphans; nil for the first list
	dropped map[string]object // objects that were deleted during the list
	begun   object            // the last object that began counters and incremented none
}

// begin prepares the commit of a batch. It returns the function that keeps objects, and counts those
// that were deleted during the list. The caller holds c.mu up to end.
func (c *counting) begin(staged *store.Staging, keep func(namespace, key string) bool) (*countedList, func(namespace, key string) bool) {
	l := &countedList{counting: c, dropped: map[string]object{}}
	if c.listed {
		l.before = c.content()
	}
	if keep == nil {
		return l, nil
	}
	return l, func(namespace, key string) bool {
		if keep(namespace, key) {
			return true
		}
		if n, ok := staged.Note(key); ok && c.sink.loop.Shard.HasKey(key) {
			l.dropped[key] = objectOf(namespace, n)
		}
		return false
	}
}

// content returns the objects of the content and the orphans.
func (c *counting) content() map[string]object {
	all := map[string]object{}
	for o, n := range c.sink.partition.Notes() {
		all[o.UID] = objectOf(o.Namespace, n)
	}
	for key, o := range c.orphans {
		all[key] = o.object
	}
	return all
}

// end counts the changes of the list, which has become the content.
func (l *countedList) end() {
	first := !l.listed
	l.listed = true
	var at span
	at.since, at.version = l.sink.loop.Listing()
	for o, n := range l.sink.partition.Notes() {
		before, now := l.before[o.UID], objectOf(o.Namespace, n)
		delete(l.before, o.UID)
		delete(l.deleted, o.UID)
		delete(l.orphans, o.UID)
		if before.memo != "" && before.memo != now.memo { // takeOver may have changed it meanwhile
			now.memo = string(l.memo.Join(nil, before.memo, now.memo))
			l.sink.partition.SetState(o.UID, l.states.handleOf([]byte(now.memo), n.State))
		}
		direct := l.direct(o.UID)
		if direct && !l.isGhost(o.UID) && before.memo != now.memo {
			l.count(o.UID, at, before, now)
		}
		if direct && !first {
			l.moveFrom(before, now)
		}
	}
	for key, o := range l.dropped {
		before := l.before[key]
		delete(l.before, key)
		delete(l.orphans, key)
		if !first || !l.direct(key) {
			l.gone(key, at, before.memo, o)
		}
	}
	for key, o := range l.before {
		if _, waits := l.orphans[key]; !waits && l.sink.loop.Shard.HasKey(key) {
			l.gone(key, at, o.memo, o)
		}
	}
}

// count counts an object. An object without a memo before begins the same counters as its neighbour of the
// same owner and memo.
func (l *countedList) count(key string, at span, before, now object) {
	isNew := before.memo == ""
	if isNew && now == l.begun {
		return
	}
	l.add(key, at, now, before.memo, now.memo)
	if isNew && !slices.ContainsFunc(l.increments, func(i generators.Increment) bool { return i.By > 0 }) {
		l.begun = now
	}
}

// begun counts the objects of an addition, which begin to be counted.
func (c *counting) begun(added []store.Object) {
	for _, o := range added {
		if n, ok := c.sink.partition.Note(o.UID); ok && c.direct(o.UID) {
			now := objectOf(o.Namespace, n)
			c.add(o.UID, span{}, now, "", now.memo)
		}
	}
}

// settle ends the wait for events that have not arrived.
func (c *counting) settle(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, o := range c.deleted {
		if now.Sub(o.since) >= deletedTime {
			delete(c.deleted, key)
		}
	}
	for key, since := range c.ghosts {
		if _, ok := c.sink.partition.Note(key); !ok && now.Sub(since) >= arrivalTime {
			delete(c.ghosts, key)
		}
	}
	for key, o := range c.orphans {
		if now.Sub(o.since) >= arrivalTime {
			delete(c.orphans, key)
			c.gone(key, span{}, o.memo, o.object)
		}
	}
}
