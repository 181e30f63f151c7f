package sharding

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/sharding"
)

// Ranges are ranges of hashes, disjoint and in order, no two of them adjacent.
// They do not change. The zero value is the range of all hashes.
type Ranges struct {
	partial bool   // not all hashes
	spans   []span // of them, if partial
}

// A span is a range that goes from its first hash to its last, both included: the
// end of the range of all hashes has no 64 bits.
type span struct{ first, last uint64 }

// All is the range of all hashes.
func All() Ranges { return Ranges{} }

// None has no hash.
func None() Ranges { return Ranges{partial: true} }

// Even is the share of one of total shards that divide the hashes evenly: from
// ordinal*2^64/total on, rounded down, up to where the next share begins. An
// ordinal that is not one of 0 to total-1 has no share.
func Even(ordinal, total int) Ranges {
	if ordinal < 0 || ordinal >= total {
		return None()
	}
	last := uint64(math.MaxUint64)
	if ordinal < total-1 {
		last = begin(ordinal+1, total) - 1
	}
	return normalised([]span{{begin(ordinal, total), last}})
}

// begin is where the share of an ordinal below total begins.
func begin(ordinal, total int) uint64 {
	at, _ := bits.Div64(uint64(ordinal), 0, uint64(total))
	return at
}

// Union has the hashes of either.
func (r Ranges) Union(o Ranges) Ranges {
	return r.combine(o, func(inR, inO bool) bool { return inR || inO })
}

// Intersection has the hashes of both.
func (r Ranges) Intersection(o Ranges) Ranges {
	return r.combine(o, func(inR, inO bool) bool { return inR && inO })
}

// Minus has the hashes of r that o has not.
func (r Ranges) Minus(o Ranges) Ranges {
	return r.combine(o, func(inR, inO bool) bool { return inR && !inO })
}

// Contains says whether r has every hash of o.
func (r Ranges) Contains(o Ranges) bool { return o.Minus(r).IsNone() }

// Equal says whether both have the same hashes.
func (r Ranges) Equal(o Ranges) bool {
	return r.partial == o.partial && slices.Equal(r.spans, o.spans)
}

// IsAll says whether there is no hash besides.
func (r Ranges) IsAll() bool { return !r.partial }

// IsNone says whether there is no hash.
func (r Ranges) IsNone() bool { return r.partial && len(r.spans) == 0 }

// Holds says whether the hash is in one of the ranges.
func (r Ranges) Holds(hash uint64) bool {
	if !r.partial {
		return true
	}
	for _, s := range r.spans {
		if hash <= s.last {
			return hash >= s.first
		}
	}
	return false
}

// Share is the part of all hashes, from 0 to 1.
func (r Ranges) Share() float64 {
	if !r.partial {
		return 1
	}
	share := 0.0
	for _, s := range r.spans {
		share += math.Ldexp(float64(s.last-s.first)+1, -64)
	}
	return share
}

// Part is the i-th of n parts of the same size, as exactly as that goes.
func (r Ranges) Part(i, n int) Ranges {
	if !r.partial {
		return Even(i, n)
	}
	width := uint64(0)
	for _, s := range r.spans {
		width += s.last - s.first + 1
	}
	from, to := fraction(width, i, n), fraction(width, i+1, n)
	var part []span
	for _, s := range r.spans {
		size := s.last - s.first + 1
		if from < size && to > 0 {
			part = append(part, span{s.first + from, s.first + min(to, size) - 1})
		}
		from, to = from-min(from, size), to-min(to, size)
	}
	return normalised(slices.DeleteFunc(part, func(s span) bool { return s.last+1 == s.first }))
}

// fraction is width*i/n, rounded down.
func fraction(width uint64, i, n int) uint64 {
	high, low := bits.Mul64(width, uint64(i))
	q, _ := bits.Div64(high, low, uint64(n))
	return q
}

// Selector has an API server send the objects of these ranges alone, as
// shardSelector of a list or a watch. It is empty for the range of all. There is
// none for no hash: that need not be asked for.
func (r Ranges) Selector() string {
	var terms []sharding.ShardRangeRequirement
	for _, s := range r.spans {
		terms = append(terms, sharding.ShardRangeRequirement{Key: "object.metadata.uid", Start: bound(s.first), End: s.end()})
	}
	return sharding.NewSelector(terms...).String()
}

// String shows the ranges as [from,to), in hexadecimal.
func (r Ranges) String() string {
	if !r.partial {
		return "all"
	}
	if len(r.spans) == 0 {
		return "none"
	}
	var parts []string
	for _, s := range r.spans {
		parts = append(parts, s.String())
	}
	return strings.Join(parts, " ")
}

// end is where the span does not reach, as selectors have it.
func (s span) end() string {
	if s.last == math.MaxUint64 {
		return "0x10000000000000000" // 2^64
	}
	return bound(s.last + 1)
}

// bound is a hash as selectors have it.
func bound(hash uint64) string { return fmt.Sprintf("0x%016x", hash) }

// all gives the spans also of the range of all hashes.
func (r Ranges) all() []span {
	if !r.partial {
		return []span{{0, math.MaxUint64}}
	}
	return r.spans
}

// combine has the hashes that wanted chooses by who has them.
func (r Ranges) combine(o Ranges, wanted func(inR, inO bool) bool) Ranges {
	// Between two bounds nothing changes.
	bounds := []uint64{0}
	for _, s := range slices.Concat(r.all(), o.all()) {
		bounds = append(bounds, s.first)
		if s.last < math.MaxUint64 {
			bounds = append(bounds, s.last+1)
		}
	}
	slices.Sort(bounds)
	bounds = slices.Compact(bounds)
	var chosen []span
	for i, first := range bounds {
		last := uint64(math.MaxUint64)
		if i+1 < len(bounds) {
			last = bounds[i+1] - 1
		}
		if wanted(r.Holds(first), o.Holds(first)) {
			chosen = append(chosen, span{first, last})
		}
	}
	return normalised(chosen)
}

// normalised makes ranges of disjoint spans in order.
func normalised(spans []span) Ranges {
	var joined []span
	for _, s := range spans {
		if n := len(joined); n > 0 && joined[n-1].last+1 == s.first {
			joined[n-1].last = s.last
			continue
		}
		joined = append(joined, s)
	}
	if slices.Equal(joined, All().all()) {
		return All()
	}
	return Ranges{partial: true, spans: joined}
}
