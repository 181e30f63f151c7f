package watcher

import (
	"context"
	"log/slog"
	"slices"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/store"
)

// Config says what to watch and what to make of it.
type Config struct {
	Resources []generators.Resource
	Selection generators.Selection
	// Namespaces are those to watch, none for all. Resources without namespaces
	// are watched whole.
	Namespaces []string
	// Denied are namespaces whose objects are left out.
	Denied []string
}

// A Watcher holds the feeds of a configuration.
type Watcher struct {
	resources []*store.Resource
	feeds     []*Feed
	denied    []string
	metrics   *Metrics
	log       *slog.Logger
}

// New makes the feeds, and the store that they fill. Nothing runs yet.
func New(config Config, metrics *Metrics, log *slog.Logger) *Watcher {
	w := &Watcher{denied: config.Denied, metrics: metrics, log: log}
	contained := newContained(metrics, log)
	for _, r := range config.Resources {
		d := r.Describe()
		namespaces := []string{metav1.NamespaceAll}
		if d.Namespaced && len(config.Namespaces) > 0 {
			namespaces = config.Namespaces
		}
		var feeds []*Feed
		for _, namespace := range namespaces {
			f := &Feed{resource: d, namespace: namespace, renderer: r.Compile(config.Selection)}
			f.renderer.Contained = contained.report
			feeds = append(feeds, f)
		}
		kept := store.NewResource(d.Key, feeds[0].renderer.Headers(), len(feeds))
		for i, part := range kept.Parts() {
			feeds[i].part = part
		}
		w.resources = append(w.resources, kept)
		w.feeds = append(w.feeds, feeds...)
	}
	return w
}

// Resources gives the store, in the order of the configuration.
func (w *Watcher) Resources() []*store.Resource { return w.resources }

// Unsynced names what has not been complete once yet.
func (w *Watcher) Unsynced() []string {
	var names []string
	for _, f := range w.feeds {
		if !f.synced.Load() {
			names = append(names, f.name())
		}
	}
	return names
}

// Watch follows the API server until ctx ends.
func (w *Watcher) Watch(ctx context.Context, client *Client) error {
	var running sync.WaitGroup
	for _, f := range w.feeds {
		running.Go(func() { w.follow(ctx, f, client) })
	}
	running.Wait()
	return nil
}

// Load fills the feeds from objects by kind, as a complete list of each.
func (w *Watcher) Load(objects map[schema.GroupVersionKind][]runtime.Object) error {
	for _, f := range w.feeds {
		var chosen []any
		for _, object := range objects[f.resource.Kind] {
			if o, err := asObject(object); err == nil && w.includes(f, o) {
				chosen = append(chosen, object)
			}
		}
		if err := f.Replace(chosen, ""); err != nil {
			return err
		}
	}
	return nil
}

// includes says whether an API server would send o to the feed.
func (w *Watcher) includes(f *Feed, o metav1.Object) bool {
	if !f.resource.Namespaced {
		return true
	}
	namespace := o.GetNamespace()
	return (f.namespace == metav1.NamespaceAll || f.namespace == namespace) && !slices.Contains(w.denied, namespace)
}
