package workloads

import (
	"slices"
	"sync"
	"unique"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// An Index has the controllers of objects, and the pods to render when they change.
type Index struct {
	mu       sync.Mutex
	owners   map[id]owner
	children map[id][]id // of a controller, the owners that it controls
	pods     []*Pods     // those with content
}

// NewIndex returns an empty index.
func NewIndex() *Index { return &Index{owners: map[id]owner{}, children: map[id][]id{}} }

// An owner is an object that has a controller.
type owner struct {
	controller reference
	sources    int // that have the object
}

// A reference is a controller reference.
type reference struct {
	id   id
	what unique.Handle[workload] // the zero handle for none
}

// A workload is the kind and name of an object.
type workload struct{ kind, name string }

// controllerOf returns the controller reference of an object; of two, the first.
func controllerOf(o metav1.Object) (r reference, ok bool) {
	c := metav1.GetControllerOfNoCopy(o)
	if c == nil {
		return reference{}, false
	}
	i, _ := idOf(string(c.UID))
	return reference{i, unique.Make(workload{c.Kind, c.Name})}, true
}

// maxDepth is the number of controllers of a chain that are followed.
const maxDepth = 16

// follow returns the last object of the chain of controllers that begins with a reference. A chain
// that comes back to one of its objects ends before that.
func (x *Index) follow(r reference) unique.Handle[workload] {
	var chain [maxDepth]id
	for n := range chain {
		chain[n] = r.id
		o, ok := x.owners[r.id]
		if !ok || slices.Contains(chain[:n+1], o.controller.id) {
			break
		}
		r = o.controller
	}
	return r.what
}

// add adds a source of an object, or with known replaces the object, and reports a change.
func (x *Index) add(i id, controller reference, known bool) (changed bool) {
	o := x.owners[i]
	if !known {
		o.sources++
	}
	if changed = o.controller != controller; changed {
		x.unlink(i, o.controller)
		o.controller = controller
		x.children[controller.id] = append(x.children[controller.id], i)
	}
	x.owners[i] = o
	return changed
}

// remove removes a source of an object and reports a change.
func (x *Index) remove(i id) (changed bool) {
	o := x.owners[i]
	if o.sources--; o.sources > 0 {
		x.owners[i] = o
		return false
	}
	x.unlink(i, o.controller)
	delete(x.owners, i)
	return true
}

// unlink removes an owner from the children of its controller.
func (x *Index) unlink(i id, controller reference) {
	remove(x.children, controller.id, i)
}

// remove removes a value from a list of lists.
func remove(lists map[id][]id, key, value id) {
	list := lists[key]
	at := slices.Index(list, value)
	if at < 0 {
		return
	}
	list[at] = list[len(list)-1]
	if list = list[:len(list)-1]; len(list) == 0 {
		delete(lists, key)
	} else {
		lists[key] = list
	}
}

// render renders the pods below an owner again.
func (x *Index) render(below id) {
	affected := []id{below}
	seen := map[id]bool{below: true}
	for n := 0; n < len(affected); n++ {
		for _, child := range x.children[affected[n]] {
			if !seen[child] {
				seen[child] = true
				affected = append(affected, child)
			}
		}
	}
	for _, p := range x.pods {
		for _, i := range affected {
			for g := p.groups[i]; g != nil; g = g.next {
				p.refresh(g)
			}
		}
	}
}

// renderAll renders all pods again whose workload has changed.
func (x *Index) renderAll() {
	for _, p := range x.pods {
		p.refreshAll()
	}
}
