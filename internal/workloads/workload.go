package workloads

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ReferenceOf returns the reference of an object of a kind: that of its controller, or without one a
// reference to the object itself, or to the node of a mirror pod. Without a controller, the id is zero.
// If it is the known one, which may be none, it takes no allocation.
func ReferenceOf(o metav1.Object, kind string, known reference) reference {
	c, ok := controllerOf(o)
	if !ok {
		c.workload = workload{kind, o.GetName()}
		if p, ok := o.(*corev1.Pod); ok {
			c.workload = ownWorkload(p)
		}
	}
	return c.reference(known)
}

// IsOwn reports whether a reference is not that of a controller.
func IsOwn(r reference) bool { return r != (reference{}) && idOfReference(r) == (id{}) }

// Referred returns the kind and name of the object that a reference names.
func Referred(r reference) (kind, name string) {
	w := workloadOf(r)
	return w.kind, w.name
}

// Top returns the kind and name of the last object of the chain of controllers that begins with a
// reference.
func (x *Index) Top(r reference) (kind, name string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	w := x.follow(r)
	return w.kind, w.name
}

// TopOf is Top for the controller of an object, which has one.
func (x *Index) TopOf(o metav1.Object) (kind, name string) {
	return x.Top(ReferenceOf(o, "", reference{}))
}
