package workloads

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/store"
)

// A PodsBatch renders the derived families of the pods in a staging copy of the partition. The index
// does not render them again before Commit.
type PodsBatch struct {
	pods   *Pods
	staged *store.Staging
	next   content
	lines  *lines
}

// Begin opens a batch for a staging copy of the partition.
func (p *Pods) Begin(staged *store.Staging) *PodsBatch {
	return &PodsBatch{p, staged, newContent(), newLines(p.renderer, p.others)}
}

// Set is Pods.Set for the staging copy. It replaces a pod of the same key.
func (b *PodsBatch) Set(o metav1.Object, r *store.Rendered) bool {
	pod := o.(*corev1.Pod)
	b.pods.index.mu.Lock()
	shown := b.next.set(b.pods.index, r.UID, pod)
	b.pods.index.mu.Unlock()
	b.lines.add(r, pod, shown)
	return b.staged.Set(*r)
}

// SetWithout is Pods.SetWithout for the staging copy.
func (b *PodsBatch) SetWithout(r *store.Rendered) bool {
	i, _ := idOf(r.UID)
	b.next.drop(i)
	b.lines.addNone(r)
	return b.staged.Set(*r)
}

// Leave is Pods.Leave for the staging copy.
func (b *PodsBatch) Leave(keys []string) { b.next.leave(keys) }

// Finish renders the pods again whose workload has changed since Set. Staging.Finish follows.
func (b *PodsBatch) Finish() {
	var changed []*group
	b.pods.index.mu.Lock()
	for _, g := range b.next.groups {
		for ; g != nil; g = g.next {
			g.pods = append(make([]member, 0, len(g.pods)), g.pods...) // at its size: most do not grow
			if shown := b.pods.index.follow(g.controller); shown != g.shown {
				g.shown = shown
				changed = append(changed, g)
			}
		}
	}
	b.pods.index.mu.Unlock()
	for _, g := range changed {
		b.lines.update(b.staged.Update, &b.next, g)
	}
}

// Commit replaces the partition by the staging copy, and renders the pods again whose workload has
// changed since Finish. Keep tells by namespace and key which pods the staging copy retains; nil for
// all.
func (b *PodsBatch) Commit(keep func(namespace, key string) bool) {
	if keep != nil {
		b.next.retain(keep)
	}
	p := b.pods
	p.index.mu.Lock()
	defer p.index.mu.Unlock()
	p.partition.Replace(b.staged)
	p.content = b.next
	if !p.closed {
		p.register()
		p.refreshAll()
	}
}
