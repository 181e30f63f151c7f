// Package journal decides which increments a shard counts: those of a hash range count at once, or
// wait until it is known up to which version another shard has counted them.
package journal

import (
	"slices"
	"sync"

	"github.com/kubestate/kubestate/internal/sharding"
)

// A Journal passes increments on, drops them, or keeps them. It may be used concurrently.
type Journal[T any] struct {
	count   func(T)
	dropped func(n int)

	mu     sync.Mutex
	pieces []piece[T] // of all hashes, disjoint
}

// A piece has the hashes with one history. Versions are divided by marks, the earliest first; what is
// later than all marks counts, or is kept.
type piece[T any] struct {
	ranges sharding.Ranges
	marks  []mark
	counts bool
	kept   []entry[T]
}

// A mark says whether the increments up to a position count, from the mark before it on.
type mark struct {
	upTo   sharding.Positions
	counts bool
}

// A Change is where an increment comes from: an object, by the hash of its uid, and its version. Changes
// that a list merges into one are later than Since, which is empty for a single one.
type Change struct {
	Resource, Since, Version string
	Hash                     uint64
}

type entry[T any] struct {
	Change
	increment T
}

// has reports whether a position has a change: all of it if it counts, and a part of it if it does not,
// so that no increment counts twice.
func (m mark) has(c Change) bool {
	return m.upTo.Has(c.Resource, c.Version) || !m.counts && c.Since != "" && !sharding.Positions{c.Resource: c.Since}.Reaches(m.upTo)
}

// maxMarks is the limit of marks of a piece. Changes that are older than so many handovers have
// arrived.
const maxMarks = 8

// maxKept is the limit of kept increments, beyond which the earliest are dropped: a journal may keep for as
// long as nobody can say who counts.
const maxKept = 100_000

// New returns a journal that has count called with the increments of some ranges, and keeps all
// others, up to maxKept. It calls dropped with the number of those that it drops beyond that. It calls both
// one at a time; they do not call the journal.
func New[T any](counted sharding.Ranges, count func(T), dropped func(n int)) *Journal[T] {
	j := &Journal[T]{count: count, dropped: dropped}
	for _, p := range []piece[T]{{ranges: counted, counts: true}, {ranges: sharding.All().Minus(counted)}} {
		if !p.ranges.IsNone() {
			j.pieces = append(j.pieces, p)
		}
	}
	return j
}

// Add takes the increment of a change.
func (j *Journal[T]) Add(c Change, increment T) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := range j.pieces {
		if p := &j.pieces[i]; p.ranges.Holds(c.Hash) {
			j.take(p, entry[T]{c, increment})
			j.limit()
			return
		}
	}
}

// take counts, drops or keeps an increment.
func (j *Journal[T]) take(p *piece[T], e entry[T]) {
	for _, m := range p.marks {
		if m.has(e.Change) {
			if m.counts {
				j.count(e.increment)
			}
			return
		}
	}
	if p.counts {
		j.count(e.increment)
		return
	}
	p.kept = append(p.kept, e)
}

// limit drops the earlier half of the increments of the piece that keeps most, if too many are kept.
func (j *Journal[T]) limit() {
	if j.kept() <= maxKept {
		return
	}
	most := &j.pieces[0]
	for i := range j.pieces {
		if p := &j.pieces[i]; len(p.kept) > len(most.kept) {
			most = p
		}
	}
	n := len(most.kept) / 2
	most.kept = slices.Clone(most.kept[n:])
	j.dropped(n)
}

// Hold keeps the increments of ranges from now on.
func (j *Journal[T]) Hold(r sharding.Ranges) {
	j.change(r, func(p *piece[T]) { p.counts = false })
}

// Settle counts the increments of held ranges up to a position, also those that come later.
func (j *Journal[T]) Settle(c sharding.Cut) {
	j.change(c.Ranges, func(p *piece[T]) { j.mark(p, mark{c.At, true}) })
}

// Resume drops the increments of held ranges up to a position, also those that come later, and counts
// all others.
func (j *Journal[T]) Resume(c sharding.Cut) {
	j.change(c.Ranges, func(p *piece[T]) {
		p.counts = true
		j.mark(p, mark{c.At, false})
	})
}

// mark adds a mark and takes the kept increments again.
func (j *Journal[T]) mark(p *piece[T], m mark) {
	if len(m.upTo) > 0 {
		p.marks = append(slices.Clip(p.marks), m)
		p.marks = p.marks[max(0, len(p.marks)-maxMarks):]
	}
	kept := p.kept
	p.kept = nil
	for _, e := range kept {
		j.take(p, e)
	}
}

// Discard forgets what is kept of ranges that the shard has no more, and holds them.
func (j *Journal[T]) Discard(r sharding.Ranges) {
	j.change(r, func(p *piece[T]) { *p = piece[T]{ranges: p.ranges} })
}

// change changes the pieces of ranges.
func (j *Journal[T]) change(r sharding.Ranges, f func(*piece[T])) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var next []piece[T]
	for _, p := range j.pieces {
		in, out := p.split(r)
		if !in.ranges.IsNone() {
			f(&in)
			next = append(next, in)
		}
		if !out.ranges.IsNone() {
			next = append(next, out)
		}
	}
	j.pieces = joined(next)
}

// split returns the parts of a piece inside and outside of r.
func (p piece[T]) split(r sharding.Ranges) (in, out piece[T]) {
	in, out = p, p
	in.ranges, out.ranges = p.ranges.Intersection(r), p.ranges.Minus(r)
	in.kept, out.kept = nil, nil
	for _, e := range p.kept {
		if in.ranges.Holds(e.Hash) {
			in.kept = append(in.kept, e)
		} else {
			out.kept = append(out.kept, e)
		}
	}
	return in, out
}

// joined joins pieces without marks that do the same.
func joined[T any](pieces []piece[T]) []piece[T] {
	var all []piece[T]
	for _, p := range pieces {
		i := slices.IndexFunc(all, func(o piece[T]) bool {
			return len(o.marks) == 0 && len(p.marks) == 0 && o.counts == p.counts
		})
		if i < 0 {
			all = append(all, p)
			continue
		}
		all[i].ranges, all[i].kept = all[i].ranges.Union(p.ranges), append(all[i].kept, p.kept...)
	}
	return all
}

// Kept is the number of increments that are kept.
func (j *Journal[T]) Kept() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.kept()
}

func (j *Journal[T]) kept() (n int) {
	for i := range j.pieces {
		n += len(j.pieces[i].kept)
	}
	return n
}
