package handover

import (
	"slices"
	"strings"

	"github.com/kubestate/kubestate/internal/sharding"
)

// A Counter is a process that counts increments. Start tells apart the processes of one pod.
type Counter struct {
	Number int
	UID    string
	Start  int64
}

// A Term says who counts the increments of some hashes: By those that are later than After, and
// others all up to After. A term without a By is open: it is of the member that takes it.
type Term struct {
	Ranges sharding.Ranges
	By     Counter
	After  sharding.Positions
}

// Terms are disjoint. Each version in the API server replaces the one that it was made from, so that no hash
// has two counters.
type Terms struct {
	Serial int64 // ascending
	All    []Term
}

// with returns the terms with another one, which replaces those of its ranges.
func (t Terms) with(next Term) Terms {
	if next.Ranges.IsNone() {
		return t
	}
	all := []Term{}
	for _, each := range t.All {
		if each.Ranges = each.Ranges.Minus(next.Ranges); each.By == next.By && each.equallyAfter(next) {
			next.Ranges = next.Ranges.Union(each.Ranges)
		} else if !each.Ranges.IsNone() {
			all = append(all, each)
		}
	}
	all = append(all, next)
	slices.SortFunc(all, func(a, b Term) int { return strings.Compare(a.Ranges.String(), b.Ranges.String()) })
	return Terms{t.Serial, all}
}

func (t Term) equallyAfter(o Term) bool {
	if len(t.After) != len(o.After) {
		return false
	}
	for resource, version := range t.After {
		if o.After[resource] != version {
			return false
		}
	}
	return true
}

// equal reports whether both say the same.
func (t Terms) equal(o Terms) bool {
	return slices.EqualFunc(t.All, o.All, func(a, b Term) bool {
		return a.By == b.By && a.Ranges.Equal(b.Ranges) && a.equallyAfter(b)
	})
}

// of is what a counter counts.
func (t Terms) of(by Counter) sharding.Ranges {
	r := sharding.None()
	for _, each := range t.All {
		if each.By == by {
			r = r.Union(each.Ranges)
		}
	}
	return r
}

// named is what any term has.
func (t Terms) named() sharding.Ranges {
	r := sharding.None()
	for _, each := range t.All {
		r = r.Union(each.Ranges)
	}
	return r
}

// within returns the terms of some ranges.
func (t Terms) within(r sharding.Ranges) []Term {
	var all []Term
	for _, each := range t.All {
		if each.Ranges = each.Ranges.Intersection(r); !each.Ranges.IsNone() {
			all = append(all, each)
		}
	}
	return all
}
