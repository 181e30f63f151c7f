package watcher

import (
	"cmp"
	"container/heap"
	"maps"
	"slices"
	"time"
	"unique"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/store"
)

// A finishedSet has the finished objects of a content, by key, and counts those that are cut.
type finishedSet struct {
	objects map[string]*finishedObject
	waiting dueHeap // the objects that are not cut
	counts  map[groupHandle]int
	changed map[groupHandle]bool // groups whose count may have changed
}

// A finishedGroup is what objects are counted by.
type finishedGroup struct{ namespace, reason string }

type groupHandle = unique.Handle[finishedGroup]

type finishedObject struct {
	key   string
	group groupHandle
	due   time.Time
	index int // in waiting, wasCut if cut
}

// wasCut is the index of objects that are cut.
const wasCut = -1

func (o *finishedObject) isCut() bool { return o.index == wasCut }

func newFinishedSet() *finishedSet {
	return &finishedSet{objects: map[string]*finishedObject{}, counts: map[groupHandle]int{}, changed: map[groupHandle]bool{}}
}

// put replaces the end of an object. It reports whether the object is due before all others.
func (f *finishedSet) put(key, namespace string, e ending) (first bool) {
	f.remove(key)
	if e.due.IsZero() {
		return false
	}
	o := &finishedObject{key: key, group: unique.Make(finishedGroup{namespace, e.reason}), due: e.due}
	f.objects[key] = o
	if e.cut {
		f.count(o)
		return false
	}
	heap.Push(&f.waiting, o)
	return o.index == 0
}

// count counts an object as cut.
func (f *finishedSet) count(o *finishedObject) {
	o.index = wasCut
	f.counts[o.group]++
	f.changed[o.group] = true
}

// remove removes an object. It ignores an unknown key.
func (f *finishedSet) remove(key string) {
	o := f.objects[key]
	if o == nil {
		return
	}
	delete(f.objects, key)
	if !o.isCut() {
		heap.Remove(&f.waiting, o.index)
		return
	}
	if f.counts[o.group]--; f.counts[o.group] == 0 {
		delete(f.counts, o.group)
	}
	f.changed[o.group] = true
}

// retain removes the objects for which keep returns false.
func (f *finishedSet) retain(keep func(namespace, key string) bool) {
	for key, o := range f.objects {
		if !keep(o.group.Value().namespace, key) {
			f.remove(key)
		}
	}
}

// cutsAtOnce bounds the objects that are cut while the writer waits.
const cutsAtOnce = 64

// takeDue counts some objects that are due as cut and returns their keys.
func (f *finishedSet) takeDue(now time.Time) (keys []string) {
	for len(f.waiting) > 0 && !f.waiting[0].due.After(now) && len(keys) < cutsAtOnce {
		o := heap.Pop(&f.waiting).(*finishedObject)
		f.count(o)
		keys = append(keys, o.key)
	}
	return keys
}

// nextDue returns when the next object is due, zero if none is left.
func (f *finishedSet) nextDue() time.Time {
	if len(f.waiting) == 0 {
		return time.Time{}
	}
	return f.waiting[0].due
}

// A dueHeap has the object that is due first at index 0. It implements heap.Interface.
type dueHeap []*finishedObject

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }

func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push appends a *finishedObject.
func (h *dueHeap) Push(x any) {
	o := x.(*finishedObject)
	o.index = len(*h)
	*h = append(*h, o)
}

// Pop removes the last object.
func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	o := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return o
}

// countRows are the series of a sink's counts.
type countRows struct {
	partition *store.Partition
	renderer  *generators.Renderer
	resource  string
	text      []byte
	ends      []int
}

// update renders the changed counts, without those of 0.
func (c *countRows) update(f *finishedSet) {
	changed := slices.SortedFunc(maps.Keys(f.changed), func(a, b groupHandle) int {
		x, y := a.Value(), b.Value()
		return cmp.Or(cmp.Compare(x.namespace, y.namespace), cmp.Compare(x.reason, y.reason))
	})
	for _, g := range changed {
		if f.counts[g] == 0 {
			c.partition.Delete(g.Value().key())
		}
	}
	for _, g := range changed {
		if n := f.counts[g]; n > 0 {
			c.set(g.Value(), n)
		}
	}
}

func (c *countRows) set(g finishedGroup, n int) {
	c.text, c.ends = c.renderer.Render(c.text[:0], c.ends[:0], &generators.FinishedCount{
		ObjectMeta: metav1.ObjectMeta{Namespace: g.namespace}, Resource: c.resource, Reason: g.reason, Objects: n,
	})
	c.partition.Set(store.Rendered{UID: g.key(), Namespace: g.namespace, Text: c.text, Ends: c.ends})
}

// key is the uid of the group's row.
func (g finishedGroup) key() string { return g.namespace + "/" + g.reason }
