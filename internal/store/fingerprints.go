package store

import (
	"encoding/binary"
	"maps"
	"slices"
)

// A fingerprint is 48 bits of the hash of a slot's lines of a family, 0 without lines.
type fingerprint [fingerprintBytes]byte

const fingerprintBytes = 6

// fingerprintOf returns the fingerprint of lines. One change in 2^48 goes unnoticed.
func fingerprintOf(lines []byte) fingerprint {
	if len(lines) == 0 {
		return fingerprint{}
	}
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], max(hash(lines)>>(64-8*fingerprintBytes), 1))
	return fingerprint(b[:])
}

// Lengths of at least longLength are in a map.
const longLength = 1<<16 - 1

// fingerprints has the fingerprints and lengths of the lines of a page, by slot and family.
// It is immutable once shared, which the partition's lock guards.
type fingerprints struct {
	// columns has the columns of families plus 1, 0 for families without lines in the page: many
	// families are rare.
	columns []uint16
	width   int // columns in use
	rows    int // capacity in slots
	// cells is by slot, then by column: an update compares all families of an object.
	cells []fingerprint
	// lengths is by column, then by slot: a change sums those of the slots before.
	lengths []uint16
	long    map[int]int // by index in lengths
	shared  bool
}

func newFingerprints(families int) *fingerprints {
	return &fingerprints{columns: make([]uint16, families)}
}

func (f *fingerprints) clone() *fingerprints {
	c := *f
	c.cells, c.lengths, c.long, c.shared = slices.Clone(f.cells), slices.Clone(f.lengths), maps.Clone(f.long), false
	return &c
}

// lacksRoom reports whether f has no cell for some lines of r.
func (f *fingerprints) lacksRoom(slot int, r *Rendered) bool {
	if slot >= f.rows {
		return true
	}
	start := 0
	for family, end := range r.Ends {
		if end > start && f.columns[family] == 0 {
			return true
		}
		start = end
	}
	return false
}

// withRoom returns a copy of f with cells for the lines of r in a slot.
func (f *fingerprints) withRoom(slot int, r *Rendered) *fingerprints {
	w := &fingerprints{columns: slices.Clone(f.columns), width: f.width, rows: f.rows}
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
	w.cells, w.lengths = make([]fingerprint, w.rows*w.width), make([]uint16, w.rows*w.width)
	for s := range f.rows {
		copy(w.cells[s*w.width:], f.cells[s*f.width:(s+1)*f.width])
	}
	for c := range f.width {
		copy(w.lengths[c*w.rows:], f.lengths[c*f.rows:(c+1)*f.rows])
	}
	for i, n := range f.long {
		w.setLong(i/f.rows*w.rows+i%f.rows, n)
	}
	return w
}

// fingerprint returns the fingerprint of a slot's lines of a family.
func (f *fingerprints) fingerprint(slot, family int) fingerprint {
	if c := int(f.columns[family]); c > 0 && slot < f.rows {
		return f.cells[slot*f.width+c-1]
	}
	return fingerprint{}
}

// length returns the length of a slot's lines of a family.
func (f *fingerprints) length(slot, family int) int {
	c := int(f.columns[family])
	if c == 0 || slot >= f.rows {
		return 0
	}
	return f.lengthAt((c-1)*f.rows + slot)
}

func (f *fingerprints) lengthAt(i int) int {
	if n := f.lengths[i]; n < longLength {
		return int(n)
	}
	return f.long[i]
}

// offset returns the offset of a slot in a family's text.
func (f *fingerprints) offset(slot, family int) int {
	n, first := 0, (int(f.columns[family])-1)*f.rows
	if first < 0 {
		return 0
	}
	for i := first; i < first+min(slot, f.rows); i++ {
		n += f.lengthAt(i)
	}
	return n
}

// set stores the fingerprint and the length of lines. f must have a cell for them and not be
// shared.
func (f *fingerprints) set(slot, family int, lines fingerprint, length int) {
	c := int(f.columns[family]) - 1
	f.cells[slot*f.width+c] = lines
	i := c*f.rows + slot
	f.lengths[i] = uint16(min(length, longLength))
	delete(f.long, i)
	if length >= longLength {
		f.setLong(i, length)
	}
}

func (f *fingerprints) setLong(i, length int) {
	if f.long == nil {
		f.long = map[int]int{}
	}
	f.long[i] = length
}
