package watcher

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/jsonobject"
	"github.com/kubestate/kubestate/internal/store"
)

// A Loading fills the targets of a watcher without an API server, object by object. Readers see
// nothing of it before Done.
type Loading struct {
	w      *Watcher
	config Config
	wanted []*target
	anew   []string
	filled []*filling
	byKind map[schema.GroupKind][]*filling
}

// A filling is the next content of a feed. Its keys are namespace and name: in files, copies of
// an object may have several uids, and several objects one uid.
type filling struct {
	*target
	feed *feed
	next *store.Staging
	gone map[string]bool // objects of which the last copy is for others
}

// Loading begins to load what config wants. Done replaces the configuration.
func (w *Watcher) Loading(config Config) *Loading {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := &Loading{w: w, config: config, byKind: map[schema.GroupKind][]*filling{}}
	l.wanted, l.anew = w.plans(config)
	for _, u := range l.wanted {
		for _, f := range u.feeds {
			fill := &filling{target: u, feed: f, next: f.sink.partition.Begin(), gone: map[string]bool{}}
			l.filled = append(l.filled, fill)
			kind := u.description.Kind.GroupKind()
			l.byKind[kind] = append(l.byKind[kind], fill)
		}
	}
	return l
}

// Add renders an object of a kind, whatever its version. It replaces one of the same namespace
// and name.
func (l *Loading) Add(kind schema.GroupVersionKind, object runtime.Object) error {
	o, ok := object.(metav1.Object)
	if !ok {
		return fmt.Errorf("%T is no Kubernetes object", object)
	}
	_, isJSON := o.(*jsonobject.Object)
	for _, fill := range l.byKind[kind.GroupKind()] {
		if isJSON != (fill.resource.Recipe().GoType == nil) {
			continue
		}
		name := o.GetNamespace() + "/" + o.GetName()
		if !fill.includes(fill.feed, o) {
			fill.gone[name] = true
			continue
		}
		delete(fill.gone, name)
		if err := fill.feed.sink.render(name, fill.next.Set, o); err != nil {
			return err
		}
	}
	return nil
}

// Done replaces all content by what was added, and gives the keys of new targets.
func (l *Loading) Done() (anew []string) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	for _, fill := range l.filled {
		if len(fill.gone) > 0 {
			fill.next.Retain(func(name string) bool { return !fill.gone[name] })
		}
		fill.feed.sink.partition.Replace(fill.next)
		fill.feed.loop.MarkComplete()
	}
	l.w.want(l.config, l.wanted)
	return l.anew
}
