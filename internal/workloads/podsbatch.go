package workloads

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/store"
)

// A PodsBatch renders the derived families of the pods in a staging copy of the partition, or in an
// addition to it. The index does not render them again before Commit.
type PodsBatch struct {
	pods   *Pods
	staged *store.Staging
	commit func(*store.Staging)
	lines  *lines
	shown  map[*controller]workload // as rendered
	// last is the controller of the last pod that has one, and lastUID its uid as the pod has it:
	// neighbours often have one controller.
	last    *controller
	lastUID string
}

// Set is Pods.Set for the staging copy. It replaces a pod of the same key.
func (b *PodsBatch) Set(pod *corev1.Pod, r *store.Rendered) bool {
	of := ownWorkload(pod)
	if c := b.controllerOf(pod); c != nil {
		r.Note.Owner, of = c, b.shown[c]
	}
	b.lines.add(r, pod, of)
	return b.staged.Set(*r)
}

// SetWithout is Pods.SetWithout for the staging copy.
func (b *PodsBatch) SetWithout(pod *corev1.Pod, r *store.Rendered) bool {
	if c := b.controllerOf(pod); c != nil {
		r.Note.Owner = c
	}
	b.lines.addNone(r)
	return b.staged.Set(*r)
}

// controllerOf returns the controller of a pod, which has a workload then; nil for none.
func (b *PodsBatch) controllerOf(pod *corev1.Pod) *controller {
	of := metav1.GetControllerOfNoCopy(pod)
	if of == nil {
		return nil
	}
	if b.last != nil && b.lastUID == string(of.UID) && b.last.Kind == of.Kind && b.last.Name == of.Name {
		return b.last
	}
	x := b.pods.index
	x.mu.Lock()
	defer x.mu.Unlock()
	shared := x.share(fromReference(of))
	b.last, b.lastUID = shared.controller, strings.Clone(string(of.UID))
	if _, known := b.shown[b.last]; !known {
		b.shown[b.last] = x.top(shared)
	}
	return b.last
}

// changed returns the controllers whose workload has changed since the pods were rendered. The caller
// holds the lock of the index.
func (b *PodsBatch) changed() store.Owners {
	changed := store.Owners{}
	for c, shown := range b.shown {
		if now := b.pods.index.follow(c); now != shown {
			b.shown[c], changed[c] = now, true
		}
	}
	return changed
}

// Finish renders the pods again whose workload has changed since Set. Staging.Finish follows.
func (b *PodsBatch) Finish() {
	b.pods.index.mu.Lock()
	changed := b.changed()
	b.pods.index.mu.Unlock()
	b.lines.rewrite(b.staged.Rewrite, changed, func(c *controller) workload { return b.shown[c] })
}

// Commit changes the partition by the staging copy, and renders the pods again whose workload has
// changed since Finish.
func (b *PodsBatch) Commit() {
	p := b.pods
	p.index.mu.Lock()
	defer p.index.mu.Unlock()
	b.commit(b.staged)
	if p.closed {
		return
	}
	p.register()
	for c := range b.shown { // there may have been a sweep
		p.index.refer(c)
	}
	p.lines.rewrite(p.partition.Rewrite, b.changed(), p.index.follow)
}
