package watcher

import (
	"fmt"
	"sync/atomic"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/store"
)

// A Feed renders the objects of one resource, in one namespace or in all, into
// its part of the store. It is a cache.ReflectorStore.
type Feed struct {
	resource  generators.Description
	namespace string // metav1.NamespaceAll for all
	renderer  *generators.Renderer
	part      *store.Part
	synced    atomic.Bool
	onSynced  func()      // called when synced for the first time
	refused   atomic.Bool // the API server has no such resource, or not for us

	// Scratch for one rendering.
	text []byte
	ends []int
}

// name is how messages speak of the feed.
func (f *Feed) name() string {
	if f.namespace == metav1.NamespaceAll {
		return f.resource.Key
	}
	return f.resource.Key + " in " + f.namespace
}

// Add renders an object that is new to the reflector.
func (f *Feed) Add(object any) error { return f.set(f.part.Set, object) }

// Update renders an object that the reflector has seen before.
func (f *Feed) Update(object any) error { return f.set(f.part.Set, object) }

// Delete removes an object.
func (f *Feed) Delete(object any) error {
	o, err := asObject(object)
	if err == nil {
		f.part.Delete(key(o))
	}
	return err
}

// Replace renders the complete list of objects and puts it in the place of all
// that the part holds, in one step. From the first time on, the feed is synced.
func (f *Feed) Replace(objects []any, _ string) error {
	next := store.NewGeneration(len(objects))
	for _, object := range objects {
		if err := f.set(next.Set, object); err != nil {
			return err
		}
	}
	f.part.Replace(next)
	if !f.synced.Swap(true) {
		f.onSynced()
	}
	return nil
}

// Resync has nothing to do: what is stored does not decay.
func (f *Feed) Resync() error { return nil }

func (f *Feed) set(set func(uid string, text []byte, ends []int), object any) error {
	o, err := asObject(object)
	if err != nil {
		return err
	}
	f.text, f.ends = f.renderer.Render(f.text[:0], f.ends[:0], o)
	set(key(o), f.text, f.ends)
	return nil
}

func asObject(object any) (metav1.Object, error) {
	o, ok := object.(metav1.Object)
	if !ok {
		return nil, fmt.Errorf("%T is no Kubernetes object", object)
	}
	return o, nil
}

// key is the object's uid. Objects written by hand have none; of those there is
// one of a name.
func key(o metav1.Object) string {
	if uid := o.GetUID(); uid != "" {
		return string(uid)
	}
	return o.GetNamespace() + "/" + o.GetName()
}
