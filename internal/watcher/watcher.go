package watcher

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kubestate/kubestate/internal/apiclient"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/memory"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/store"
)

// Config says what to watch.
type Config struct {
	Resources  []generators.Resource
	Selection  generators.Selection
	Namespaces []string // none for all; of no account for cluster-scoped resources
	Denied     []string // namespaces whose objects are left out
	// Shard has the hashes of the uids to watch; the zero value has all.
	Shard sharding.Ranges
	// Node selects the pods of one node, Unscheduled those of none.
	Node        string
	Unscheduled bool
	// Client is for this Config alone; nil if a Loading fills the targets.
	Client *apiclient.Client
	// FromCache allows lists from the server's cache, which may be behind and is not filtered by
	// shard.
	FromCache bool
	// ObjectLimit bounds the objects of each resource and namespace; 0 does not.
	ObjectLimit int64
}

// A Watcher watches the resources of a configuration, which can change while it runs. Change
// and Loading are for one goroutine at a time.
type Watcher struct {
	metrics  *Metrics
	panicked sync.Map // families of which a panic was logged
	log      *slog.Logger

	serving  atomic.Pointer[[]*target] // seen by readers
	mu       sync.Mutex                // guards setting serving, and what follows
	wanted   []*target                 // by the last configuration
	building []*target                 // to be served once they are ready
	followed []followed
	config   Config          // the last one
	sharded  bool            // its shard is that of Reshard
	each     map[string]bool // keys of resources to watch by namespace, however many there are
	signals  chan struct{}   // to reconcile
	lists    atomic.Int64    // that have been completed
}

// New makes the targets of a configuration. Nothing runs yet.
func New(config Config, metrics *Metrics, log *slog.Logger) *Watcher {
	w := &Watcher{metrics: metrics, log: log, each: map[string]bool{}, signals: make(chan struct{}, 1)}
	w.serving.Store(&[]*target{})
	w.Change(config)
	all := w.wanted
	w.serving.Store(&all)
	return w
}

// Change replaces the configuration, except for the shard once Reshard has set it, and gives
// the keys of the resources that are rebuilt. A resource whose plan stays the same is not
// touched; what is served of another is replaced once its next content is ready; a new
// resource is served then. A rebuild under way is finished first, so that fast changes do not
// put each other off, unless it takes longer than buildTimeout or the served plan is wanted
// again.
func (w *Watcher) Change(config Config) (rebuilt []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.change(config)
}

// change is Change for whoever holds mu.
func (w *Watcher) change(config Config) (rebuilt []string) {
	if w.sharded {
		config.Shard = w.config.Shard
	}
	wanted, rebuilt := w.plans(config)
	w.want(config, wanted)
	return rebuilt
}

// want sets the wanted targets.
func (w *Watcher) want(config Config, wanted []*target) {
	w.config, w.wanted = config, wanted
	w.signal()
}

// plans gives the targets that config wants, and the keys of new ones. A change that is taken
// back finds the served target.
func (w *Watcher) plans(config Config) (wanted []*target, rebuilt []string) {
	known, filtered := w.known(), 0
	for _, r := range config.Resources {
		d := r.Describe()
		p := planFor(config, d, w.each[d.Name])
		i := slices.IndexFunc(known, func(t *target) bool { return t.Name() == d.Name && t.equal(&p) })
		if i >= 0 {
			wanted = append(wanted, known[i])
			continue
		}
		t := w.newTarget(r, p, config)
		t.grows = w.growth(r, p)
		wanted, rebuilt = append(wanted, t), append(rebuilt, d.Name)
		if t.kept != nil {
			filtered++
		}
	}
	if filtered > 0 && config.Client != nil {
		w.log.Info("watching all namespaces, and dropping objects that are not of --namespaces", "resources", filtered, "namespaces", len(config.Namespaces))
	}
	return wanted, rebuilt
}

// listed notes a complete list.
func (w *Watcher) listed() {
	w.lists.Add(1)
	w.signal()
}

// signal has Run reconcile.
func (w *Watcher) signal() {
	select {
	case w.signals <- struct{}{}:
	default: // it will
	}
}

// Resources gives the store, in the order of the configuration.
func (w *Watcher) Resources() []*store.Resource {
	var all []*store.Resource
	for _, t := range *w.serving.Load() {
		all = append(all, t.Resource)
	}
	return all
}

// Pending names the resources that are wanted and not served yet, without those that the API
// server refuses.
func (w *Watcher) Pending() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var names []string
	for _, t := range w.wanted {
		if refused := t.settled() && !t.complete(); named(*w.serving.Load(), t.Name()) == nil && !refused {
			names = append(names, t.Name())
		}
	}
	return names
}

// feeds are those of the served targets.
func (w *Watcher) feeds() []*feed {
	var all []*feed
	for _, t := range *w.serving.Load() {
		all = append(all, t.feeds...)
	}
	return all
}

// Checks gives what there is to wait for, in the order of the configuration: the status of each
// namespace of a resource, or one of many. Its Resource names the namespaces, if not all are
// watched.
func (w *Watcher) Checks() []Status {
	var all []Status
	for _, f := range w.allFollowed() {
		all = append(all, f.loop.Report())
	}
	for _, t := range *w.serving.Load() {
		all = append(all, t.checks()...)
	}
	return all
}

// Statuses gives what is known of each resource, in the order of the configuration, and then of
// new resources that are not served yet; nothing where there is no API server.
func (w *Watcher) Statuses() []Status {
	var all []Status
	for _, f := range w.allFollowed() {
		all = append(all, f.loop.Report())
	}
	for _, t := range w.shown() {
		if t.client == nil {
			continue
		}
		r := t.feeds[0].loop.Report()
		for _, f := range t.feeds[1:] {
			r = r.Worse(f.loop.Report())
		}
		all = append(all, r)
	}
	return all
}

// shown gives the served targets, and those that are built for resources of which none is.
func (w *Watcher) shown() []*target {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := slices.Clone(*w.serving.Load())
	for _, t := range w.building {
		if named(all, t.Name()) == nil {
			all = append(all, t)
		}
	}
	return all
}

// Run runs the targets, reconciles, and compacts the store until ctx ends.
func (w *Watcher) Run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() { w.compact(ctx) })
	again := time.NewTicker(time.Second) // a refusal that lasts is not signalled
	defer again.Stop()
	stops := map[*target]context.CancelFunc{}
	following := 0
	for {
		began := time.Now()
		needed := w.reconcile()
		took := time.Since(began)
		for _, f := range w.allFollowed()[following:] {
			running.Go(func() { f.run(ctx, w) })
			following++
		}
		for _, t := range needed {
			if stops[t] == nil {
				var each context.Context
				each, stops[t] = context.WithCancel(ctx)
				t.run(each, &running, w.metrics)
			}
		}
		for t, stop := range stops {
			if !slices.Contains(needed, t) {
				stop()
				delete(stops, t)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-w.signals:
			// Lists of thousands of namespaces end one after another.
			select {
			case <-ctx.Done():
				return
			case <-time.After(20 * took):
			}
		case <-again.C:
			w.byNamespace()
			w.logStates()
		}
	}
}

// compact compacts the store once a second, and returns the memory that lists needed.
func (w *Watcher) compact(ctx context.Context) {
	again := time.NewTicker(time.Second)
	defer again.Stop()
	var scavenger memory.Scavenger
	for {
		select {
		case <-ctx.Done():
			return
		case <-again.C:
			for _, r := range w.Resources() {
				r.Compact()
			}
			scavenger.Round(w.lists.Load())
		}
	}
}
