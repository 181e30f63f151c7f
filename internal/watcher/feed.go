package watcher

import (
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/store"
)

// A Feed renders the objects of one resource, in one namespace or in all, into
// its part of the store. It is a cache.TransformingStore.
type Feed struct {
	resource  facts
	namespace string // metav1.NamespaceAll for all
	renderer  *generators.Renderer
	steady    []bool // by family of the renderer
	part      *store.Part
	rendering prometheus.Counter
	want      reflect.Type  // of the objects; nil if it is not known
	limit     int64         // objects at most; 0 for any number
	overfull  bool          // there were more, and that was said
	onSynced  func()        // called when complete for the first time
	lists     *atomic.Int64 // that have been completed
	health    *health
	share     *share
	dropped   chan struct{} // that it has become less
	storing   sync.Mutex    // held while what is stored has to go with the share

	// positions say how far what is stored goes; storing guards them. With adopted set
	// they are where the first watch begins, and there is nothing to list before.
	positions positions
	adopted   bool

	next   *store.Generation // of a list that is under way
	listed bool              // next has the whole list
	fresh  bool              // the list has been complete since the last one began

	// Scratch for one rendering.
	text []byte
	ends []int
}

// name is how messages speak of the feed.
func (f *Feed) name() string {
	if f.namespace == metav1.NamespaceAll {
		return f.resource.Name
	}
	return f.resource.Name + " in " + f.namespace
}

// Add renders an object that is new to the reflector.
func (f *Feed) Add(object any) error { return f.set(object) }

// Update renders an object that the reflector has seen before.
func (f *Feed) Update(object any) error { return f.set(object) }

// Delete removes an object.
func (f *Feed) Delete(object any) error {
	o, err := asObject(object)
	if err != nil {
		return err
	}
	f.storing.Lock()
	defer f.storing.Unlock()
	if f.reaches(o) {
		f.part.Delete(key(o))
	}
	return nil
}

// Bookmark notes that nothing has happened up to a version.
func (f *Feed) Bookmark(version string) error {
	f.storing.Lock()
	defer f.storing.Unlock()
	f.positions = f.positions.reached(version)
	return nil
}

// reaches notes that a change of an object comes, and says whether that is news.
func (f *Feed) reaches(o metav1.Object) bool {
	known := f.positions.have(sharding.Hash(key(o)), o.GetResourceVersion())
	f.positions = f.positions.reached(o.GetResourceVersion())
	return !known
}

// Transformer makes of each object of a streamed list a token, once it is rendered
// into the next generation: the reflector holds on to tokens until it has all of
// them, and not to objects.
func (f *Feed) Transformer() cache.TransformFunc {
	return func(object any) (any, error) {
		o, err := asObject(object)
		if err != nil {
			return nil, err
		}
		if f.next == nil {
			f.next = f.part.Begin()
		}
		t := token{uid: key(o), namespace: o.GetNamespace(), name: o.GetName()}
		return t, f.render(f.next.Set, o)
	}
}

// startOver forgets what was rendered of a list that was not completed.
func (f *Feed) startOver() { f.next, f.listed = nil, false }

// token stands for an object that is rendered already.
type token struct{ uid, namespace, name string }

// GetObjectMeta names the object that the token stands for.
func (t token) GetObjectMeta() metav1.Object {
	return &metav1.ObjectMeta{Namespace: t.namespace, Name: t.name}
}

// Replace puts the complete list of objects, or of the tokens they became, in the
// place of all that the part holds, in one step. A list that came in pages is in
// the next generation as it is. From the first time on, the feed is synced.
func (f *Feed) Replace(objects []any, version string) error {
	if f.adopted {
		f.adopted = false // and this is no list
		return nil
	}
	next, whole := f.next, f.listed
	if next == nil {
		next = f.part.Begin()
	}
	f.startOver()
	listed := make(map[string]bool, len(objects))
	for _, object := range objects {
		if t, ok := object.(token); ok {
			listed[t.uid] = true
			continue
		}
		o, err := asObject(object)
		if err != nil {
			return err
		}
		listed[key(o)] = true
		if err := f.render(next.Set, o); err != nil {
			return err
		}
	}
	f.storing.Lock()
	next.Retain(func(uid string) bool { return (whole || listed[uid]) && f.share.has(uid) })
	f.part.Replace(next)
	f.positions = positions{{sharding.All(), version}}
	f.storing.Unlock()
	f.completed()
	return nil
}

// completed notes that the content is that of a complete list.
func (f *Feed) completed() {
	f.fresh = true
	f.lists.Add(1)
	if f.health.completed() {
		f.onSynced()
	}
}

// Resync has nothing to do: what is stored does not decay.
func (f *Feed) Resync() error { return nil }

func (f *Feed) set(object any) error {
	o, err := asObject(object)
	if err != nil {
		return err
	}
	f.storing.Lock()
	defer f.storing.Unlock()
	if !f.reaches(o) || !f.share.has(key(o)) || !f.roomFor(o) {
		return nil
	}
	return f.render(f.part.Set, o)
}

// drop takes away what is in gone, and has the watch go on without it.
func (f *Feed) drop(gone sharding.Ranges) {
	f.storing.Lock()
	f.share.drop(gone)
	f.storing.Unlock()
	// What comes from now on is not of those: nobody needs to wait for this.
	f.part.Retain(f.share.has)
	if f.share.present().IsNone() {
		return // no watch is of nothing
	}
	select {
	case f.dropped <- struct{}{}:
	default: // it will be seen
	}
}

// roomFor says whether o is there already or may be.
func (f *Feed) roomFor(o metav1.Object) bool {
	return f.limit == 0 || f.part.Has(key(o)) || int64(f.part.Len()) < f.limit
}

// render has set take the text of an object, or of what of it may have changed. A
// parcel can be rendered once, and has no object afterwards.
func (f *Feed) render(set func(store.Rendered) bool, o metav1.Object) error {
	return f.renderAs(key(o), set, o)
}

// renderAs is render for an object that is stored under a key of the caller's.
func (f *Feed) renderAs(uid string, set func(store.Rendered) bool, o metav1.Object) error {
	began := time.Now()
	defer func() { f.rendering.Add(time.Since(began).Seconds()) }()
	r := store.Rendered{UID: uid, Namespace: o.GetNamespace()}
	if p, ok := o.(*parcel); ok {
		defer p.arrived()
		r.Basis = p.basis
		if p.whole != nil && set(f.unsteady(r, p)) {
			return nil
		}
		if err := p.unpack(); err != nil {
			return err
		}
		o = p.apiObject
	}
	r.Text, r.Ends = f.renderer.Render(f.text[:0], f.ends[:0], o)
	f.text, f.ends = r.Text, r.Ends
	set(r)
	return nil
}

// unsteady is r with the lines of p that are not steady.
func (f *Feed) unsteady(r store.Rendered, p *parcel) store.Rendered {
	r.Text, r.Ends = f.renderer.RenderMixed(f.text[:0], f.ends[:0], p.apiObject)
	f.text, f.ends, r.Kept = r.Text, r.Ends, f.steady
	return r
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
