package workloads

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/store"
)

// OwnerOf returns the controller of an object of a kind. Without one it names the object itself, or the
// node of a mirror pod, and has no ID. It refers to the memory of the object.
func OwnerOf(o metav1.Object, kind string) store.Owner {
	if c, ok := controllerOf(o); ok {
		return c
	}
	if p, ok := o.(*corev1.Pod); ok {
		w := ownWorkload(p)
		return store.Owner{Kind: w.kind, Name: w.name}
	}
	return store.Owner{Kind: kind, Name: o.GetName()}
}

// IsOwn reports whether an owner is no controller.
func IsOwn(c *store.Owner) bool { return c.ID == id{} }

// Top returns the kind and name of the last object of the chain of controllers that begins with one.
func (x *Index) Top(c *store.Owner) (kind, name string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	var w workload
	if x.latest != nil && x.latest.controller == c { // of the pod that was set last
		w = x.top(x.latest)
	} else {
		w = x.follow(c)
	}
	return w.kind, w.name
}
