package watcher

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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
	Set(key string, o metav1.Object)
	// Commit replaces the objects of the feed by those of the batch for which keep returns true; nil keeps all.
	Commit(keep func(namespace, key string) bool)
}

// A source is a source of the index of workloads or of results.
type source[B feedBatch] interface {
	Set(key string, o metav1.Object)
	Delete(key string)
	Begin() B
	Close()
}

// A sourceFeed is the feed of a source.
type sourceFeed[B feedBatch] struct{ source[B] }

func (f sourceFeed[B]) set(key string, o metav1.Object)    { f.Set(key, o) }
func (f sourceFeed[B]) delete(key string, _ metav1.Object) { f.Delete(key) }
func (f sourceFeed[B]) begin() feedBatch                   { return f.Begin() }
func (f sourceFeed[B]) close()                             { f.Close() }
