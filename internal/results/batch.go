package results

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/store"
)

// A Batch renders the derived families of the objects in a staging copy of the partition. The index
// does not render them again before Commit.
type Batch struct {
	objects *Objects
	staged  *store.Staging
	next    content
	lines   *lines
}

// Begin opens a batch for a staging copy of the partition.
func (s *Objects) Begin(staged *store.Staging) *Batch {
	return &Batch{s, staged, newContent(), newLines(s.renderer, s.others)}
}

// Set is Objects.Set for the staging copy. It replaces an object of the same key.
func (b *Batch) Set(o metav1.Object, r *store.Rendered) bool {
	b.objects.index.mu.Lock()
	added := b.lines.add(r, o, b.objects.index)
	b.objects.index.mu.Unlock()
	if !b.staged.Set(*r) {
		return false
	}
	b.next.set(added)
	return true
}

// SetWithout is Objects.SetWithout for the staging copy.
func (b *Batch) SetWithout(r *store.Rendered) bool {
	b.next.drop(r.UID)
	b.lines.addNone(r)
	return b.staged.Set(*r)
}

// Leave is Objects.Leave for the staging copy.
func (b *Batch) Leave(keys []string) { b.next.leave(keys) }

// Finish renders the objects again whose verdict has changed since Set. Staging.Finish follows.
func (b *Batch) Finish() {
	b.objects.index.mu.Lock()
	defer b.objects.index.mu.Unlock()
	b.lines.refreshAll(b.staged.Update, &b.next, b.objects.index)
}

// Commit replaces the partition by the staging copy, and renders the objects again whose verdict has
// changed since Finish. Keep tells by namespace and key which objects the staging copy retains; nil
// for all.
func (b *Batch) Commit(keep func(namespace, key string) bool) {
	if keep != nil {
		b.next.retain(keep)
	}
	s := b.objects
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	s.partition.Replace(b.staged)
	s.content = b.next
	if !s.closed {
		s.register()
		s.lines.refreshAll(s.partition.Update, &s.content, s.index)
	}
}
