package watcher

import (
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
	SetWithout(*store.Rendered) bool
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

type podsDeriver struct{ *workloads.Pods }

func (d podsDeriver) begin(s *store.Staging) derivedBatch { return d.Begin(s) }

func (d podsDeriver) merge(others []deriver) {
	var all []*workloads.Pods
	for _, o := range others {
		all = append(all, o.(podsDeriver).Pods)
	}
	d.Merge(all...)
}

type resultsDeriver struct{ *results.Objects }

func (d resultsDeriver) begin(s *store.Staging) derivedBatch { return d.Begin(s) }

func (d resultsDeriver) merge(others []deriver) {
	var all []*results.Objects
	for _, o := range others {
		all = append(all, o.(resultsDeriver).Objects)
	}
	d.Merge(all...)
}
