package watcher

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

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
func (w *Watcher) Feeds() (all []*feed) {
	for _, f := range w.feeds() {
		all = append(all, f)
	}
	return all
}

// Set renders an object.
func (f *feed) Set(o metav1.Object) error { return f.sink.Set(o) }

// Delete removes an object.
func (f *feed) Delete(o metav1.Object) { f.sink.Delete(o) }

// Replace renders a complete list.
func (f *feed) Replace(objects ...metav1.Object) error {
	b := f.sink.Begin()
	for _, o := range objects {
		if err := b.Set(o); err != nil {
			return err
		}
	}
	b.Commit(func(string) bool { return true })
	f.loop.Complete()
	return nil
}
