package workloads_test

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/workloads"
)

// TestOwnerOf has objects with and without a controller.
func TestOwnerOf(t *testing.T) {
	x := workloads.NewIndex()
	r := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Name: "web-1", UID: "r"}}
	r.OwnerReferences = []metav1.OwnerReference{{Kind: "Deployment", Name: "web", UID: "d", Controller: new(true)}}
	x.Owners().Set("r", r)
	f := func(o metav1.Object, kind string, own bool, named, top string) {
		t.Helper()
		owner := workloads.OwnerOf(o, kind)
		if got := workloads.IsOwn(&owner); got != own {
			t.Errorf("%s: own is %v", named, got)
		}
		if got := owner.Kind + " " + owner.Name; got != named {
			t.Errorf("the owner is %s, want %s", got, named)
		}
		if kind, name := x.Top(&owner); kind+" "+name != top {
			t.Errorf("%s: the last controller is %s %s, want %s", named, kind, name, top)
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
