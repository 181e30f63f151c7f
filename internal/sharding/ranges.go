package sharding

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/sharding"
)

// Ranges is an immutable set of hashes, as disjoint ranges in ascending order with gaps between them.
// The zero value has all hashes.
type Ranges struct {
	partial bool   // not all hashes
	spans   []span // of them, if partial
}

// A span is one range. It includes its last hash, since the exclusive end 2^64 does not fit.
type span struct{ first, last uint64 }

// All has every hash.
func All() Ranges { return Ranges{} }

// None has no hash.
func None() Ranges { return Ranges{partial: true} }

// Even is the hash range of one of total shards of equal size: from ordinal*2^64/total, rounded
// down, up to the beginning of the next one. An ordinal outside of 0 to total-1 has none.
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

// begin is the first hash of an ordinal below total.
func begin(ordinal, total int) uint64 {
	at, _ := bits.Div64(uint64(ordinal), 0, uint64(total))
	return at
}

// Union has the hashes of r or o.
func (r Ranges) Union(o Ranges) Ranges {
	return r.combine(o, func(inR, inO bool) bool { return inR || inO })
}

// Intersection has the hashes of r and o.
func (r Ranges) Intersection(o Ranges) Ranges {
	return r.combine(o, func(inR, inO bool) bool { return inR && inO })
}

// Minus has the hashes of r without those of o.
func (r Ranges) Minus(o Ranges) Ranges {
	return r.combine(o, func(inR, inO bool) bool { return inR && !inO })
}

// Contains reports whether r has every hash of o.
func (r Ranges) Contains(o Ranges) bool { return o.Minus(r).IsNone() }

// Equal reports whether r and o have the same hashes.
func (r Ranges) Equal(o Ranges) bool {
	return r.partial == o.partial && slices.Equal(r.spans, o.spans)
}

// IsAll reports whether r has every hash.
func (r Ranges) IsAll() bool { return !r.partial }

// IsNone reports whether r has no hash.
func (r Ranges) IsNone() bool { return r.partial && len(r.spans) == 0 }

// Holds reports whether r has the hash.
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

// Fraction is the fraction of the hash space, from 0 to 1.
func (r Ranges) Fraction() float64 {
	if !r.partial {
		return 1
	}
	sum := 0.0
	for _, s := range r.spans {
		sum += math.Ldexp(float64(s.last-s.first)+1, -64)
	}
	return sum
}

// Part is the i-th of n parts of equal size, up to rounding.
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

// Selector is the shardSelector of a list or a watch, by which an API server sends the objects of
// these ranges only. It is empty for all hashes. There is no selector for none.
func (r Ranges) Selector() string {
	var terms []sharding.ShardRangeRequirement
	for _, s := range r.spans {
		terms = append(terms, sharding.ShardRangeRequirement{Key: "object.metadata.uid", Start: bound(s.first), End: s.end()})
	}
	return sharding.NewSelector(terms...).String()
}

// String formats each range as [from,to), in hexadecimal.
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

// end is the exclusive end of the span in the format of selectors.
func (s span) end() string {
	if s.last == math.MaxUint64 {
		return "0x10000000000000000" // 2^64
	}
	return bound(s.last + 1)
}

// bound is a hash in the format of selectors.
func bound(hash uint64) string { return fmt.Sprintf("0x%016x", hash) }

// all returns the spans, also those of all hashes.
func (r Ranges) all() []span {
	if !r.partial {
		return []span{{0, math.MaxUint64}}
	}
	return r.spans
}

// combine has the hashes that wanted chooses by whether r and o have them.
func (r Ranges) combine(o Ranges, wanted func(inR, inO bool) bool) Ranges {
	// Between two bounds all hashes are in the same sets.
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

// normalised joins adjacent spans, which are disjoint and in order.
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

// Parse parses the output of String. An error names the malformed range.
func Parse(text string) (Ranges, error) {
	switch text {
	case All().String():
		return All(), nil
	case None().String():
		return None(), nil
	}
	r := None()
	for part := range strings.FieldsSeq(text) {
		s, err := parseSpan(part)
		if err != nil {
			return None(), err
		}
		r = r.Union(normalised([]span{s}))
	}
	if r.IsNone() {
		return None(), fmt.Errorf("%q: want %s, %s or ranges", text, All(), None())
	}
	return r, nil
}

// parseSpan parses [from,to).
func parseSpan(text string) (span, error) {
	var from, to uint64
	s := span{last: math.MaxUint64}
	if _, err := fmt.Sscanf(text, "[0x%x,0x%x)", &from, &to); err == nil {
		s.last = to - 1
	}
	s.first = from
	// Only the canonical form is accepted.
	if s.first > s.last || s.String() != text {
		return span{}, fmt.Errorf("%q is no range", text)
	}
	return s, nil
}

// String formats the span as [from,to), in hexadecimal.
func (s span) String() string { return fmt.Sprintf("[%s,%s)", bound(s.first), s.end()) }

// Constants of FNV-1a, 64 bits.
const (
	offset = 14695981039346656037
	prime  = 1099511628211
)

// Hash is the hash of a uid. It equals HashField of k8s.io/apimachinery/pkg/sharding, which returns
// text and allocates.
func Hash[T ~string | ~[]byte](uid T) uint64 {
	h := uint64(offset)
	for i := range len(uid) {
		h = (h ^ uint64(uid[i])) * prime
	}
	return h
}
