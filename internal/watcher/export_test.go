package watcher

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

type Sink = sink

// Load loads objects by kind under the last configuration.
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

func (w *Watcher) Sinks() []*Sink { return w.sinks() }

// Unsynced returns the names of awaited checks.
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
func (s *sink) Replace(objects ...metav1.Object) error {
	b := s.Begin()
	for _, o := range objects {
		if err := b.Set(o); err != nil {
			return err
		}
	}
	b.Commit(func(_, key string) bool { return s.loop.Shard.HasKey(key) })
	s.loop.MarkComplete()
	return nil
}

// Has reports whether the sink's shard has an object.
func (s *sink) Has(o metav1.Object) bool { return s.loop.Shard.Has(o) }

// Fingerprint returns the stored fingerprint of a uid; 0 for none.
func (s *sink) Fingerprint(uid []byte) uint64 { return s.partition.Input(uid) }
