package workloads_test

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/store"
	"github.com/kubestate/kubestate/internal/workloads"
)

// TestOwners has controllers, and objects without one.
func TestOwners(t *testing.T) {
	x := workloads.NewIndex()
	r := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Name: "web-1", UID: "r"}}
	r.OwnerReferences = []metav1.OwnerReference{{Kind: "Deployment", Name: "web", UID: "d", Controller: new(true)}}
	x.Owners().Set("r", r)
	f := func(o metav1.Object, kind string, own bool, referred, top string) {
		t.Helper()
		owner := x.OwnerOf(o, kind, nil)
		if again := x.OwnerOf(o, kind, owner); again != owner {
			t.Errorf("%s: the known owner is not returned", referred)
		}
		if other := x.OwnerOf(o, kind, &store.Owner{Kind: "Pod", Name: "other"}); *other != *owner {
			t.Errorf("%s: the owner depends on another one", referred)
		}
		if got := workloads.IsOwn(owner); got != own {
			t.Errorf("%s: own is %v", referred, got)
		}
		if got := owner.Kind + " " + owner.Name; got != referred {
			t.Errorf("the owner is %s, want %s", got, referred)
		}
		if kind, name := x.Top(owner); kind+" "+name != top {
			t.Errorf("%s: the last controller is %s %s, want %s", referred, kind, name, top)
		}
	}
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "a", UID: "p"}}
	f(p, "Pod", true, "Pod a", "Pod a")
	p.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: ""}
	f(p, "Pod", true, "Pod a", "Pod a")
	p.Spec.NodeName = "m"
	f(p, "Pod", true, "Node m", "Node m")
	p.OwnerReferences = []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "web-1", UID: "r"}}
	f(p, "Pod", true, "Node m", "Node m")
	p.OwnerReferences[0].Controller = new(true)
	f(p, "Pod", false, "ReplicaSet web-1", "Deployment web")
	f(r, "ReplicaSet", false, "Deployment web", "Deployment web")
}
