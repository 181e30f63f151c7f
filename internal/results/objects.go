package results

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/store"
)

// An Objects renders the derived families of the Jobs or CronJobs in a partition of the store: with
// each change of an object, and again when its verdict changes.
type Objects struct {
	index     *Index
	partition *store.Partition
	renderer  *generators.Renderer // only cloned
	others    int                  // families of the partition before the derived ones
	lines     *lines
	content
	closed bool
}

// Objects returns the objects of a partition without content. Behind its other families, the partition
// has those of the renderer, of which Objects uses clones.
func (x *Index) Objects(derived *generators.Renderer, others int, partition *store.Partition) *Objects {
	return &Objects{index: x, partition: partition, renderer: derived, others: others, lines: newLines(derived, others), content: newContent()}
}

// Set adds or replaces an object. r has the lines of the other families, to which Set adds those of
// the derived ones. Like Partition.Set it changes nothing and returns false if the lines that r leaves
// out are of another input.
func (s *Objects) Set(o metav1.Object, r *store.Rendered) bool {
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	added := s.lines.add(r, o, s.index)
	if !s.partition.Set(*r) {
		return false
	}
	s.set(added)
	return true
}

// SetWithout is Set for an object without lines of the derived families.
func (s *Objects) SetWithout(r *store.Rendered) bool {
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	s.drop(r.UID)
	s.lines.addNone(r)
	return s.partition.Set(*r)
}

// Leave has to be called before the lines of derived families are deleted from the partition. It
// ignores unknown keys.
func (s *Objects) Leave(keys []string) {
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	s.leave(keys)
}

// Delete has to be called before an object is deleted from the partition.
func (s *Objects) Delete(key string) {
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	s.drop(key)
}

// Retain has to be called before Partition.Retain.
func (s *Objects) Retain(keep func(key string) bool) {
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	s.retain(func(_, key string) bool { return keep(key) })
}

// Merge is Partition.Merge for the partition of s, which must have no objects, and the partitions of
// others.
func (s *Objects) Merge(others ...*Objects) {
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	var partitions []*store.Partition
	for _, from := range others {
		partitions = append(partitions, from.partition)
		s.addAll(&from.content)
	}
	s.partition.Merge(partitions...)
	s.register()
}

// register makes the index render the objects again whose verdict changes.
func (s *Objects) register() {
	if !slices.Contains(s.index.objects, s) {
		s.index.objects = append(s.index.objects, s)
	}
}

// Close removes the objects from the index.
func (s *Objects) Close() {
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	s.closed = true
	s.index.objects = slices.DeleteFunc(s.index.objects, func(o *Objects) bool { return o == s })
}
