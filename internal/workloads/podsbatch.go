package workloads

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/kubestate/kubestate/internal/store"
)

// A PodsBatch renders the derived families of the pods in a staging copy of the partition. The index
// does not render them again before Commit.
type PodsBatch struct {
	pods   *Pods
	staged *store.Staging
	lines  *lines
	shown  map[reference]workload // as rendered
	last   reference              // neighbours often have one controller
}

// Begin opens a batch for a staging copy of the partition.
func (p *Pods) Begin(staged *store.Staging) *PodsBatch {
	return &PodsBatch{pods: p, staged: staged, lines: p.lines.clone(), shown: map[reference]workload{}}
}

// Set is Pods.Set for the staging copy. It replaces a pod of the same key.
func (b *PodsBatch) Set(pod *corev1.Pod, r *store.Rendered) bool {
	of := ownWorkload(pod)
	if owner := b.referenceOf(pod); owner != (reference{}) {
		r.Note.Owner, of = owner, b.follow(owner)
	}
	b.lines.add(r, pod, of)
	return b.staged.Set(*r)
}

// follow returns the workload of a reference: one for all pods of the batch.
func (b *PodsBatch) follow(r reference) workload {
	w, known := b.shown[r]
	if !known {
		b.pods.index.mu.Lock()
		w = b.pods.index.follow(r)
		b.pods.index.mu.Unlock()
		b.shown[r] = w
	}
	return w
}

// SetWithout is Pods.SetWithout for the staging copy.
func (b *PodsBatch) SetWithout(pod *corev1.Pod, r *store.Rendered) bool {
	if owner := b.referenceOf(pod); owner != (reference{}) {
		r.Note.Owner = owner
	}
	b.lines.addNone(r)
	return b.staged.Set(*r)
}

func (b *PodsBatch) referenceOf(pod *corev1.Pod) reference {
	c, ok := controllerOf(pod)
	if !ok {
		return reference{}
	}
	b.last = c.reference(b.last)
	return b.last
}

// changed returns the references whose workload has changed since the pods were rendered. The caller
// holds the lock of the index.
func (b *PodsBatch) changed() store.Owners {
	changed := store.Owners{}
	for r, shown := range b.shown {
		if now := b.pods.index.follow(r); now != shown {
			b.shown[r], changed[r] = now, true
		}
	}
	return changed
}

// Finish renders the pods again whose workload has changed since Set. Staging.Finish follows.
func (b *PodsBatch) Finish() {
	b.pods.index.mu.Lock()
	changed := b.changed()
	b.pods.index.mu.Unlock()
	b.lines.rewrite(b.staged.Rewrite, changed, func(r reference) workload { return b.shown[r] })
}

// Commit replaces the partition by the staging copy, and renders the pods again whose workload has
// changed since Finish.
func (b *PodsBatch) Commit() {
	p := b.pods
	p.index.mu.Lock()
	defer p.index.mu.Unlock()
	p.partition.Replace(b.staged)
	if p.closed {
		return
	}
	p.register()
	for r := range b.shown {
		p.index.refer(r)
	}
	p.lines.rewrite(p.partition.Rewrite, b.changed(), p.index.follow)
}
