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
	w       *Watcher
	config  Config
	wanted  []*target
	rebuilt []string
	filled  map[schema.GroupKind][]*filling
}

// A filling is the next content of a feed. Its keys are namespace and name: in files, copies of
// an object may have several uids, and several objects one uid.
type filling struct {
	*feed
	of       *target
	next     *store.Staging
	gone     map[string]bool // objects of which the last copy is for others
	selected *selection      // nil if the resource selects all objects
}

// Loading begins to load what config wants. Done replaces the configuration.
func (w *Watcher) Loading(config Config) *Loading {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := &Loading{w: w, config: config, filled: map[schema.GroupKind][]*filling{}}
	l.wanted, l.rebuilt = w.plans(config)
	for _, t := range l.wanted {
		kind := t.resource.Describe().Kind.GroupKind()
		for _, f := range t.feeds {
			l.filled[kind] = append(l.filled[kind], &filling{f, t, f.partition.Begin(), map[string]bool{}, newSelection(t.resource.Recipe())})
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
	name := o.GetNamespace() + "/" + o.GetName()
	text, isJSON := o.(*jsonobject.Object)
	for _, f := range l.filled[kind.GroupKind()] {
		if isJSON != (f.of.resource.Recipe().GoType == nil) {
			continue
		}
		if !f.loop.Shard.Has(o) || !f.of.selects(f.loop.Namespace, o) || f.selected != nil && !f.selected.has(text) {
			f.gone[name] = true
			continue
		}
		delete(f.gone, name)
		if err := f.render(name, f.next.Set, o); err != nil {
			return err
		}
	}
	return nil
}

// Done replaces all content by what was added, and gives the keys of new targets.
func (l *Loading) Done() (rebuilt []string) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	for _, all := range l.filled {
		for _, f := range all {
			if len(f.gone) > 0 {
				f.next.Retain(func(name string) bool { return !f.gone[name] })
			}
			f.partition.Replace(f.next)
			f.loop.MarkComplete()
		}
	}
	l.w.want(l.config, l.wanted)
	return l.rebuilt
}
