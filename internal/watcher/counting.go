package watcher

import (
	"hash/maphash"
	"slices"
	"sync"
	"time"
	"unique"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/counters"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/store"
	"github.com/kubestate/kubestate/internal/workloads"
)

// A counting counts changes of the objects of a sink, by the memos in the notes of its partition.
//
// The sink of a served target counts directly. A target that is built beside it only keeps memos of the
// objects that both have by their shards: at takeover each object is counted from the memo of the other
// target. Either watch may be ahead of the other; see takeOver.
type counting struct {
	ledger *counters.Ledger
	index  *workloads.Index
	memo   *generators.Memoizer
	sink   *sink
	// resource is the key of the resource, kind that of its objects.
	resource, kind string

	mu     sync.Mutex // serializes changes of the content with takeOver
	listed bool       // there was a list: a new object is created from now on
	counts bool       // directly
	beside *target    // the one that counts meanwhile; nil for none
	// deleted has the objects that were deleted while another target is built beside this one, or this
	// beside another; nil if no one asks.
	deleted map[string]dated
	// ghosts are objects whose deletion has been counted and is still to arrive. orphans are objects that
	// have been counted and are not in the content: either their creation or their deletion is still to
	// arrive. Both have the time since when.
	ghosts  map[string]time.Time
	orphans map[string]dated

	shared     sharedOwners
	states     states
	scratch    []byte
	increments []generators.Increment
}

// An object is what is known of an object by its note.
type object struct {
	namespace string
	owner     *store.Owner
	memo      string
}

type dated struct {
	object
	since time.Time
}

// arrivalTime is the time in which events arrive: later, an orphan that has not been created counts as
// deleted, and a ghost that is not in the content is dropped.
const arrivalTime = time.Minute

// deletedTime is the time for which deletions are remembered. A target whose list takes longer may count
// some of them twice.
const deletedTime = 10 * time.Minute

// notes have the notes of objects.
type notes interface {
	Note(uid string) (store.Note, bool)
}

// textOf returns the text of a handle, empty for the zero handle.
func textOf(h unique.Handle[string]) string {
	if h == (unique.Handle[string]{}) {
		return ""
	}
	return h.Value()
}

// states has handles of a few recent texts by a hash: few of the memos of many objects differ.
type states [64]unique.Handle[string]

var stateSeed = maphash.MakeSeed()

// handleOf returns the handle of a text, which is before if that has the text.
func (s *states) handleOf(text []byte, before unique.Handle[string]) unique.Handle[string] {
	if textOf(before) == string(text) {
		return before
	}
	recent := &s[maphash.Bytes(stateSeed, text)%uint64(len(s))]
	if textOf(*recent) != string(text) {
		*recent = unique.Make(string(text))
	}
	return *recent
}

func objectOf(namespace string, n store.Note) object {
	return object{namespace, n.Owner, textOf(n.State)}
}

// note adds the reference and the memo of an object to its next note. It returns what was known of
// the object before. in has the notes of the content, of a staging copy, or of an addition, whose objects
// are not created. c may be nil.
func (c *counting) note(next *store.Rendered, in notes, o metav1.Object, adds bool) (before object) {
	if c == nil {
		return object{}
	}
	old, _ := in.Note(next.UID)
	before = objectOf(next.Namespace, old)
	created := false
	if before.memo == "" {
		before, created = c.elsewhere(next.UID, o)
	}
	created = created && !adds
	if !c.sink.keepsControllers() || metav1.GetControllerOfNoCopy(o) == nil { // pods have their controllers
		next.Note.Owner = c.shared.get(workloads.OwnerOf(o, c.kind), old.Owner)
	}
	c.scratch = c.memo.Append(c.scratch[:0], before.memo, o, created)
	next.Note.State = c.states.handleOf(c.scratch, old.State)
	return before
}

// elsewhere returns what is known of an object that the content lacks, or else whether it is created.
func (c *counting) elsewhere(key string, o metav1.Object) (before object, created bool) {
	if orphan, ok := c.orphans[key]; ok {
		return orphan.object, false
	}
	if c.beside == nil || c.alone(key) {
		return object{}, c.listed
	}
	for _, s := range c.beside.sinks {
		if s.counting == nil {
			return object{}, false
		}
		if n, ok := s.partition.Note(key); ok {
			return objectOf(o.GetNamespace(), n), false
		}
	}
	return object{}, c.beside.hasListed(o)
}

// alone reports whether the target beside c's has no such objects, by its shard. Then c counts them.
func (c *counting) alone(key string) bool {
	return c.beside != nil && !slices.ContainsFunc(c.beside.sinks, func(s *sink) bool { return s.loop.Shard.HasKey(key) })
}

// direct reports whether c counts an object directly.
func (c *counting) direct(key string) bool { return c.counts || c.alone(key) }

// hasListed reports whether t has listed the objects that an object is of.
func (t *target) hasListed(o metav1.Object) bool {
	for _, s := range t.sinks {
		if s.counting.hasListed() && t.selects(s.loop.Namespace, o) && s.loop.Shard.Has(o) {
			return true
		}
	}
	return false
}

// hasListed reports whether there was a list. It may be called while the sink is in use.
func (c *counting) hasListed() bool { return c != nil && c.sink.complete() }

// set counts what has happened to an object of the content, which is set now.
func (c *counting) set(key string, before object, next *store.Rendered, version string) {
	now := objectOf(next.Namespace, next.Note)
	delete(c.orphans, key)
	delete(c.deleted, key)
	if !c.direct(key) || c.isGhost(key) {
		return
	}
	if before.memo != now.memo {
		c.add(key, span{version: version}, now, before.memo, now.memo)
	}
	c.moveFrom(before, now)
}

func (c *counting) isGhost(key string) bool {
	_, is := c.ghosts[key]
	return is
}

// moveFrom moves the counters of an object that was its own owner to its controller.
func (c *counting) moveFrom(before, now object) {
	if before.owner != nil && *before.owner != *now.owner && before.owner.Kind == c.kind && workloads.IsOwn(before.owner) {
		c.ledger.Move(c.ownerOf(before), c.ownerOf(now))
	}
}

// A span has the versions of changes: a single one, or all that a list has merged after since. The version
// is empty if unknown.
type span struct{ since, version string }

// delete counts the deletion of an object of the content, whose last state is o.
func (c *counting) delete(key string, o metav1.Object) {
	n, ok := c.sink.partition.Note(key)
	if !ok {
		return
	}
	before := objectOf(o.GetNamespace(), n)
	last := before
	last.memo = string(c.memo.Append(nil, before.memo, o, false))
	c.gone(key, span{version: o.GetResourceVersion()}, before.memo, last)
}

// gone counts the deletion of an object, from the given memo on.
func (c *counting) gone(key string, at span, before string, last object) {
	if c.deleted != nil && !c.alone(key) {
		c.deleted[key] = dated{last, time.Now()}
	}
	if c.isGhost(key) {
		delete(c.ghosts, key)
		return
	}
	if c.direct(key) {
		c.addDeleted(key, at, before, last)
	}
}

// addDeleted adds the last increments of an object, from the given memo on.
func (c *counting) addDeleted(key string, at span, before string, last object) {
	c.add(key, at, last, before, last.memo)
	c.add(key, at, last, last.memo, "")
}

// add adds the increments of an object between two memos.
func (c *counting) add(key string, at span, o object, before, after string) {
	c.increments = c.increments[:0]
	c.memo.Count(before, after, func(i generators.Increment) { c.increments = append(c.increments, i) })
	if len(c.increments) > 0 {
		c.ledger.Add(counters.Entry{Resource: c.resource, UID: key, ResourceVersion: at.version, Since: at.since, Owner: c.ownerOf(o), Increments: c.increments})
	}
}

// beginOwner begins the counters of an owner that has an object of a memo, if it has none: it is what is left of a
// chain of controllers.
func (c *counting) beginOwner(owner counters.Owner, memo string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.counts || c.ledger.Has(c.resource, owner) {
		return
	}
	c.increments = c.increments[:0]
	c.memo.Count("", memo, func(i generators.Increment) {
		if i.By = 0; !i.Of.IsHistogram() {
			c.increments = append(c.increments, i)
		}
	})
	c.ledger.Add(counters.Entry{Resource: c.resource, Owner: owner, Increments: c.increments})
}

// first returns the first of an object's chain of controllers, or the object itself without one.
func (o object) first() counters.Owner {
	return counters.Owner{Namespace: o.namespace, Kind: o.owner.Kind, Name: o.owner.Name}
}

// ownerOf returns what the counters of an object belong to: the last of its chain of controllers.
func (c *counting) ownerOf(o object) counters.Owner {
	first, last := o.first(), counters.Owner{Namespace: o.namespace}
	if workloads.IsOwn(o.owner) {
		return first
	}
	last.Kind, last.Name = c.index.Top(o.owner)
	return c.ledger.Resolve(first, last)
}
