package watcher

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/apiclient"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/listwatch"
	"github.com/kubestate/kubestate/internal/store"
)

// A feed is the content of one namespace, or of all: the sink of a loop, which renders objects
// into a partition of the store.
type feed struct {
	loop      *listwatch.Loop
	renderer  *generators.Renderer
	specOnly  []bool // by family of the renderer
	partition *store.Partition
	seconds   prometheus.Counter

	// Scratch memory of one rendering.
	text []byte
	ends []int
}

// Begin opens a batch.
func (f *feed) Begin() listwatch.Batch { return &batch{f.partition.Begin(), f} }

// Set renders an object, unless it is new and the limit is reached.
func (f *feed) Set(o metav1.Object) error {
	key := listwatch.Key(o)
	if limit := f.loop.Limit; limit > 0 && !f.partition.Has(key) && int64(f.partition.Len()) >= limit {
		return nil
	}
	return f.render(key, f.partition.Set, o)
}

// Delete removes an object.
func (f *feed) Delete(o metav1.Object) {
	f.partition.Delete(listwatch.Key(o))
	if l, ok := o.(*apiclient.Lazy); ok {
		l.Release()
	}
}

// render renders an object for set, stored under a key. Of a lazy object it renders the
// families that are not spec-only, if set keeps the text of the others; the object is released.
func (f *feed) render(key string, set func(store.Rendered) bool, o metav1.Object) error {
	began := time.Now()
	defer func() { f.seconds.Add(time.Since(began).Seconds()) }()
	r := store.Rendered{UID: key, Namespace: o.GetNamespace()}
	if l, ok := o.(*apiclient.Lazy); ok {
		defer l.Release()
		r.Fingerprint = l.Fingerprint()
		if l.Partial() {
			r.Text, r.Ends = f.renderer.RenderMixed(f.text[:0], f.ends[:0], l.Object)
			f.text, f.ends, r.Unchanged = r.Text, r.Ends, f.specOnly
			if set(r) {
				return nil
			}
			r.Unchanged = nil
		}
		if err := l.Complete(); err != nil {
			return err
		}
		o = l.Object
	}
	r.Text, r.Ends = f.renderer.Render(f.text[:0], f.ends[:0], o)
	f.text, f.ends = r.Text, r.Ends
	set(r)
	return nil
}

// A batch renders objects into the next content of a partition.
type batch struct {
	*store.Staging
	of *feed
}

// Set renders an object.
func (b *batch) Set(o metav1.Object) error {
	return b.of.render(listwatch.Key(o), b.Staging.Set, o)
}

// Commit makes what was rendered, as far as keep chooses it, the content of the partition.
func (b *batch) Commit(keep func(key string) bool) {
	if keep != nil {
		b.Retain(keep)
	}
	b.of.partition.Replace(b.Staging)
}
