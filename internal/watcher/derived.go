package watcher

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/results"
	"github.com/kubestate/kubestate/internal/store"
	"github.com/kubestate/kubestate/internal/workloads"
)

// A deriver renders the derived families of the objects in a partition: with each change of an object,
// and again when the other objects change that they are made of.
type deriver interface {
	derivedSetter
	begin(*store.Staging) derivedBatch
	// beginAddition is begin for an addition to the partition.
	beginAddition(*store.Staging) derivedBatch
	// merge merges the partitions of others into its own.
	merge(others []deriver)
	// Delete and Retain have to be called before objects leave the partition.
	Delete(key string)
	Retain(keep func(key string) bool)
	Close()
}

// A derivedBatch is a deriver of the next content of its partition.
type derivedBatch interface {
	derivedSetter
	Finish()
	Commit(keep func(namespace, key string) bool)
}

type derivedSetter interface {
	Set(metav1.Object, *store.Rendered) bool
	// SetWithout is Set for an object without lines of the derived families.
	SetWithout(metav1.Object, *store.Rendered) bool
	// Leave has to be called before the lines of derived families are cut.
	Leave(keys []string)
}

// newDeriver returns the deriver of a partition of a resource, which has other families before the
// derived ones.
func (w *Watcher) newDeriver(d generators.Description, derived *generators.Renderer, others int, p *store.Partition) deriver {
	if results.Has(d) {
		return resultsDeriver{w.results.Objects(derived, others, p)}
	}
	return podsDeriver{w.index.Pods(derived, others, p)}
}

// A podsDeriver keeps nothing of an object: the store has all of it.
type podsDeriver struct{ *workloads.Pods }

func (d podsDeriver) Set(o metav1.Object, r *store.Rendered) bool {
	return d.Pods.Set(o.(*corev1.Pod), r)
}

func (d podsDeriver) SetWithout(o metav1.Object, r *store.Rendered) bool {
	return d.Pods.SetWithout(o.(*corev1.Pod), r)
}

func (podsDeriver) Delete(string)            {}
func (podsDeriver) Retain(func(string) bool) {}
func (podsDeriver) Leave([]string)           {}

func (d podsDeriver) begin(s *store.Staging) derivedBatch { return podsBatch{d.Begin(s)} }

func (d podsDeriver) beginAddition(s *store.Staging) derivedBatch {
	return podsBatch{d.BeginAddition(s)}
}

func (d podsDeriver) merge(others []deriver) {
	var all []*workloads.Pods
	for _, o := range others {
		all = append(all, o.(podsDeriver).Pods)
	}
	d.Merge(all...)
}

// A podsBatch is the derivedBatch of a podsDeriver.
type podsBatch struct{ *workloads.PodsBatch }

func (b podsBatch) Set(o metav1.Object, r *store.Rendered) bool {
	return b.PodsBatch.Set(o.(*corev1.Pod), r)
}

func (b podsBatch) SetWithout(o metav1.Object, r *store.Rendered) bool {
	return b.PodsBatch.SetWithout(o.(*corev1.Pod), r)
}

func (podsBatch) Leave([]string) {}

func (b podsBatch) Commit(func(namespace, key string) bool) { b.PodsBatch.Commit() }

// A resultsDeriver keeps its objects by key.
type resultsDeriver struct{ *results.Objects }

func (d resultsDeriver) SetWithout(_ metav1.Object, r *store.Rendered) bool {
	return d.Objects.SetWithout(r)
}

func (d resultsDeriver) begin(s *store.Staging) derivedBatch { return resultsBatch{d.Begin(s)} }

// beginAddition is not called: verdicts exclude --namespace-selector.
func (resultsDeriver) beginAddition(*store.Staging) derivedBatch {
	panic("BUG: an addition has results")
}

func (d resultsDeriver) merge(others []deriver) {
	var all []*results.Objects
	for _, o := range others {
		all = append(all, o.(resultsDeriver).Objects)
	}
	d.Merge(all...)
}

// A resultsBatch is the derivedBatch of a resultsDeriver.
type resultsBatch struct{ *results.Batch }

func (b resultsBatch) SetWithout(_ metav1.Object, r *store.Rendered) bool {
	return b.Batch.SetWithout(r)
}

// keepsControllers reports whether the derived families keep the controllers of objects in their notes.
func (s *sink) keepsControllers() bool {
	_, ok := s.derived.(podsDeriver)
	return ok
}
