package watcher

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/sharding"
)

// Lull is how long changes may lie unread.
const Lull = lull

// Feeds gives the feeds of w, that is served, in order.
func (w *Watcher) Feeds() []*Feed { return w.feeds() }

// StartOver is what a source does to its feed before it lists.
func (f *Feed) StartOver() { f.startOver() }

// NewReception makes what receives r.
func NewReception(r generators.Resource, m *Metrics) *reception {
	return NewShare(r, sharding.All(), m)
}

// NewShare makes what receives the objects of r that the ranges hold.
func NewShare(r generators.Resource, ranges sharding.Ranges, m *Metrics) *reception {
	d := factsOf(r)
	return newReception(d, newShare(d.Description, ranges, m), nil, m)
}

// Accept is what to ask for.
func (r *reception) Accept(watch bool) string { return r.accept(watch) }

// Reception makes what receives the objects of the feed.
func (f *Feed) Reception(m *Metrics) *reception {
	return newReception(f.resource, f.share, f.part, m)
}

// Narrow says whether an object lacks what only steady families read.
func Narrow(object any) bool {
	p, ok := object.(*parcel)
	return ok && p.whole != nil
}

// Knows says whether the feed knows from what spec the text of an object is.
func (f *Feed) Knows(uid string) bool { return f.part.Basis([]byte(uid)) != 0 }

// Fits says whether the feed has text for the spec that an object was decoded from.
func (f *Feed) Fits(object any) bool {
	p, ok := object.(*parcel)
	return ok && f.part.Basis([]byte(key(p))) == p.basis
}

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
