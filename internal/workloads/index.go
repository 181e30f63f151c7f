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
	// swept is the size of references after the last sweep.
	references references
	swept      int
	// generation counts the changes of owners. latest is the reference that was shared last.
	generation uint64
	latest     *reference
}

// NewIndex returns an empty index.
func NewIndex() *Index {
	return &Index{
		owners: map[id]*owner{}, children: map[id]*owner{}, kinds: kinds{},
		references: newReferences(0), generation: 1,
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

// follow returns the last object of a chain of controllers, of which c is the first. A chain that comes
// back to one of its objects ends before that.
func (x *Index) follow(c *controller) workload {
	var chain [maxDepth]id
	for n := range chain {
		chain[n] = c.ID
		o := x.owners[c.ID]
		if o == nil || slices.Contains(chain[:n+1], o.controller.ID) {
			break
		}
		c = &o.controller
	}
	return workload{c.Kind, c.Name}
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
	x.generation++
	if o.controller != (controller{}) {
		x.unlink(o)
	}
	o.controller = c
	o.next = x.children[c.ID]
	x.children[c.ID] = o
	return true
}

// remove removes a source of an object and reports a change.
func (x *Index) remove(i id) (changed bool) {
	o := x.owners[i]
	if o.sources--; o.sources > 0 {
		return false
	}
	x.generation++
	x.unlink(o)
	delete(x.owners, i)
	return true
}

// unlink removes an owner from the children of its controller.
func (x *Index) unlink(o *owner) {
	above := o.controller.ID
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

// share returns the reference to the controller of a pod that equals c, and adds it if there is none.
func (x *Index) share(c controller) *reference {
	shared := x.references.find(&c)
	if shared == nil {
		// One allocation: the controller is read with the reference.
		added := &struct {
			reference
			kept controller
		}{kept: x.kinds.keep(c)}
		added.controller, shared = &added.kept, &added.reference
		x.makeRoom()
		x.references.add(shared)
	}
	x.latest = shared
	return shared
}

// top returns the last object of the chain of a reference.
func (x *Index) top(r *reference) workload {
	if r.generation != x.generation {
		r.top, r.generation = x.follow(r.controller), x.generation
	}
	return r.top
}

// refer adds the controller of a pod.
func (x *Index) refer(c *controller) {
	x.makeRoom()
	x.references.add(&reference{controller: c})
}

// makeRoom sweeps if there are many references.
func (x *Index) makeRoom() {
	if len(x.references.first) >= max(2*x.swept, minSweep) {
		x.sweep()
	}
}

// sweep removes the controllers that no pod has.
func (x *Index) sweep() {
	present := store.Owners{}
	for _, p := range x.pods {
		p.partition.AddOwners(present)
	}
	delete(present, nil)
	x.references, x.swept = newReferences(len(present)), len(present)
	for c := range present {
		if !IsOwn(c) {
			x.references.add(&reference{controller: c})
		}
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
		x.references.addTo(owners, i)
	}
	for _, p := range x.pods {
		p.lines.rewrite(p.partition.Rewrite, owners, x.follow)
	}
}
