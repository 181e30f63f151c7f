package watcher

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/listwatch"
)

// Feed is the content of one namespace, or of all.
type Feed = feed

// Load fills what the last configuration wants from objects by kind.
func (w *Watcher) Load(objects map[schema.GroupVersionKind][]runtime.Object) error {
	l := w.Loading(w.config)
	for kind, all := range objects {
		for _, object := range all {
			if err := l.Add(kind, object); err != nil {
				return err
			}
		}
	}
	l.Done()
	return nil
}

// Feeds gives the feeds of what is served, in order.
func (w *Watcher) Feeds() (all []*Feed) {
	for _, f := range w.feeds() {
		all = append(all, f)
	}
	return all
}

// Set renders an object.
func (f *feed) Set(o metav1.Object) error { return f.sink.Set(o) }

// Delete removes an object.
func (f *feed) Delete(o metav1.Object) { f.sink.Delete(o) }

// Begin opens a batch.
func (f *feed) Begin() listwatch.Batch { return f.sink.Begin() }

// Replace renders a complete list.
func (f *feed) Replace(objects ...metav1.Object) error {
	b := f.Begin()
	for _, o := range objects {
		if err := b.Set(o); err != nil {
			return err
		}
	}
	b.Commit(f.loop.Shard.HasKey)
	f.loop.MarkComplete()
	return nil
}

// Has reports whether the feed's shard has an object.
func (f *feed) Has(o metav1.Object) bool { return f.loop.Shard.Has(o) }

// Basis gives the fingerprint of the spec that is stored for a uid, 0 if none is.
func (f *feed) Basis(uid []byte) uint64 { return f.sink.partition.Fingerprint(uid) }
