package watcher

import (
	"hash/maphash"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/counters"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/store"
	"github.com/kubestate/kubestate/internal/workloads"
)

// counts reports whether a target of r counts: not objects of files, which have no history, and not pods
// that leave without being deleted, once they have a node.
func (config *Config) counts(r generators.Resource) bool {
	return config.Client != nil && !config.Unscheduled && config.Selection.Counts(r)
}

// configureCounters has the ledger count by config. The caller holds mu.
func (w *Watcher) configureCounters(config Config) {
	c := counters.Config{Selection: config.Selection, Bounds: config.StartupBuckets, Parts: config.Parts}
	for _, r := range config.Resources {
		if config.counts(r) {
			c.Resources = append(c.Resources, r)
		}
	}
	w.ledger.Configure(c)
}

// countOn has the sinks of a new target keep memos.
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
	present := map[counters.Owner]struct{}{}
	type reference struct {
		namespace string
		owner     *store.Owner
	}
	seen := map[reference]struct{}{}
	var owners []*presence
	for _, t := range known {
		for _, s := range t.sinks {
			if s.presence != nil {
				owners = append(owners, s.presence)
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
					present[c.ownerOf(objectOf(o.Namespace, n))] = struct{}{}
				}
			}
		}
	}
	w.ledger.Sweep(func(o counters.Owner) bool {
		if _, ok := present[o]; ok {
			return true
		}
		for _, p := range owners {
			if p.has(o) {
				return true
			}
		}
		return false
	})
}

// A presence has the objects of one source that may own others, by a hash. Two that collide stay
// while one is present.
type presence struct {
	kind   string
	ledger *counters.Ledger

	mu      sync.Mutex
	objects map[uint64]struct{}
}

var presenceSeed = maphash.MakeSeed()

func hashOf(o counters.Owner) uint64 { return maphash.Comparable(presenceSeed, o) }

func (p *presence) has(o counters.Owner) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.objects[hashOf(o)]
	return ok
}

func (p *presence) owner(o metav1.Object) counters.Owner {
	return counters.Owner{Namespace: o.GetNamespace(), Kind: p.kind, Name: o.GetName()}
}

// set adds an object. Counters of one that has a controller are moved to the last of its chain.
func (p *presence) set(o metav1.Object, top func(metav1.Object) counters.Owner) {
	own := p.owner(o)
	if metav1.GetControllerOfNoCopy(o) != nil {
		p.ledger.Move(own, top(o))
	} else {
		p.ledger.Release(own)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.objects[hashOf(own)] = struct{}{}
}

// delete removes an object.
func (p *presence) delete(o metav1.Object) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.objects, hashOf(p.owner(o)))
}

// A presenceBatch has the next objects of a source. moved are those with a controller.
type presenceBatch struct {
	*presence
	next  map[uint64]struct{}
	moved []controlled
}

// A controlled object has a controller.
type controlled struct {
	owner      counters.Owner
	controller *store.Owner
}

func (p *presence) begin() *presenceBatch { return &presenceBatch{p, map[uint64]struct{}{}, nil} }

func (b *presenceBatch) set(o metav1.Object) {
	own := b.owner(o)
	b.next[hashOf(own)] = struct{}{}
	if metav1.GetControllerOfNoCopy(o) != nil {
		c := workloads.OwnerOf(o, b.kind)
		b.moved = append(b.moved, controlled{own, &c})
	}
}

// commit makes the objects those of the source, once the index of workloads has their controllers.
func (b *presenceBatch) commit(top func(*store.Owner) (kind, name string)) {
	b.mu.Lock()
	b.objects = b.next
	b.mu.Unlock()
	for _, m := range b.moved {
		kind, name := top(m.controller)
		b.ledger.Move(m.owner, counters.Owner{Namespace: m.owner.Namespace, Kind: kind, Name: name})
	}
}
