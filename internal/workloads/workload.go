package workloads

import (
	"unique"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ReferenceOf returns the Owner in the store of an object of a kind that is counted: the reference to its
// controller, or without one the reference to itself, or to the node of a mirror pod. If that is the known
// one, which may be the zero handle, it takes no allocation.
func ReferenceOf(o metav1.Object, kind string, known unique.Handle[string]) unique.Handle[string] {
	c, ok := controllerOf(o)
	if !ok {
		c.workload = workload{kind, o.GetName()}
		if p, isPod := o.(*corev1.Pod); isPod {
			c.workload = ownWorkload(p)
		}
	}
	return c.reference(known)
}

// Referred returns the kind and name of the object that a reference names, and whether that is a
// controller.
func Referred(r unique.Handle[string]) (kind, name string, controls bool) {
	w := workloadOf(r)
	return w.kind, w.name, idOfReference(r) != id{}
}

// TopOf returns the last object of the chain of controllers that begins with a reference.
func (x *Index) TopOf(r unique.Handle[string]) (kind, name string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	top := x.follow(r)
	return top.kind, top.name
}

// Top is TopOf for a controller of a kind, name and uid.
func (x *Index) Top(kind, name, uid string) (topKind, topName string) {
	i, _ := idOf(uid)
	x.mu.Lock()
	defer x.mu.Unlock()
	top := x.followFrom(controller{i, workload{kind, name}})
	return top.kind, top.name
}
