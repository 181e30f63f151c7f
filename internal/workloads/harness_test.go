package workloads_test

import (
	"fmt"
	"maps"
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
	left   map[string]bool // keys of pods without a line
}

const other = "other 1\n"

// ofOther marks the other family.
var ofOther = []bool{true, false}

func newPods(x *workloads.Index) pods {
	r := derived()
	stored := store.NewResource("x", []store.Family{{Name: "other"}, {Name: r.Names()[0]}}, 1)
	return pods{x.Pods(r, 1, stored.Partitions()[0]), stored, map[string]bool{}}
}

// rendered is a pod with the line of the other family.
func rendered(key string, p *corev1.Pod) *store.Rendered {
	return &store.Rendered{UID: key, Namespace: p.Namespace, Text: []byte(other), Ends: []int{len(other)}}
}

func (p pods) partition() *store.Partition { return p.stored.Partitions()[0] }

// Set adds or replaces a pod.
func (p pods) Set(key string, pod *corev1.Pod) {
	delete(p.left, key)
	p.Pods.Set(pod, rendered(key, pod))
}

// SetWithout adds or replaces a pod without a line.
func (p pods) SetWithout(key string, pod *corev1.Pod) {
	p.left[key] = true
	p.Pods.SetWithout(pod, rendered(key, pod))
}

// Leave deletes the lines of pods, which are present or not.
func (p pods) Leave(keys ...string) {
	for _, key := range keys {
		if p.partition().Has(key) {
			p.left[key] = true
		}
	}
	p.partition().Cut(keys, ofOther)
}

// Delete removes a pod.
func (p pods) Delete(key string) {
	delete(p.left, key)
	p.partition().Delete(key)
}

// Retain removes the pods for which keep returns false.
func (p pods) Retain(keep func(key string) bool) {
	maps.DeleteFunc(p.left, func(key string, _ bool) bool { return !keep(key) })
	p.partition().Retain(keep)
}

// batch is a list of pods.
type batch struct {
	*workloads.PodsBatch
	staged     *store.Staging
	left, next map[string]bool // pods.left, and what replaces it
}

// Begin begins a list.
func (p pods) Begin() batch {
	staged := p.partition().Begin()
	return batch{p.Pods.Begin(staged), staged, p.left, map[string]bool{}}
}

// Set adds a pod.
func (b batch) Set(key string, pod *corev1.Pod) {
	delete(b.next, key)
	b.PodsBatch.Set(pod, rendered(key, pod))
}

// SetWithout adds a pod without a line.
func (b batch) SetWithout(key string, pod *corev1.Pod) {
	b.next[key] = true
	b.PodsBatch.SetWithout(pod, rendered(key, pod))
}

// Leave deletes the lines of pods of the list.
func (b batch) Leave(keys ...string) {
	for _, key := range keys {
		b.next[key] = true
	}
	b.staged.Cut(keys, ofOther)
}

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
	b.PodsBatch.Commit()
	clear(b.left)
	maps.Copy(b.left, b.next)
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

// lines returns the lines of all namespaces, or of some, sorted. No pod changes meanwhile.
func (p pods) lines(tb testing.TB, namespaces ...string) []string {
	tb.Helper()
	mine, others := p.read(tb, namespaces...)
	if want := len(mine) + len(p.left); others != want && len(namespaces) == 0 {
		tb.Errorf("%d lines of the other family, want %d", others, want)
	}
	return mine
}

// read returns the lines of all namespaces, or of some, sorted, and how many the other family has.
func (p pods) read(tb testing.TB, namespaces ...string) (mine []string, others int) {
	tb.Helper()
	var b strings.Builder
	if err := store.NewResponse([]store.View{p.stored.View(namespaces...)}, "").WriteText(&b); err != nil {
		tb.Fatal(err)
	}
	all := slices.Sorted(strings.Lines(b.String()))
	mine = slices.DeleteFunc(slices.Clone(all), func(line string) bool { return line == other })
	return mine, len(all) - len(mine)
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
