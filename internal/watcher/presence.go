package watcher

import (
	"maps"
	"strings"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/counters"
	"github.com/kubestate/kubestate/internal/store"
	"github.com/kubestate/kubestate/internal/workloads"
)

// A presence has the objects of one source that may own others, by a hash. Two that collide stay
// while one is present.
type presence struct {
	kind   string
	index  *workloads.Index
	ledger *counters.Ledger

	mu      sync.Mutex
	objects map[uint64]struct{}
}

func (p *presence) has(o counters.Owner) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.objects[o.Hash()]
	return ok
}

func (p *presence) owner(o metav1.Object) counters.Owner {
	return counters.Owner{Namespace: o.GetNamespace(), Kind: p.kind, Name: o.GetName()}
}

// set adds an object. Counters of one that has a controller are moved to the last of its chain; those of an
// earlier object of its name stay.
func (p *presence) set(_ string, o metav1.Object) {
	own := p.owner(o)
	if c := workloads.OwnerOf(o, p.kind); !workloads.IsOwn(&c) {
		p.ledger.Move(own, p.top(own.Namespace, &c))
	} else {
		p.ledger.Release(own.Hash())
		p.ledger.End(own, false)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.objects[own.Hash()] = struct{}{}
}

// top returns the last of the chain of controllers that begins with one.
func (p *presence) top(namespace string, c *store.Owner) counters.Owner {
	kind, name := p.index.Top(c)
	return counters.Owner{Namespace: namespace, Kind: kind, Name: name}
}

// delete removes an object.
func (p *presence) delete(_ string, o metav1.Object) {
	own := p.owner(o)
	p.ledger.End(own, true)
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.objects, own.Hash())
}

// A presenceBatch has the next objects of a source, by a hash.
type presenceBatch struct {
	*presence
	next     map[uint64]struct{}
	moved    []controlled
	released []uint64 // those without a controller
}

// A controlled object has a controller.
type controlled struct {
	owner      counters.Owner
	controller *store.Owner
}

func (p *presence) begin() feedBatch { return &presenceBatch{presence: p, next: map[uint64]struct{}{}} }

func (*presence) close() {}

// Set adds an object.
func (b *presenceBatch) Set(_ string, o metav1.Object) {
	own := b.owner(o)
	b.next[own.Hash()] = struct{}{}
	if c := workloads.OwnerOf(o, b.kind); !workloads.IsOwn(&c) {
		c.Kind, c.Name = strings.Clone(c.Kind), strings.Clone(c.Name) // the object may be reused
		own.Namespace, own.Name = strings.Clone(own.Namespace), strings.Clone(own.Name)
		b.moved = append(b.moved, controlled{own, &c})
	} else {
		b.released = append(b.released, own.Hash())
	}
}

// Commit makes the objects those of the source, once the index of workloads has their controllers.
func (b *presenceBatch) Commit(func(namespace, key string) bool) {
	b.mu.Lock()
	lacks := b.objects
	b.objects = b.next
	b.mu.Unlock()
	maps.DeleteFunc(lacks, func(hash uint64, _ struct{}) bool {
		_, stays := b.next[hash]
		return stays
	})
	b.ledger.EndAll(lacks)
	b.ledger.Release(b.released...)
	for _, m := range b.moved {
		b.ledger.Move(m.owner, b.top(m.owner.Namespace, m.controller))
	}
}
