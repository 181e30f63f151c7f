package store

import (
	"maps"
	"slices"
	"sync"
	"unique"
)

// Budgets are limits of the series of a resource; 0 is none. Beyond a limit, objects are withheld:
// they stay in the store, in pages that views skip.
type Budgets struct {
	Series    int            // of all objects
	Namespace int            // of the objects of each namespace
	Families  map[string]int // by name
}

// LimitSeries sets the budgets of r. The first call must precede the first object: it chooses the
// families whose series are counted; later calls change the limits of those. Balance applies lower
// limits to objects that have been admitted.
func (r *Resource) LimitSeries(b Budgets) {
	first := r.account == nil
	if first {
		r.account = newAccount(r.families, b)
		for _, p := range r.partitions {
			p.limit(r.account)
		}
	}
	r.account.limit(b, !first)
}

// limit has p, which is empty, count series for an account.
func (p *Partition) limit(a *account) {
	p.account, p.sums = a, a.newSums()
	p.nonFull = append(p.nonFull, len(p.nonFull)) // the pages of withheld objects
}

// columns are the counts of an object: column 0 is its series, each other column those of a budgeted
// family.
type columns struct {
	of    []int // by family, 0 for none
	names []string
}

// A load is the counts of an object by column.
type load []uint32

// An account has the limits of a resource's series and counts the series. Its lock follows that of a
// partition.
type account struct {
	columns *columns

	mu             sync.Mutex
	limits         []int // by column, 0 for none; immutable
	namespaceLimit int
	sums
	// room says that withheld objects may fit: series have gone, or a limit has changed. cut has,
	// by column, the limits lowered, and cutNamespaces that of namespaces. All since Balance.
	room, cutNamespaces bool
	cut                 []bool
	near                []bool // by column, as sums.near
	crossings           []Crossing
}

// sums are the counts of admitted objects, and of withheld ones. The account's lock guards them.
type sums struct {
	used                      []int // by column
	withheld, withheldObjects int
	namespaces                map[unique.Handle[string]]namespaceSums
	changes                   uint64 // of the sums, and of an account's limits
}

type namespaceSums struct {
	used, withheld, withheldObjects int
	// near says that the use has exceeded nearBudget and has not fallen below farFromBudget since.
	near bool
}

func newAccount(families []Family, b Budgets) *account {
	c := &columns{of: make([]int, len(families)), names: []string{""}}
	for i, f := range families {
		if _, budgeted := b.Families[f.Name]; budgeted {
			if n := slices.Index(c.names, f.Name); n >= 0 {
				c.of[i] = n
				continue
			}
			c.of[i], c.names = len(c.names), append(c.names, f.Name)
		}
	}
	a := &account{columns: c}
	a.sums = *a.newSums()
	a.limits, a.cut, a.near = make([]int, c.width()), make([]bool, c.width()), make([]bool, c.width())
	return a
}

func (c *columns) width() int { return len(c.names) }

func (a *account) newSums() *sums {
	return &sums{used: make([]int, a.columns.width()), namespaces: map[unique.Handle[string]]namespaceSums{}}
}

// limit sets the limits. With cut, the next Balance applies lower ones.
func (a *account) limit(b Budgets, cut bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	lowered := func(old, now int) bool { return cut && now > 0 && (old == 0 || now < old) }
	limits := make([]int, len(a.limits))
	for i, name := range a.columns.names {
		limit := b.Families[name]
		if i == 0 {
			limit = b.Series
		}
		a.cut[i] = a.cut[i] || lowered(a.limits[i], limit)
		limits[i] = limit
	}
	a.limits = limits
	a.cutNamespaces = a.cutNamespaces || lowered(a.namespaceLimit, b.Namespace)
	a.namespaceLimit = b.Namespace
	a.room = true
	a.changes++
	a.watchColumns()
	a.watchNamespaces()
}

// An entry is an object in an account.
type entry struct {
	namespace unique.Handle[string]
	load      load
	withheld  bool
}

var noNamespace = unique.Make("")

// replace replaces an entry by another; either may be nil.
func (s *sums) replace(old, now *entry) {
	s.changes++
	if now != nil { // first: the sums of a namespace without series are dropped
		s.add(now, 1)
	}
	if old != nil {
		s.add(old, -1)
	}
}

func (s *sums) add(e *entry, sign int) {
	series := sign * int(e.load[0])
	n := s.namespaces[e.namespace]
	if e.withheld {
		s.withheld += series
		s.withheldObjects += sign
		n.withheld += series
		n.withheldObjects += sign
	} else {
		for i, count := range e.load {
			s.used[i] += sign * int(count)
		}
		n.used += series
	}
	s.put(e.namespace, n)
}

// put stores the sums of a namespace, if it has any.
func (s *sums) put(namespace unique.Handle[string], n namespaceSums) {
	switch {
	case namespace == noNamespace:
	case n.used == 0 && n.withheldObjects == 0:
		delete(s.namespaces, namespace)
	default:
		s.namespaces[namespace] = n
	}
}

// addAll adds the sums of a partition, or subtracts them.
func (s *sums) addAll(o *sums, sign int) {
	for i, n := range o.used {
		s.used[i] += sign * n
	}
	s.withheld += sign * o.withheld
	s.withheldObjects += sign * o.withheldObjects
	for namespace, n := range o.namespaces {
		sum := s.namespaces[namespace]
		sum.used += sign * n.used
		sum.withheld += sign * n.withheld
		sum.withheldObjects += sign * n.withheldObjects
		s.put(namespace, sum)
	}
}

func (s *sums) clone() *sums {
	c := *s
	c.used, c.namespaces = slices.Clone(s.used), maps.Clone(s.namespaces)
	return &c
}

// clone returns an account with the limits and sums of a, to try changes. The caller holds mu.
func (a *account) clone() *account {
	return &account{columns: a.columns, limits: a.limits, namespaceLimit: a.namespaceLimit, sums: *a.sums.clone()}
}

// fits reports whether an object fits into what is left of all its budgets. In a staging copy, the
// content of that partition is the staging copy.
func (a *account) fits(e *entry, staging *Partition) bool {
	staged := func(of func(*sums) int) int {
		if staging == nil || staging.base == nil {
			return 0
		}
		return of(staging.sums) - of(staging.base.sums)
	}
	for i, n := range e.load {
		if limit := a.limits[i]; limit > 0 && n > 0 && a.used[i]+staged(func(s *sums) int { return s.used[i] })+int(n) > limit {
			return false
		}
	}
	if a.namespaceLimit == 0 || e.namespace == noNamespace || e.load[0] == 0 {
		return true
	}
	used := func(s *sums) int { return s.namespaces[e.namespace].used }
	return used(&a.sums)+staged(used)+int(e.load[0]) <= a.namespaceLimit
}

// exceeded reports whether an object has series of a budget that is exceeded and in cut.
func (a *account) exceeded(e *entry, cut []bool, cutNamespaces bool) bool {
	for i, n := range e.load {
		if limit := a.limits[i]; cut[i] && limit > 0 && n > 0 && a.used[i] > limit {
			return true
		}
	}
	return cutNamespaces && a.namespaceLimit > 0 && e.load[0] > 0 && a.namespaces[e.namespace].used > a.namespaceLimit
}

// exceeds reports whether any budget is exceeded.
func (a *account) exceeds() bool {
	for i, limit := range a.limits {
		if limit > 0 && a.used[i] > limit {
			return true
		}
	}
	if a.namespaceLimit > 0 {
		for _, n := range a.namespaces {
			if n.used > a.namespaceLimit {
				return true
			}
		}
	}
	return false
}

// charge replaces an entry of p by another; either may be nil.
func (p *Partition) charge(old, now *entry) {
	p.account.mu.Lock()
	defer p.account.mu.Unlock()
	p.account.charge(p, old, now)
}

// charge is Partition.charge for a caller that holds mu. A staging copy has sums of its own.
func (a *account) charge(p *Partition, old, now *entry) {
	p.sums.replace(old, now)
	if p.base != nil {
		return
	}
	a.replace(old, now)
	a.room = a.room || old != nil
	a.watchColumns()
	if old != nil {
		a.watchNamespace(old.namespace)
	}
	if now != nil {
		a.watchNamespace(now.namespace)
	}
}

// chargeNew charges a new object as admitted if it fits, and as withheld if not.
func (p *Partition) chargeNew(e *entry) {
	p.account.mu.Lock()
	defer p.account.mu.Unlock()
	e.withheld = !p.account.fits(e, p)
	p.account.charge(p, nil, e)
}

// admit replaces the entry of a withheld object by that of an admitted one if it fits.
func (p *Partition) admit(e, admitted *entry) bool {
	p.account.mu.Lock()
	defer p.account.mu.Unlock()
	if !p.account.fits(e, p) {
		return false
	}
	p.account.charge(p, e, admitted)
	return true
}
