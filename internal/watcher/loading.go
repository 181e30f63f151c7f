package watcher

import (
	"fmt"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/jsonobject"
)

// A Loading fills the targets of a watcher without an API server, object by object. Readers see
// no object before Done.
type Loading struct {
	w       *Watcher
	config  Config
	wanted  []*target
	rebuilt []string
	filled  map[schema.GroupKind][]*stagedSink
	// namespaces are those that Config.NamespaceSelector, parsed as selector, selects.
	namespaces map[string]bool
	selector   labels.Selector
}

// A stagedSink is a sink with its next content, by namespace and name: in files, copies of an
// object may have several uids, and several objects one uid.
type stagedSink struct {
	*sink
	target    *target
	next      *batch
	excluded  map[string]bool // objects whose last copy is outside the plan
	selectors *selectors      // nil if the resource has all objects
}

// order sorts objects with derived families behind others, such as pods behind their owners, so that
// most are rendered once.
func (s *stagedSink) order() int {
	if s.derived != nil {
		return 1
	}
	return 0
}

// Resources returns the resources whose objects to add: the exported ones and the owners of pods.
func (l *Loading) Resources() []generators.Resource {
	var all []generators.Resource
	for _, t := range l.wanted {
		all = append(all, t.resource)
	}
	return all
}

// Loading returns a loading of the targets of config. Done replaces the configuration.
func (w *Watcher) Loading(config Config) *Loading {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := &Loading{w: w, config: config, filled: map[schema.GroupKind][]*stagedSink{}, namespaces: map[string]bool{}}
	l.selector = mustParse(config.NamespaceSelector)
	l.wanted, l.rebuilt = w.targetsFor(config)
	w.results.Forget() // files may tell less than before
	for _, t := range l.wanted {
		kind := t.resource.Describe().Kind.GroupKind()
		for _, s := range t.sinks {
			l.filled[kind] = append(l.filled[kind], &stagedSink{s, t, s.begin(), map[string]bool{}, newSelectors(t)})
		}
	}
	return l
}

var namespaceKind = namespaceNames.Describe().Kind.GroupKind()

// Add renders an object of a kind, of any version. It replaces one of the same namespace and name.
func (l *Loading) Add(kind schema.GroupVersionKind, object runtime.Object) error {
	o, ok := object.(metav1.Object)
	if !ok {
		return fmt.Errorf("%T is no Kubernetes object", object)
	}
	name := o.GetNamespace() + "/" + o.GetName()
	_, isJSON := o.(*jsonobject.Object)
	if kind.GroupKind() == namespaceKind && !isJSON {
		l.namespaces[o.GetName()] = l.selector.Matches(labels.Set(o.GetLabels()))
	}
	for _, s := range l.filled[kind.GroupKind()] {
		if isJSON != (s.target.resource.Recipe().GoType == nil) {
			continue
		}
		if !s.loop.Shard.Has(o) || !s.target.selects(s.loop.Namespace, o) || s.selectors != nil && !s.selectors.match(o) {
			s.excluded[name] = true
			continue
		}
		delete(s.excluded, name)
		if err := s.next.add(name, o); err != nil {
			return err
		}
	}
	return nil
}

// Done replaces all content by the added objects, and returns the keys of new targets.
func (l *Loading) Done() (rebuilt []string) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	if l.config.NamespaceSelector != "" && !slices.Contains(slices.Collect(maps.Values(l.namespaces)), true) {
		l.w.log.Warn("snapshot: no namespace has the labels of --namespace-selector", "namespaces", len(l.namespaces))
	}
	var all []*stagedSink
	for _, sinks := range l.filled {
		all = append(all, sinks...)
	}
	slices.SortStableFunc(all, func(a, b *stagedSink) int { return a.order() - b.order() })
	for _, s := range all {
		s.next.Finish()
		var keep func(namespace, name string) bool
		if len(s.excluded) > 0 || s.target.selected {
			keep = func(namespace, name string) bool {
				return !s.excluded[name] && (!s.target.selected || l.namespaces[namespace])
			}
		}
		s.next.Commit(keep)
		s.loop.MarkComplete()
	}
	l.w.setWanted(l.config, l.wanted)
	return l.rebuilt
}
