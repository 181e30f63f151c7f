package workloads

import (
	"slices"
	"sync"

	"github.com/kubestate/kubestate/internal/store"
)

// An Index has the controllers of objects, and the pods to render when they change.
type Index struct {
	mu       sync.Mutex
	owners   map[id]*owner
	children map[id]*owner // of a controller, the first owner that it controls
	kinds    kinds
	pods     []*Pods // those with content
	// references has the reference of pods by the id of the controller, and of pods that are gone
	// until the next sweep. others has further references to an id, as only files have. swept is
	// the size of references after the last sweep.
	references map[id]reference
	others     map[id][]reference
	swept      int
}

// NewIndex returns an empty index.
func NewIndex() *Index {
	return &Index{
		owners: map[id]*owner{}, children: map[id]*owner{}, kinds: kinds{},
		references: map[id]reference{}, others: map[id][]reference{},
	}
}

// An owner is an object that has a controller.
type owner struct {
	id         id
	controller controller
	sources    int    // that have the object
	next       *owner // of the same controller
}

// maxDepth is the number of controllers of a chain that are followed.
const maxDepth = 16

// follow returns the last object of the chain of controllers that begins with a reference. A chain that
// comes back to one of its objects ends before that.
func (x *Index) follow(r reference) workload {
	var chain [maxDepth]id
	i, w := idOfReference(r), workloadOf(r)
	for n := range chain {
		chain[n] = i
		o := x.owners[i]
		if o == nil || slices.Contains(chain[:n+1], o.controller.id) {
			break
		}
		i, w = o.controller.id, o.controller.workload
	}
	return w
}

// add adds a source of an object, or with known replaces the object, and reports a change. It keeps c.
func (x *Index) add(i id, c controller, known bool) (changed bool) {
	o := x.owners[i]
	if o == nil {
		o = &owner{id: i}
		x.owners[i] = o
	}
	if !known {
		o.sources++
	}
	if o.controller == c {
		return false
	}
	if o.controller != (controller{}) {
		x.unlink(o)
	}
	o.controller = c
	o.next = x.children[c.id]
	x.children[c.id] = o
	return true
}

// remove removes a source of an object and reports a change.
func (x *Index) remove(i id) (changed bool) {
	o := x.owners[i]
	if o.sources--; o.sources > 0 {
		return false
	}
	x.unlink(o)
	delete(x.owners, i)
	return true
}

// unlink removes an owner from the children of its controller.
func (x *Index) unlink(o *owner) {
	above := o.controller.id
	at := x.children[above]
	switch {
	case at != o:
		for at.next != o {
			at = at.next
		}
		at.next = o.next
	case o.next == nil:
		delete(x.children, above)
	default:
		x.children[above] = o.next
	}
}

// minSweep is the number of references that need no sweep.
const minSweep = 1000

// refer adds the reference of a pod.
func (x *Index) refer(r reference) {
	i := idOfReference(r)
	first, ok := x.references[i]
	if first == r || slices.Contains(x.others[i], r) {
		return
	}
	if ok {
		x.others[i] = append(x.others[i], r)
		return
	}
	if len(x.references) >= max(2*x.swept, minSweep) {
		x.sweep()
	}
	x.references[i] = r
}

// sweep removes the references that no pod has.
func (x *Index) sweep() {
	present := store.Owners{}
	for _, p := range x.pods {
		p.partition.AddOwners(present)
	}
	delete(present, reference{})
	x.references, x.others, x.swept = make(map[id]reference, len(present)), map[id][]reference{}, len(present)
	for r := range present {
		x.refer(r)
	}
}

// render renders the pods below changed owners again.
func (x *Index) render(changed ...id) {
	affected := make(map[id]bool, len(changed))
	owners := store.Owners{}
	for len(changed) > 0 {
		i := changed[len(changed)-1]
		changed = changed[:len(changed)-1]
		if affected[i] {
			continue
		}
		affected[i] = true
		for o := x.children[i]; o != nil; o = o.next {
			changed = append(changed, o.id)
		}
		if r, ok := x.references[i]; ok {
			owners[r] = true
		}
		for _, r := range x.others[i] {
			owners[r] = true
		}
	}
	for _, p := range x.pods {
		p.lines.rewrite(p.partition.Rewrite, owners, x.follow)
	}
}
