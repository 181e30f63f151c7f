package workloads

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/store"
)

// OwnerOf returns the Owner in the store of an object of a kind: its controller, or without one the object
// itself, or the node of a mirror pod; the ID is zero then. If that equals the known one, which may be nil,
// it returns that.
func (x *Index) OwnerOf(o metav1.Object, kind string, known *store.Owner) *store.Owner {
	c, controlled := controllerOf(o)
	if !controlled {
		w := workload{kind, o.GetName()}
		if p, ok := o.(*corev1.Pod); ok {
			w = ownWorkload(p)
		}
		c.Kind, c.Name = w.kind, w.name
	}
	if known != nil && *known == c {
		return known
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if controlled {
		return x.share(c)
	}
	own := x.kinds.keep(c)
	return &own
}

// IsOwn reports whether an Owner is not a controller.
func IsOwn(o *store.Owner) bool { return o.ID == id{} }

// Top returns the kind and name of the last object of the chain of controllers that begins with an Owner.
func (x *Index) Top(o *store.Owner) (kind, name string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	w := x.follow(o)
	return w.kind, w.name
}

// ControllerOf returns the controller of an object, and whether it has one. It refers to memory of the
// object.
func ControllerOf(o metav1.Object) (c store.Owner, ok bool) { return controllerOf(o) }
