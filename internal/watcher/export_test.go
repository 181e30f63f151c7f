package watcher

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Sink is the content of one namespace, or of all.
type Sink = sink

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

// Sinks gives the sinks of what is served, in order.
func (w *Watcher) Sinks() []*Sink { return w.sinks() }

// Unsynced names what has not been complete once, without what the API server refuses.
func (w *Watcher) Unsynced() []string {
	var names []string
	for _, c := range w.Checks() {
		if c.Awaited() {
			names = append(names, c.Resource)
		}
	}
	return names
}

// Replace renders a complete list.
func (f *sink) Replace(objects ...metav1.Object) error {
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

// Has reports whether the sink's shard has an object.
func (f *sink) Has(o metav1.Object) bool { return f.loop.Shard.Has(o) }

// Basis gives the fingerprint of the spec that is stored for a uid, 0 if none is.
func (f *sink) Basis(uid []byte) uint64 { return f.partition.Fingerprint(uid) }
