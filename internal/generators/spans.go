package generators

import (
	"bytes"
	"hash/maphash"
)

// A span is a part of a buffer.
type span struct{ start, end int }

func (p span) of(b []byte) []byte { return b[p.start:p.end] }

// A spanSet numbers the different texts among parts of one buffer. It reuses its
// memory after reset.
type spanSet struct {
	spans []span
	// slots is a hash table with linear probing of numbers + 1, 0 for a free slot. It
	// has no slots while the set is small.
	slots []uint32
	seed  maphash.Seed
}

// small is the size up to which a set is searched without hashing, as fast as with.
const small = 16

func (s *spanSet) reset() { s.spans, s.slots = s.spans[:0], s.slots[:0] }

// add returns the number of the text of p in the buffer b. A new text gets the next
// number, counted from 0.
func (s *spanSet) add(b []byte, p span) (number int, isNew bool) {
	text := p.of(b)
	if len(s.spans) < small {
		for i, q := range s.spans {
			if bytes.Equal(q.of(b), text) {
				return i, false
			}
		}
		s.spans = append(s.spans, p)
		return len(s.spans) - 1, true
	}
	if 2*len(s.spans) >= len(s.slots) {
		s.grow(b)
	}
	slot := s.find(b, text)
	if n := *slot; n > 0 {
		return int(n - 1), false
	}
	s.spans = append(s.spans, p)
	*slot = uint32(len(s.spans))
	return len(s.spans) - 1, true
}

// find returns the slot of a text, or the free slot for it.
func (s *spanSet) find(b, text []byte) *uint32 {
	mask := uint64(len(s.slots) - 1)
	for i := maphash.Bytes(s.seed, text); ; i++ {
		slot := &s.slots[i&mask]
		if n := *slot; n == 0 || bytes.Equal(s.spans[n-1].of(b), text) {
			return slot
		}
	}
}

// grow makes four slots for each text.
func (s *spanSet) grow(b []byte) {
	n := max(4*small, 2*len(s.slots))
	if cap(s.slots) < n {
		s.slots = make([]uint32, n)
		s.seed = maphash.MakeSeed()
	}
	s.slots = s.slots[:n]
	clear(s.slots)
	for i, p := range s.spans {
		*s.find(b, p.of(b)) = uint32(i + 1)
	}
}
