package counters

import (
	"slices"
	"sync"
	"time"
	"unique"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/sharding/journal"
)

const (
	// keepFor is the time for which the counters of an owner stay after it is gone.
	keepFor = time.Hour
	// maxGone is the limit of gone owners of a resource. Those beyond it leave earlier, but not before
	// scrapers have read their last increments.
	maxGone     = 10_000
	keepAtLeast = 5 * time.Minute
	// maxSeries is the limit of counters of an owner and a resource. Further containers, which a workload has
	// if each pod names them anew, are counted together.
	maxSeries = 1000
)

// An Owner is what counters belong to: a workload, or a node, which has no namespace.
type Owner struct{ Namespace, Kind, Name string }

// A Ledger has the counters of resources.
type Ledger struct {
	now     func() time.Time
	divided *journal.Journal[Entry] // of increments that this or another shard counts; nil if there are no others

	mu        sync.Mutex
	resources []*resource
	bounds    []float64 // of buckets, in seconds
	owners    owners
}

// New returns a ledger without resources. now is the clock.
func New(now func() time.Time) *Ledger { return &Ledger{now: now, owners: owners{}} }

// A resource has the counters of the objects of one resource, by owner.
type resource struct {
	key     string
	owners  map[Owner]*account
	changed map[Owner]struct{} // since the last rendering
	rows    *rows
}

// An account has the counters of an owner.
type account struct {
	counts     []count // sorted by their series
	histograms []histogram
	changed    bool      // since the last rendering
	gone       time.Time // when Sweep has found the owner gone; zero if it is not
	ended      bool      // the owner was deleted: a controlled object of its name is another one
}

// A series is shared by all owners that have it.
type series = unique.Handle[generators.Series]

type count struct {
	series  series
	value   uint64
	created int64 // Unix milliseconds
}

type histogram struct {
	series  series
	buckets []uint64
	sum     float64
	created int64
}

// An Entry has increments of one object.
type Entry struct {
	// Resource is the key of the resource; UID and ResourceVersion are those of the object.
	Resource, UID, ResourceVersion string
	// Since is the version that all increments are later than, if a list has merged several changes.
	Since      string
	Owner      Owner
	Increments []generators.Increment
}

// Add adds the increments of an entry, whose slice it does not keep. It ignores resources without counters.
func (l *Ledger) Add(e Entry) {
	if l.divided != nil {
		e = l.divide(e)
	}
	l.add(e)
}

// add adds the increments of an entry.
func (l *Ledger) add(e Entry) {
	if len(e.Increments) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.resource(e.Resource)
	if r == nil {
		return
	}
	now := l.now().UnixMilli()
	a := r.account(e.Owner)
	if a.counts == nil {
		a.counts = make([]count, 0, len(e.Increments)) // most owners get no others
	}
	for _, i := range e.Increments {
		if a.add(i, l.bounds, now) && !a.changed {
			a.changed = true
			r.changed[e.Owner] = struct{}{}
		}
	}
	a.gone = time.Time{}
}

// Has reports whether an owner has counters of a resource, or the resource has none.
func (l *Ledger) Has(resource string, o Owner) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.resource(resource)
	return r == nil || r.owners[o] != nil
}

// resource returns the counters of a resource; nil if it has none.
func (l *Ledger) resource(key string) *resource {
	for _, r := range l.resources {
		if r.key == key {
			return r
		}
	}
	return nil
}

// account returns the account of an owner, and opens it if there is none.
func (r *resource) account(o Owner) *account {
	a := r.owners[o]
	if a == nil {
		a = &account{}
		r.owners[o] = a
	}
	return a
}

// add adds an increment and reports whether a line changes.
func (a *account) add(i generators.Increment, bounds []float64, now int64) (changed bool) {
	if i.Of.IsHistogram() {
		h := a.histogram(i.Series, len(bounds)+1, now)
		n, _ := slices.BinarySearch(bounds, i.Value)
		h.buckets[n] += i.By
		h.sum += i.Value * float64(i.By)
		return true
	}
	c, isNew := a.count(i.Series, now)
	c.value += i.By
	return isNew || i.By > 0
}

// count returns a counter, and begins it if there is none.
func (a *account) count(s generators.Series, now int64) (c *count, isNew bool) {
	n, known := a.find(s)
	if !known && len(a.counts) >= maxSeries {
		s = s.Unnamed()
		n, known = a.find(s)
	}
	if !known {
		a.counts = slices.Insert(a.counts, n, count{series: unique.Make(s), created: now})
	}
	return &a.counts[n], !known
}

// find returns the index of a counter, and whether there is one.
func (a *account) find(s generators.Series) (n int, known bool) {
	return slices.BinarySearchFunc(a.counts, s, func(c count, s generators.Series) int { return c.series.Value().Compare(s) })
}

// histogram returns a histogram, and begins it if there is none.
func (a *account) histogram(s generators.Series, buckets int, now int64) *histogram {
	n, known := slices.BinarySearchFunc(a.histograms, s, func(h histogram, s generators.Series) int { return h.series.Value().Compare(s) })
	if !known {
		a.histograms = slices.Insert(a.histograms, n, histogram{series: unique.Make(s), buckets: make([]uint64, buckets), created: now})
	}
	return &a.histograms[n]
}

// Move moves the counters of an owner to another one, the last of its chain of controllers, unless the owner
// has ended. A counter that both have began with the earlier.
func (l *Ledger) Move(from, to Owner) {
	if from == to {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, known := l.owners[from.Hash()] // what a journal keeps has one, or counters that have begun
	for _, r := range l.resources {
		a := r.owners[from]
		if a == nil {
			continue
		}
		if known = true; a.ended {
			continue
		}
		delete(r.owners, from)
		r.account(to).addAll(a)
		r.changed[from], r.changed[to] = struct{}{}, struct{}{}
	}
	if known {
		l.owners.set(from, to)
	}
}

// addAll adds the counters of another account.
func (a *account) addAll(from *account) {
	a.gone = time.Time{}
	for _, f := range from.counts {
		c, _ := a.count(f.series.Value(), f.created)
		c.value += f.value
		c.created = min(c.created, f.created)
	}
	for _, f := range from.histograms {
		h := a.histogram(f.series.Value(), len(f.buckets), f.created)
		for i, n := range f.buckets {
			h.buckets[i] += n
		}
		h.sum += f.sum
		h.created = min(h.created, f.created)
	}
}

// Sweep removes the counters of owners that have been gone for an hour and, if more than maxGone are gone,
// of those that have been gone for longest. isPresent reports whether an owner is present, refers whether
// any object refers to a controller, given by its hash. Sweep returns the number of owners removed within
// the hour, by key of the resource. It is to be called about once a minute.
func (l *Ledger) Sweep(isPresent func(Owner) bool, refers func(first uint64) bool) (early map[string]int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	early = map[string]int{}
	for _, r := range l.resources {
		if n := r.sweep(now, isPresent); n > 0 {
			early[r.key] = n
		}
	}
	l.owners.sweep(now, refers)
	return early
}

// sweep is Ledger.Sweep for a resource.
func (r *resource) sweep(now time.Time, isPresent func(Owner) bool) (early int) {
	var gone []time.Duration
	for o, a := range r.owners {
		switch {
		case isPresent(o):
			a.gone = time.Time{}
			continue
		case a.gone.IsZero():
			a.gone = now
		}
		gone = append(gone, now.Sub(a.gone))
	}
	keep := keepFor
	if len(gone) > maxGone {
		slices.Sort(gone)
		keep = min(keepFor, max(keepAtLeast, gone[maxGone]))
	}
	for o, a := range r.owners {
		if since := now.Sub(a.gone); !a.gone.IsZero() && since >= keep {
			delete(r.owners, o)
			r.changed[o] = struct{}{}
			if since < keepFor {
				early++
			}
		}
	}
	return early
}
