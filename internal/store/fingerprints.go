package store

import (
	"encoding/binary"
	"maps"
	"slices"
)

// A fingerprint is 48 bits of a hash of a slot's lines of a family, 0 without lines.
type fingerprint [fingerprintBytes]byte

const fingerprintBytes = 6

// fingerprintOf returns the fingerprint of lines. One change in 2^48 goes unnoticed.
func fingerprintOf(lines []byte) fingerprint {
	if len(lines) == 0 {
		return fingerprint{}
	}
	var of [8]byte
	binary.LittleEndian.PutUint64(of[:], max(hash(lines)>>(64-8*fingerprintBytes), 1))
	return fingerprint(of[:])
}

// Lengths from tooLong on are kept in a map.
const tooLong = 1<<16 - 1

// fingerprints has the fingerprints and lengths of the lines of a page, by slot and family.
// It is immutable once shared, which the partition's lock guards.
type fingerprints struct {
	// columns has, by family, a number from 1 on, 0 for families without lines in the page:
	// many families are rare.
	columns []uint16
	width   int // columns in use
	rows    int // capacity in slots
	// of is by slot, then by column: an update compares all families of an object.
	of []fingerprint
	// lengths is by column, then by slot: a change sums those of the slots before.
	lengths []uint16
	long    map[int]int // by index in lengths
	shared  bool
}

func newFingerprints(families int) *fingerprints {
	return &fingerprints{columns: make([]uint16, families)}
}

func (m *fingerprints) clone() *fingerprints {
	c := *m
	c.of, c.lengths, c.long, c.shared = slices.Clone(m.of), slices.Clone(m.lengths), maps.Clone(m.long), false
	return &c
}

// lack reports whether m has no room for r in a slot.
func (m *fingerprints) lack(slot int, r *Rendered) bool {
	if slot >= m.rows {
		return true
	}
	start := 0
	for family, end := range r.Ends {
		if end > start && m.columns[family] == 0 {
			return true
		}
		start = end
	}
	return false
}

// withRoom returns a copy of m with room for r in a slot.
func (m *fingerprints) withRoom(slot int, r *Rendered) *fingerprints {
	w := &fingerprints{columns: slices.Clone(m.columns), width: m.width, rows: m.rows}
	start := 0
	for family, end := range r.Ends {
		if end > start && w.columns[family] == 0 {
			w.width++
			w.columns[family] = uint16(w.width)
		}
		start = end
	}
	for w.rows <= slot {
		w.rows = max(4, 2*w.rows) // many resources have few objects
	}
	w.of, w.lengths = make([]fingerprint, w.rows*w.width), make([]uint16, w.rows*w.width)
	for s := range m.rows {
		copy(w.of[s*w.width:], m.of[s*m.width:(s+1)*m.width])
	}
	for c := range m.width {
		copy(w.lengths[c*w.rows:], m.lengths[c*m.rows:(c+1)*m.rows])
	}
	for i, n := range m.long {
		w.setLong(i/m.rows*w.rows+i%m.rows, n)
	}
	return w
}

// fingerprint returns the fingerprint of a slot's lines of a family.
func (m *fingerprints) fingerprint(slot, family int) fingerprint {
	if c := int(m.columns[family]); c > 0 && slot < m.rows {
		return m.of[slot*m.width+c-1]
	}
	return fingerprint{}
}

// length returns the length of a slot's lines of a family.
func (m *fingerprints) length(slot, family int) int {
	c := int(m.columns[family])
	if c == 0 || slot >= m.rows {
		return 0
	}
	return m.lengthAt((c-1)*m.rows + slot)
}

func (m *fingerprints) lengthAt(i int) int {
	if n := m.lengths[i]; n < tooLong {
		return int(n)
	}
	return m.long[i]
}

// before returns the offset of a slot in a family's text.
func (m *fingerprints) before(slot, family int) int {
	n, first := 0, (int(m.columns[family])-1)*m.rows
	if first < 0 {
		return 0
	}
	for i := first; i < first+min(slot, m.rows); i++ {
		n += m.lengthAt(i)
	}
	return n
}

// set stores a fingerprint and the length of its lines. m must have room and not be shared.
func (m *fingerprints) set(slot, family int, of fingerprint, length int) {
	c := int(m.columns[family]) - 1
	m.of[slot*m.width+c] = of
	i := c*m.rows + slot
	m.lengths[i] = uint16(min(length, tooLong))
	delete(m.long, i)
	if length >= tooLong {
		m.setLong(i, length)
	}
}

func (m *fingerprints) setLong(i, length int) {
	if m.long == nil {
		m.long = map[int]int{}
	}
	m.long[i] = length
}
