package workloads

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/store"
)

// A podsBatch has the next pods of a source. The index does not render them before Commit.
type podsBatch struct {
	source *Pods
	next   content
	staged *store.Staging
	lines  *lines
}

// Begin opens a batch.
func (p *Pods) Begin() Batch {
	return &podsBatch{p, newContent(), p.partition.Begin(), newLines(p.renderer)}
}

// Set adds a pod, or replaces the one of the key.
func (b *podsBatch) Set(key string, o metav1.Object) {
	i, _ := idOf(key)
	p, t := podOf(o.(*corev1.Pod)), texts{key, string(o.GetUID())}
	b.source.index.mu.Lock()
	p.shown = b.source.index.workloadOf(p)
	b.source.index.mu.Unlock()
	b.next.set(i, p, t)
	b.lines.render(b.staged.Set, p, t)
}

// Finish renders the pods again whose workload has changed since Set, and compresses the lines.
func (b *podsBatch) Finish() {
	var changed []id
	b.source.index.mu.Lock()
	for i, p := range b.next.pods {
		if shown := b.source.index.workloadOf(p); shown != p.shown {
			p.shown = shown
			b.next.pods[i] = p
			changed = append(changed, i)
		}
	}
	b.source.index.mu.Unlock()
	for _, i := range changed {
		b.lines.render(b.staged.Set, b.next.pods[i], b.next.textsOf(i))
	}
	b.staged.Finish()
}

// Abandon ends the batch without a commit.
func (b *podsBatch) Abandon() { b.staged.Abandon() }

// Commit makes the pods for whose keys keep returns true those of the source; nil keeps all.
func (b *podsBatch) Commit(keep func(key string) bool) {
	if keep != nil {
		b.staged.Retain(keep)
		b.next = b.next.retained(keep)
	}
	p := b.source
	p.index.mu.Lock()
	defer p.index.mu.Unlock()
	if p.closed {
		return
	}
	p.partition.Replace(b.staged)
	p.content = b.next
	p.register()
	for i := range p.pods { // of owners that have changed since Finish
		p.refresh(i)
	}
}
