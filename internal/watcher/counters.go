package watcher

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/counters"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/store"
)

// counts reports whether a target of r counts: not objects of files, which have no history, and not pods
// that leave without being deleted, once they have a node.
func (config *Config) counts(r generators.Resource) bool {
	return config.Client != nil && !config.Unscheduled && config.Selection.Counts(r)
}

// configureCounters configures the ledger by config. The caller holds mu.
func (w *Watcher) configureCounters(config Config) {
	c := counters.Config{Selection: config.Selection, Bounds: config.StartupBuckets, Parts: config.Parts}
	for _, r := range config.Resources {
		if config.counts(r) {
			c.Resources = append(c.Resources, r)
		}
	}
	w.ledger.Configure(c)
}

// countOn makes the sinks of a new target keep memos.
func (w *Watcher) countOn(t *target) {
	if !t.counted {
		return
	}
	d, memo := t.resource.Describe(), t.resource.Recipe().Memo
	for _, s := range t.sinks {
		s.counting = &counting{ledger: w.ledger, index: w.index, memo: memo, sink: s, resource: d.Key, kind: d.Kind.Kind, shared: sharedOwners{}}
	}
}

// sweepInterval is the time between two sweeps of the ledger.
const sweepInterval = time.Minute

// sweep tells the ledger which owners are present: those of objects, and objects that may be owners.
func (w *Watcher) sweep() {
	if w.ledger.IsEmpty() {
		return
	}
	w.mu.Lock()
	known := w.known()
	w.mu.Unlock()
	present, referred := map[counters.Owner]struct{}{}, map[uint64]struct{}{}
	type reference struct {
		namespace string
		owner     *store.Owner
	}
	seen := map[reference]struct{}{}
	owners := map[string][]*presence{} // by the namespace of their objects
	for _, t := range known {
		for _, s := range t.sinks {
			for _, f := range s.feeds {
				if p, ok := f.(*presence); ok {
					owners[s.loop.Namespace] = append(owners[s.loop.Namespace], p)
				}
			}
			c := s.counting
			if c == nil {
				continue
			}
			c.settle(time.Now())
			c.shareOwners()
			for o, n := range s.partition.Notes() {
				r := reference{o.Namespace, n.Owner}
				if _, ok := seen[r]; !ok {
					seen[r] = struct{}{}
					of := objectOf(o.Namespace, n)
					referred[of.first().Hash()] = struct{}{}
					present[c.ownerOf(of)] = struct{}{}
				}
			}
		}
	}
	early := w.ledger.Sweep(func(o counters.Owner) bool {
		_, ok := present[o]
		has := func(p *presence) bool { return p.has(o) }
		return ok || slices.ContainsFunc(owners[o.Namespace], has) || slices.ContainsFunc(owners[metav1.NamespaceAll], has)
	}, func(first uint64) bool {
		_, ok := referred[first]
		return ok
	})
	w.leftEarly(early)
}

// leftEarly reports how many owners have left before their hour was over, by key of the resource. The first
// sweep of several is logged.
func (w *Watcher) leftEarly(byResource map[string]int) {
	for key, n := range byResource {
		w.metrics.leftEarly.WithLabelValues(key).Add(float64(n))
		if !w.leaving[key] {
			w.log.Warn("so many workloads come and go that their counters leave before an hour is over", "resource", key)
		}
	}
	w.leaving = map[string]bool{}
	for key := range byResource {
		w.leaving[key] = true
	}
}
