package workloads_test

import (
	"testing"
	"unique"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/workloads"
)

// TestReferences has references to controllers, and of objects without one.
func TestReferences(t *testing.T) {
	x := workloads.NewIndex()
	r := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Name: "web-1", UID: "r"}}
	r.OwnerReferences = []metav1.OwnerReference{{Kind: "Deployment", Name: "web", UID: "d", Controller: new(true)}}
	x.Owners().Set("r", r)
	f := func(o metav1.Object, kind string, own bool, referred, top string) {
		t.Helper()
		none := unique.Handle[string]{}
		reference := workloads.ReferenceOf(o, kind, none)
		if again := workloads.ReferenceOf(o, kind, reference); again != reference {
			t.Errorf("%s: two references differ", referred)
		}
		if other := workloads.ReferenceOf(o, kind, unique.Make("0123456789abcdefPod\x00other")); other != reference {
			t.Errorf("%s: the reference depends on another one", referred)
		}
		if got := workloads.IsOwn(reference); got != own {
			t.Errorf("%s: own is %v", referred, got)
		}
		if kind, name := workloads.Referred(reference); kind+" "+name != referred {
			t.Errorf("the reference names %s %s, want %s", kind, name, referred)
		}
		if kind, name := x.Top(reference); kind+" "+name != top {
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
	if workloads.IsOwn(unique.Handle[string]{}) {
		t.Error("no reference is an own one")
	}
}
