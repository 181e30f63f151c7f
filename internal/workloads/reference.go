package workloads

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/store"
)

// A controller is the controller of an object, as its reference names it. A pod has it as its Owner in
// the store; pods of equal references share it. Other pods may have an owner without an ID there.
type controller = store.Owner

// A workload is the kind and name of an object.
type workload struct{ kind, name string }

// controllerOf returns the controller of an object: of two, the first.
func controllerOf(o metav1.Object) (c controller, ok bool) {
	if of := metav1.GetControllerOfNoCopy(o); of != nil {
		return fromReference(of), true
	}
	return c, false
}

func fromReference(of *metav1.OwnerReference) controller {
	i, _ := idOf(string(of.UID))
	return controller{ID: i, Kind: of.Kind, Name: of.Name}
}

// kinds are the kinds of controllers, which are few: all of a kind share its memory. Users may name
// any kind, so there is a limit.
type kinds map[string]string

const maxKinds = 1000

// keep returns a copy of c that refers to no memory of an object, which may be reused.
func (k kinds) keep(c controller) controller {
	kind, ok := k[c.Kind]
	if !ok {
		if len(k) >= maxKinds {
			clear(k)
		}
		kind = strings.Clone(c.Kind)
		k[kind] = kind
	}
	return controller{ID: c.ID, Kind: kind, Name: strings.Clone(c.Name)}
}

// A reference is a controller of pods, with the last object of its chain in a generation of the index.
type reference struct {
	*controller
	top        workload
	generation uint64 // of top; 0 for none
}

// References have controllers of pods by id, and of pods that are gone until a sweep.
type references struct {
	first  map[id]*reference
	others map[id][]*reference // further ones of an id, as only files have
}

func newReferences(size int) references {
	return references{make(map[id]*reference, size), map[id][]*reference{}}
}

// find returns the reference to a controller that equals c; nil if there is none.
func (r references) find(c *controller) *reference {
	if first := r.first[c.ID]; first == nil || *first.controller == *c {
		return first
	}
	for _, other := range r.others[c.ID] {
		if *other.controller == *c {
			return other
		}
	}
	return nil
}

// add adds a reference to a controller that may be there.
func (r references) add(added *reference) {
	i := added.ID
	same := func(known *reference) bool { return known.controller == added.controller }
	switch first := r.first[i]; {
	case first == nil:
		r.first[i] = added
	case !same(first) && !slices.ContainsFunc(r.others[i], same):
		r.others[i] = append(r.others[i], added)
	}
}

// addTo adds the controllers of an id to a set.
func (r references) addTo(owners store.Owners, i id) {
	if first := r.first[i]; first != nil {
		owners[first.controller] = true
	}
	for _, other := range r.others[i] {
		owners[other.controller] = true
	}
}
