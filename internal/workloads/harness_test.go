package workloads_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/store"
	"github.com/kubestate/kubestate/internal/workloads"
)

// derived returns a renderer of the derived families of pods.
func derived() *generators.Renderer {
	return generators.Pods.Compile(generators.Selection{Groups: generators.Groups()}.Derived())
}

// pods are the pods of a partition, which has one other family.
type pods struct {
	*workloads.Pods
	stored *store.Resource
}

const other = "other 1\n"

func newPods(x *workloads.Index) pods {
	r := derived()
	stored := store.NewResource("x", []store.Family{{Name: "other"}, {Name: r.Names()[0]}}, 1)
	return pods{x.Pods(r, 1, stored.Partitions()[0]), stored}
}

// rendered is a pod with the line of the other family.
func rendered(key string, p *corev1.Pod) *store.Rendered {
	return &store.Rendered{UID: key, Namespace: p.Namespace, Text: []byte(other), Ends: []int{len(other)}}
}

func (p pods) partition() *store.Partition { return p.stored.Partitions()[0] }

// Set adds or replaces a pod.
func (p pods) Set(key string, pod *corev1.Pod) { p.Pods.Set(pod, rendered(key, pod)) }

// Delete removes a pod.
func (p pods) Delete(key string) {
	p.Pods.Delete(key)
	p.partition().Delete(key)
}

// Retain removes the pods for which keep returns false.
func (p pods) Retain(keep func(key string) bool) {
	p.Pods.Retain(keep)
	p.partition().Retain(keep)
}

// batch is a list of pods.
type batch struct {
	*workloads.PodsBatch
	staged *store.Staging
}

// Begin begins a list.
func (p pods) Begin() batch {
	staged := p.partition().Begin()
	return batch{p.Pods.Begin(staged), staged}
}

// Set adds a pod.
func (b batch) Set(key string, pod *corev1.Pod) { b.PodsBatch.Set(pod, rendered(key, pod)) }

// Finish ends the list.
func (b batch) Finish() {
	b.PodsBatch.Finish()
	b.staged.Finish()
}

// Commit makes the list the content.
func (b batch) Commit(keep func(namespace, key string) bool) {
	if keep != nil {
		b.staged.Retain(keep)
	}
	b.PodsBatch.Commit(keep)
}

// fill makes pods the content by a list.
func (p pods) fill(all ...*corev1.Pod) {
	b := p.Begin()
	for _, pod := range all {
		b.Set(string(pod.UID), pod)
	}
	b.Finish()
	b.Commit(nil)
}

// lines returns the lines of all namespaces, or of some, sorted.
func (p pods) lines(tb testing.TB, namespaces ...string) []string {
	tb.Helper()
	var b strings.Builder
	if err := store.NewResponse([]store.View{p.stored.View(namespaces...)}, "").WriteText(&b); err != nil {
		tb.Fatal(err)
	}
	all := slices.Sorted(strings.Lines(b.String()))
	mine := slices.DeleteFunc(slices.Clone(all), func(line string) bool { return line == other })
	if len(all) != 2*len(mine) {
		tb.Errorf("%d lines of the other family, want %d", len(all)-len(mine), len(mine))
	}
	return mine
}

// line is the line of a pod.
func line(namespace, pod, uid, kind, name string) string {
	return fmt.Sprintf("kubestate_pod_workload{namespace=%q,pod=%q,uid=%q,workload_kind=%q,workload=%q} 1\n", namespace, pod, uid, kind, name)
}

// controller is a controller reference of the form kind/name/uid.
func controller(ref string) metav1.OwnerReference {
	parts := strings.Split(ref, "/")
	return metav1.OwnerReference{Kind: parts[0], Name: parts[1], UID: types.UID(parts[2]), Controller: new(true)}
}

func references(refs []string) (all []metav1.OwnerReference) {
	for _, ref := range refs {
		all = append(all, controller(ref))
	}
	return all
}

// object is an object with controllers.
func object(uid string, controllers ...string) metav1.Object {
	return &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: "of-" + uid, UID: types.UID(uid), OwnerReferences: references(controllers)}}
}

// pod is a pod with controllers.
func pod(name, uid string, controllers ...string) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: name, UID: types.UID(uid), OwnerReferences: references(controllers)}}
}
