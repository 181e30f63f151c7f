package workloads

import (
	"strings"
	"unique"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A reference is a controller of pods, their Owner in the store: the id, the kind, a separator, and the
// name. The zero handle is none.
type reference = unique.Handle[string]

// separator separates the kind and the name of a reference. The API server admits it in neither.
const separator = "\x00"

// A workload is the kind and name of an object.
type workload struct{ kind, name string }

// idOfReference returns the id of the object that a reference names.
func idOfReference(r reference) (i id) {
	copy(i[:], r.Value())
	return i
}

// workloadOf returns the kind and name of the object that a reference names.
func workloadOf(r reference) workload {
	kind, name, _ := strings.Cut(r.Value()[len(id{}):], separator)
	return workload{kind, name}
}

// A controller is the controller of an object.
type controller struct {
	id id
	workload
}

// controllerOf returns the controller of an object: of two, the first.
func controllerOf(o metav1.Object) (c controller, ok bool) {
	of := metav1.GetControllerOfNoCopy(o)
	if of == nil {
		return c, false
	}
	c.id, _ = idOf(string(of.UID))
	c.workload = workload{of.Kind, of.Name}
	return c, true
}

// kinds are the kinds of controllers, which are few: all of a kind share its memory.
type kinds map[string]string

// keep returns a copy of c that refers to no memory of an object, which may be reused.
func (k kinds) keep(c controller) controller {
	kind, ok := k[c.kind]
	if !ok {
		kind = strings.Clone(c.kind)
		k[kind] = kind
	}
	c.workload = workload{kind, strings.Clone(c.name)}
	return c
}

// reference returns the reference to c. If that is the known one, which may be none, it takes no
// allocation.
func (c controller) reference(known reference) reference {
	if known != (reference{}) && idOfReference(known) == c.id && workloadOf(known) == c.workload {
		return known
	}
	b := make([]byte, 0, 128)
	b = append(b, c.id[:]...)
	b = append(b, c.kind...)
	b = append(b, separator...)
	return unique.Make(string(append(b, c.name...)))
}
