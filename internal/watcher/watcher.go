package watcher

import (
	"context"
	"iter"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kubestate/kubestate/internal/apiclient"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/sharding"
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
	// Shard has the hashes of the uids of the objects that are watched; the zero
	// value has all.
	Shard sharding.Ranges
	// Node has only the pods of that node watched, and Unscheduled those of none.
	Node        string
	Unscheduled bool
	// Client reaches the API server to watch, for this Config alone. Without one
	// the content is what a Loading puts there.
	Client *apiclient.Client
	// FromCache allows the API server to answer lists with what it has in memory,
	// which may be behind, and which it sends undivided.
	FromCache bool
	// ObjectLimit is how many objects are kept at most of each resource and
	// namespace; 0 for any number.
	ObjectLimit int64
}

// A Watcher watches the resources of a configuration, which can change while it
// runs. Change and Loading are for one goroutine at a time.
type Watcher struct {
	metrics *Metrics
	panics  *panics
	log     *slog.Logger

	serving atomic.Pointer[[]*target] // what readers see
	mu      sync.Mutex                // held to set serving, and for what follows
	wanted  []*target                 // by the last configuration
	// building are those that are to be served once they are complete: what is
	// wanted, or was when they were begun.
	building []*target
	config   Config        // the last one
	sharded  bool          // its shard is that of Reshard
	signals  chan struct{} // that serving may have to change
	lists    atomic.Int64  // that have been completed
}

// New makes what the configuration needs. Nothing runs yet.
func New(config Config, metrics *Metrics, log *slog.Logger) *Watcher {
	w := &Watcher{metrics: metrics, panics: newPanics(log, metrics), log: log, signals: make(chan struct{}, 1)}
	w.serving.Store(&[]*target{})
	w.change(config)
	all := w.wanted
	w.serving.Store(&all)
	return w
}

// Change has config take the place of the configuration before, except for the
// shard once Reshard has said what that is. A resource that both have the same plans
// for stays as it is. Any other that is watched already is served as it was until it
// is complete under the new configuration, or the API server refuses it; a resource
// that is new is served from then on. Change gives the keys of what is made anew,
// and does not wait for it. What an earlier Change began of the resource is completed
// first, so that changes that come faster than it can be listed do not put each other
// off; unless that takes too long, or what is served is wanted again.
func (w *Watcher) Change(config Config) (anew []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sharded {
		config.Shard = w.config.Shard
	}
	return w.change(config)
}

// change is Change for whoever holds mu.
func (w *Watcher) change(config Config) (anew []string) {
	wanted, anew := w.plans(config)
	w.want(config, wanted)
	return anew
}

// want has what plans gave take the place of what was wanted before.
func (w *Watcher) want(config Config, wanted []*target) {
	w.config, w.wanted = config, wanted
	w.signal()
}

// plans gives what config wants, and the keys of what there is not yet.
func (w *Watcher) plans(config Config) (wanted []*target, anew []string) {
	// A change that is taken back finds what is still served.
	known := w.known()
	for _, r := range config.Resources {
		d := r.Describe()
		p := planFor(config, d)
		i := slices.IndexFunc(known, func(u *target) bool { return u.Name() == d.Key && u.equal(&p) })
		if i >= 0 {
			wanted = append(wanted, known[i])
			continue
		}
		u := w.newTarget(r, p, config)
		u.grows = w.growth(r, p)
		wanted, anew = append(wanted, u), append(anew, d.Key)
	}
	return wanted, anew
}

// signal has Run look at what is to be served.
func (w *Watcher) signal() {
	select {
	case w.signals <- struct{}{}:
	default: // it will look
	}
}

// Resources gives the store, in the order of the configuration.
func (w *Watcher) Resources() []*store.Resource {
	var all []*store.Resource
	for _, u := range *w.serving.Load() {
		all = append(all, u.Resource)
	}
	return all
}

// Unsynced names what has not been complete once, without what the API server refuses: that
// must not keep the rest from being served.
func (w *Watcher) Unsynced() []string {
	var names []string
	for t, f := range w.feeds() {
		if f.loop.Status.Report().Awaited() {
			names = append(names, t.nameOf(f))
		}
	}
	return names
}

// feeds are those of the served targets.
func (w *Watcher) feeds() iter.Seq2[*target, *feed] {
	return func(yield func(*target, *feed) bool) {
		for _, t := range *w.serving.Load() {
			for _, f := range t.feeds {
				if !yield(t, f) {
					return
				}
			}
		}
	}
}

// A Check is the status of one namespace of a resource. Its Resource has the namespace, if it is
// one of several.
type Check = Status

// Checks gives what there is to wait for, in the order of the configuration.
func (w *Watcher) Checks() []Check {
	var all []Check
	for t, f := range w.feeds() {
		r := f.loop.Status.Report()
		r.Resource = t.nameOf(f)
		all = append(all, r)
	}
	return all
}

// Statuses gives what is known of each resource, in the order of the configuration; nothing
// where there is no API server.
func (w *Watcher) Statuses() []Status {
	var all []Status
	for _, t := range *w.serving.Load() {
		if t.client != nil {
			all = append(all, t.report())
		}
	}
	return all
}

// Run follows the API server, if there is one, takes up changes of configuration,
// and keeps the store packed until ctx ends.
func (w *Watcher) Run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() { w.pack(ctx) })
	again := time.NewTicker(time.Second) // for what is refused, which nobody signals
	defer again.Stop()
	stops := map[*target]context.CancelFunc{}
	for {
		needed := w.reconcile()
		for _, u := range needed {
			if stops[u] == nil {
				var each context.Context
				each, stops[u] = context.WithCancel(ctx)
				u.began = time.Now()
				running.Go(func() { u.run(each, w) })
			}
		}
		for u, stop := range stops {
			if !slices.Contains(needed, u) {
				stop()
				delete(stops, u)
			}
		}
		select {
		case <-ctx.Done():
			for _, stop := range stops {
				stop()
			}
			return
		case <-w.signals:
		case <-again.C:
		}
	}
}

// pack packs the store once a second, and sees to the memory that lists needed.
func (w *Watcher) pack(ctx context.Context) {
	again := time.NewTicker(time.Second)
	defer again.Stop()
	var memory scavenger
	for {
		select {
		case <-ctx.Done():
			return
		case <-again.C:
			for _, r := range w.Resources() {
				r.Pack()
			}
			memory.round(w.lists.Load())
		}
	}
}
