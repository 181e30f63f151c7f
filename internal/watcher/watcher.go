package watcher

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

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
	Client *Client
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
	metrics   *Metrics
	contained *contained
	log       *slog.Logger

	serving atomic.Pointer[[]*watched] // what readers see
	mu      sync.Mutex                 // held to set serving, and for what follows
	wanted  []*watched                 // by the last configuration
	// building are those that are to be served once they are complete: what is
	// wanted, or was when they were begun.
	building []*watched
	config   Config        // the last one
	sharded  bool          // its shard is that of Reshard
	signals  chan struct{} // that serving may have to change
	lists    atomic.Int64  // that have been completed
}

// New makes what the configuration needs. Nothing runs yet.
func New(config Config, metrics *Metrics, log *slog.Logger) *Watcher {
	w := &Watcher{metrics: metrics, contained: newContained(metrics, log), log: log, signals: make(chan struct{}, 1)}
	w.serving.Store(&[]*watched{})
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
func (w *Watcher) want(config Config, wanted []*watched) {
	w.config, w.wanted = config, wanted
	w.signal()
}

// plans gives what config wants, and the keys of what there is not yet.
func (w *Watcher) plans(config Config) (wanted []*watched, anew []string) {
	// A change that is taken back finds what is still served.
	known := w.known()
	for _, r := range config.Resources {
		d := r.Describe()
		p := planFor(config, d)
		i := slices.IndexFunc(known, func(u *watched) bool { return u.Name() == d.Name && u.equal(p) })
		if i >= 0 {
			wanted = append(wanted, known[i])
			continue
		}
		u := w.watch(r, p, config)
		u.grows = w.growth(r, p)
		wanted, anew = append(wanted, u), append(anew, d.Name)
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

// feeds are those of what is served.
func (w *Watcher) feeds() []*Feed {
	var all []*Feed
	for _, u := range *w.serving.Load() {
		all = append(all, u.feeds...)
	}
	return all
}

// Unsynced names what has not been complete once yet, leaving out what the API
// server refuses: that must not keep the rest from being served.
func (w *Watcher) Unsynced() []string {
	var names []string
	for _, f := range w.feeds() {
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
	// Refused says that the API server refuses the list, and not only because it has
	// just started.
	Refused bool
	State   State
	Reason  string // why it is refused or fails, empty otherwise
	Since   time.Time
}

// Checks gives what there is to wait for, in the order of the configuration.
func (w *Watcher) Checks() []Check {
	var all []Check
	for _, f := range w.feeds() {
		s := f.health.status(f.resource.Name)
		all = append(all, Check{f.name(), f.health.wasComplete(), f.health.waived(), s.State, s.Reason, s.Since})
	}
	return all
}

// Statuses gives what is known of each resource, in the order of the
// configuration; nothing where there is no API server.
func (w *Watcher) Statuses() []Status {
	var all []Status
	for _, u := range *w.serving.Load() {
		if u.client != nil {
			all = append(all, u.status())
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
	stops := map[*watched]context.CancelFunc{}
	for {
		needed := w.takeUp()
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

// takeUp serves what is wanted and ready in the place of what was there before, and
// gives what there has to be: what is served, and what is being built.
func (w *Watcher) takeUp() (needed []*watched) {
	starting := len(w.Unsynced()) > 0 // so that nobody relies on what is served
	w.mu.Lock()
	defer w.mu.Unlock()
	serving := *w.serving.Load()
	whole := !w.sharded || !slices.ContainsFunc(w.wanted, func(u *watched) bool { return !u.settled() })
	var next, building []*watched
	for i, u := range w.wanted {
		old := named(serving, u.Name())
		if u.grows != nil {
			u = u.grownFrom(old)
			w.wanted[i] = u
		}
		serve, build := u.inTurn(old, begun(w.building, u), starting)
		if old != nil && !whole && !old.shard.Equal(u.shard) {
			serve, build = old, u // what Reshard wants comes in one piece
		}
		if serve != nil {
			next = append(next, serve)
		}
		if build != nil {
			building = append(building, build)
		}
		switch {
		case serve != nil && serve.grows != nil:
			serve.join()
		case old != nil && serve != old:
			w.metrics.rebuilds.WithLabelValues(u.Name()).Inc()
		}
	}
	if !slices.Equal(serving, next) {
		w.serving.Store(&next)
	}
	w.building = building
	needed = next
	for _, u := range building {
		needed = append(needed, u.parts()...)
	}
	return needed
}

// begun is what of a resource is being listed as a whole, or is to be u.
func begun(building []*watched, u *watched) *watched {
	b := named(building, u.Name())
	if b != u && b != nil && b.grows != nil {
		return nil
	}
	return b
}

// named is the one of a resource, nil if there is none.
func named(all []*watched, name string) *watched {
	for _, u := range all {
		if u.Name() == name {
			return u
		}
	}
	return nil
}

// pack packs the store once a second, and sees to the memory that lists needed.
func (w *Watcher) pack(ctx context.Context) {
	again := time.NewTicker(time.Second)
	defer again.Stop()
	var memory release
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
