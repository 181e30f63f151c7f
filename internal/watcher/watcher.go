package watcher

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/apiclient"
	"github.com/kubestate/kubestate/internal/counters"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/listwatch"
	"github.com/kubestate/kubestate/internal/memory"
	"github.com/kubestate/kubestate/internal/results"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/store"
	"github.com/kubestate/kubestate/internal/workloads"
)

// Config configures a watcher.
type Config struct {
	Resources []generators.Resource
	Selection generators.Selection
	// FinishedAfter is the time after which finished objects leave all families that no pattern of
	// FinishedKeep matches, by key of the resource; never without one.
	FinishedAfter map[string]time.Duration
	FinishedKeep  []generators.Pattern
	Namespaces    []string // none for all; ignored for cluster-scoped resources
	Denied        []string // namespaces without objects
	// NamespaceSelector selects the namespaces by their labels; empty for all. The Selection has no derived
	// families beside it.
	NamespaceSelector string
	// Selectors are label selectors by resource.
	Selectors map[schema.GroupResource]string
	// Shard is the shard of the objects; the zero value has all.
	Shard sharding.Ranges
	// Node selects the pods of one node, Unscheduled those without a node.
	Node        string
	Unscheduled bool
	// Client serves only this Config; nil if a Loading fills the targets.
	Client *apiclient.Client
	// FromCache allows lists from the server's cache, which may be stale and does not filter by
	// shard.
	FromCache bool
	// ObjectLimit is the limit of objects of each resource and namespace; 0 for none.
	ObjectLimit int64
	Budgets     Budgets
	// StartupBuckets are the upper bounds of the buckets of startup times, in seconds.
	StartupBuckets []float64
	// Parts is the number of parts that scrapers fetch; the store is arranged by them. It does not
	// change.
	Parts int
}

// A Watcher watches the resources of a configuration, which may change while it runs. One goroutine
// at a time calls Change and Loading.
type Watcher struct {
	metrics  *Metrics
	panicked sync.Map // families with a logged panic
	log      *slog.Logger
	signals  chan struct{} // to reconcile
	lists    atomic.Int64  // complete ones
	outages  *listwatch.Outages
	index    *workloads.Index
	ledger   *counters.Ledger
	results  *results.Index
	leaving  map[string]bool // keys of resources whose counters left early in the last sweep

	serving      atomic.Pointer[[]*target] // seen by readers
	mu           sync.Mutex                // guards stores of serving, and all below
	wanted       []*target                 // of the last configuration
	building     []*target                 // served once ready
	open         []*target                 // not closed; known when closeUnknown was last called
	followed     []followed
	selecting    *namespaceSelector // nil without Config.NamespaceSelector
	selected     map[string]bool    // the namespaces of targets; nil if unknown
	targets      int64              // that were made
	config       Config             // the last one
	sharded      bool               // Reshard has set the shard
	perNamespace map[string]bool    // keys of resources with a watch for each of many namespaces
}

// New returns a watcher, which does nothing before Run.
func New(config Config, metrics *Metrics, log *slog.Logger) *Watcher {
	w := &Watcher{
		metrics: metrics, log: log, outages: listwatch.NewOutages(log), index: workloads.NewIndex(), results: results.NewIndex(), ledger: counters.New(time.Now),
		perNamespace: map[string]bool{}, signals: make(chan struct{}, 1),
	}
	w.serving.Store(&[]*target{})
	w.Change(config)
	all := w.wanted
	for _, t := range all {
		t.takeOver(nil)
	}
	w.serving.Store(&all)
	return w
}

// Change replaces the configuration, but not the shard once Reshard has set it, and returns the keys
// of the resources to rebuild: new ones, and those whose plan differs. The next target is served
// once ready. A rebuild that is under way is finished first, so that frequent changes do not starve,
// unless it takes longer than buildTimeout or the served plan is wanted again.
func (w *Watcher) Change(config Config) (rebuilt []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.change(config)
}

// change is Change for a caller that holds mu.
func (w *Watcher) change(config Config) (rebuilt []string) {
	if w.sharded {
		config.Shard = w.config.Shard
	}
	w.setNamespaceSelector(config)
	wanted, rebuilt := w.targetsFor(config)
	w.setWanted(config, wanted)
	return rebuilt
}

func (w *Watcher) setWanted(config Config, wanted []*target) {
	w.config, w.wanted = config, wanted
	for _, t := range wanted {
		t.limitSeries(config)
	}
	w.configureCounters(config)
	w.closeUnknown()
	w.signal()
}

// targetsFor returns the targets of config, and the keys of new ones. Known targets with an equal
// plan are reused, such as the served one after a revert.
func (w *Watcher) targetsFor(config Config) (wanted []*target, rebuilt []string) {
	known, filtered := w.known(), 0
	resources, feeds := w.feedsFor(config)
	for _, r := range resources {
		d := r.Describe()
		p := planFor(feeds.configOf(config, d), r, w.perNamespace[d.Name])
		p.feeds = feeds.of(d)
		i := slices.IndexFunc(known, func(t *target) bool { return t.Name() == d.Name && t.equal(&p) })
		if i >= 0 {
			wanted = append(wanted, known[i])
			continue
		}
		t := w.newTarget(r, p, config)
		t.extends = w.extension(r, p)
		wanted, rebuilt = append(wanted, t), append(rebuilt, d.Name)
		if t.kept != nil {
			filtered++
		}
	}
	if filtered > 0 && config.Client != nil {
		w.log.Info("watching all namespaces; objects outside --namespaces are dropped", "resources", filtered, "namespaces", len(config.Namespaces))
	}
	return wanted, rebuilt
}

// Listed reports whether any list has been complete.
func (w *Watcher) Listed() bool { return w.lists.Load() > 0 }

// listed counts a complete list.
func (w *Watcher) listed() {
	w.lists.Add(1)
	w.signal()
}

// signal has Run reconcile.
func (w *Watcher) signal() {
	select {
	case w.signals <- struct{}{}:
	default:
	}
}

// Resources returns the served resources, in the order of the configuration, and then the counts of
// their finished objects, and the counters of workloads and nodes.
func (w *Watcher) Resources() []*store.Resource {
	return append(w.ofTargets(), w.ledger.Resources()...)
}

// ofTargets returns the served resources, and then the counts of their finished objects.
func (w *Watcher) ofTargets() []*store.Resource {
	var all []*store.Resource
	for _, t := range *w.serving.Load() {
		if !t.feeds.only {
			all = append(all, t.Resource)
		}
	}
	for _, t := range *w.serving.Load() {
		if t.finisher != nil && t.finisher.counts != nil {
			all = append(all, t.finisher.counts)
		}
	}
	return all
}

// Pending returns the names of the wanted resources that are neither served nor refused.
func (w *Watcher) Pending() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var names []string
	for _, t := range w.wanted {
		if refused := t.settled() && !t.complete(); !t.feeds.only && named(*w.serving.Load(), t.Name()) == nil && !refused {
			names = append(names, t.Name())
		}
	}
	return names
}

// sinks returns the sinks of the served targets.
func (w *Watcher) sinks() []*sink {
	var all []*sink
	for _, t := range *w.serving.Load() {
		all = append(all, t.sinks...)
	}
	return all
}

// Checks returns the statuses for readiness, in the order of the configuration: one of each
// namespace, or one of many namespaces. Resource names the namespaces, if not all are watched.
func (w *Watcher) Checks() []Status {
	all := w.selectorReports(true)
	for _, f := range w.allFollowed() {
		all = append(all, f.loop.Report())
	}
	for _, t := range *w.serving.Load() {
		all = append(all, t.checks()...)
	}
	return all
}

// Statuses returns the status of each served resource, in the order of the configuration, and then
// of new resources that are not served yet. Targets without an API server have none.
func (w *Watcher) Statuses() []Status {
	all := w.selectorReports(false)
	for _, f := range w.allFollowed() {
		all = append(all, f.loop.Report())
	}
	for _, t := range w.shown() {
		if t.client == nil {
			continue
		}
		r := t.sinks[0].loop.Report()
		for _, s := range t.sinks[1:] {
			r = r.Worse(s.loop.Report())
		}
		all = append(all, r)
	}
	return all
}

// shown returns the served targets, and those being built of resources that are not served.
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
	ticker := time.NewTicker(time.Second) // neither timeouts nor lasting refusals signal
	defer ticker.Stop()
	stops := map[*target]context.CancelFunc{}
	following := 0
	var selecting *namespaceSelector
	round := false // a second has passed
	for {
		began := time.Now()
		selecting = w.runSelector(ctx, &running, selecting)
		w.selectNamespaces(round)
		round = false
		needed := w.reconcile()
		took := time.Since(began)
		for _, f := range w.allFollowed()[following:] {
			running.Go(func() { f.run(ctx, w) })
			following++
		}
		for _, t := range needed {
			if stops[t] == nil && w.runnable(t) {
				var targetCtx context.Context
				targetCtx, stops[t] = context.WithCancel(ctx)
				t.run(targetCtx, &running, w.metrics)
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
			// Debounce: lists of thousands of namespaces end one after another.
			select {
			case <-ctx.Done():
				return
			case <-time.After(min(20*took, time.Second)):
			}
		case <-ticker.C:
			round = true
			w.splitForbidden()
			w.logStates()
		}
	}
}

// compact applies budgets and compacts the store once a second, and releases the memory of finished lists.
func (w *Watcher) compact(ctx context.Context) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	var scavenger memory.Scavenger
	swept := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			for _, r := range append(w.ofTargets(), w.ledger.Stored()...) {
				r.Compact()
				w.logBudgets(r)
			}
			scavenger.Round(w.lists.Load())
			if time.Since(swept) >= sweepInterval {
				swept = time.Now()
				w.sweep()
			}
		}
	}
}
