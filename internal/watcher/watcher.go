package watcher

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

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
	// Client reaches the API server to watch. Without one the content is what
	// Load puts there.
	Client *Client
	// FromCache allows the API server to answer lists with what it has in memory,
	// which may be behind, and which it sends undivided.
	FromCache bool
	// ObjectLimit is how many objects are kept at most of each resource and
	// namespace; 0 for any number.
	ObjectLimit int64
}

// A Watcher holds the feeds of a configuration.
type Watcher struct {
	resources []*store.Resource
	feeds     []*Feed
	denied    []string
	client    *Client
	fromCache bool
	metrics   *Metrics
	unsynced  atomic.Int32 // feeds
	complete  chan struct{}
	log       *slog.Logger
}

// New makes the feeds, and the store that they fill. Nothing runs yet.
func New(config Config, metrics *Metrics, log *slog.Logger) *Watcher {
	w := &Watcher{denied: config.Denied, client: config.Client, fromCache: config.FromCache, metrics: metrics, log: log, complete: make(chan struct{})}
	contained := newContained(metrics, log)
	for _, r := range config.Resources {
		d := r.Describe()
		namespaces := []string{metav1.NamespaceAll}
		if d.Namespaced && len(config.Namespaces) > 0 {
			namespaces = config.Namespaces
		}
		var feeds []*Feed
		for _, namespace := range namespaces {
			f := &Feed{
				resource: d, namespace: namespace, renderer: r.Compile(config.Selection),
				want: typeOf(d.Kind), limit: config.ObjectLimit, onSynced: w.oneSynced, health: newHealth(),
				rendering: metrics.rendering.WithLabelValues(d.Key),
			}
			f.renderer.Contained = contained.report
			feeds = append(feeds, f)
		}
		if w.client != nil {
			w.client.learn(newReception(d, metrics))
		}
		kept := store.NewResource(d.Key, families(feeds[0].renderer), len(feeds))
		for i, part := range kept.Parts() {
			feeds[i].part = part
		}
		w.resources = append(w.resources, kept)
		if config.ObjectLimit > 0 {
			metrics.limit.WithLabelValues(d.GoType).Set(float64(config.ObjectLimit))
		}
		w.feeds = append(w.feeds, feeds...)
	}
	w.unsynced.Store(int32(len(w.feeds)))
	return w
}

// families is what the store has to know of what r renders.
func families(r *generators.Renderer) []store.Family {
	headers := r.Headers()
	var all []store.Family
	for i, name := range r.Names() {
		all = append(all, store.Family{Name: name, Header: headers[i].Text, Typed: headers[i].Typed})
	}
	return all
}

func (w *Watcher) oneSynced() {
	if w.unsynced.Add(-1) == 0 {
		close(w.complete)
	}
}

// Complete is closed once every feed has been complete.
func (w *Watcher) Complete() <-chan struct{} { return w.complete }

// Resources gives the store, in the order of the configuration.
func (w *Watcher) Resources() []*store.Resource { return w.resources }

// Unsynced names what has not been complete once yet, leaving out what the API
// server refuses: that must not keep the rest from being served.
func (w *Watcher) Unsynced() []string {
	var names []string
	for _, f := range w.feeds {
		if f.health.awaited() {
			names = append(names, f.name())
		}
	}
	return names
}

// A Check says whether a feed has been complete once.
type Check struct {
	// Name is the resource's key, with the namespace if it is one of several.
	Name     string
	Complete bool
	State    State
	Reason   string // why it is refused or fails, empty otherwise
	Since    time.Time
}

// Checks gives what there is to wait for, in the order of the configuration.
func (w *Watcher) Checks() []Check {
	var all []Check
	for _, f := range w.feeds {
		s := f.health.status(f.resource.Key)
		all = append(all, Check{f.name(), f.health.wasComplete(), s.State, s.Reason, s.Since})
	}
	return all
}

// Statuses gives what is known of each resource, in the order of the
// configuration; nothing where there is no API server.
func (w *Watcher) Statuses() []Status {
	var all []Status
	for _, f := range w.feeds {
		if w.client == nil {
			break
		}
		s := f.health.status(f.resource.Key)
		if last := len(all) - 1; last >= 0 && all[last].Resource == s.Resource {
			all[last] = all[last].worse(s)
			continue
		}
		all = append(all, s)
	}
	return all
}

// Run follows the API server, if there is one, and keeps the store packed until
// ctx ends.
func (w *Watcher) Run(ctx context.Context) {
	var running sync.WaitGroup
	running.Go(func() { w.pack(ctx) })
	if w.client != nil {
		for _, f := range w.feeds {
			running.Go(func() { w.follow(ctx, f) })
		}
	}
	running.Wait()
}

// pack packs the store once a second.
func (w *Watcher) pack(ctx context.Context) {
	again := time.NewTicker(time.Second)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-again.C:
			for _, r := range w.resources {
				r.Pack()
			}
		}
	}
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
