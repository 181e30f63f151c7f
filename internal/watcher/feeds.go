package watcher

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/results"
	"github.com/kubestate/kubestate/internal/workloads"
)

// A feed is a part of an index that the objects of a sink feed, beside the store.
type feed interface {
	set(key string, o metav1.Object)
	delete(key string, o metav1.Object)
	// begin begins the next objects.
	begin() feedBatch
	// close removes all objects.
	close()
}

// A feedBatch has the next objects of a feed.
type feedBatch interface {
	set(key string, o metav1.Object)
	// commit makes the objects for whose namespaces and keys keep returns true those of the feed; nil
	// keeps all.
	commit(keep func(namespace, key string) bool)
}

// An ownersFeed feeds the index of workloads.
type ownersFeed struct{ *workloads.Owners }

func (f ownersFeed) set(key string, o metav1.Object)    { f.Set(key, o) }
func (f ownersFeed) delete(key string, _ metav1.Object) { f.Delete(key) }
func (f ownersFeed) begin() feedBatch                   { return ownersBatch{f.Begin()} }
func (f ownersFeed) close()                             { f.Close() }

type ownersBatch struct{ *workloads.OwnersBatch }

func (b ownersBatch) set(key string, o metav1.Object)              { b.Set(key, o) }
func (b ownersBatch) commit(keep func(namespace, key string) bool) { b.Commit(keep) }

// A resultsFeed feeds the index of results.
type resultsFeed struct{ *results.Source }

func (f resultsFeed) set(key string, o metav1.Object)    { f.Set(key, o) }
func (f resultsFeed) delete(key string, _ metav1.Object) { f.Delete(key) }
func (f resultsFeed) begin() feedBatch                   { return sourceBatch{f.Begin()} }
func (f resultsFeed) close()                             { f.Close() }

type sourceBatch struct{ *results.SourceBatch }

func (b sourceBatch) set(key string, o metav1.Object)              { b.Set(key, o) }
func (b sourceBatch) commit(keep func(namespace, key string) bool) { b.Commit(keep) }
