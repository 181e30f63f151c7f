package store

import (
	"encoding/binary"
	"maps"
	"slices"
)

// A mark tells the lines that a slot has of a family from others: it is 48 bits of a
// hash, 0 where there are none.
type mark [markBytes]byte

const markBytes = 6

// markOf marks lines. That two different ones of a slot have one mark, so that a
// change is missed, happens once in 2^48 changes.
func markOf(lines []byte) mark {
	if len(lines) == 0 {
		return mark{}
	}
	var of [8]byte
	binary.LittleEndian.PutUint64(of[:], max(hash(lines)>>(64-8*markBytes), 1))
	return mark(of[:])
}

// A length that does not fit is written beside the marks.
const tooLong = 1<<16 - 1

// Marks are those of a page. With shared set, which the part's lock guards,
// somebody else holds them too, and they must not change any more.
type marks struct {
	// columns gives, by family, a number from 1 on, or 0 where no object of the page
	// has had lines: of a resource's families many are of rare things.
	columns []uint16
	width   int // how many have a number
	rows    int // there is room for so many slots
	// of is by slot and then by column: an update compares all of an object.
	of []mark
	// lengths are by column and then by slot: a change needs those of the slots before.
	lengths []uint16
	long    map[int]int // lengths that do not fit, by index in lengths
	shared  bool
}

func newMarks(families int) *marks { return &marks{columns: make([]uint16, families)} }

func (m *marks) clone() *marks {
	c := *m
	c.of, c.lengths, c.long, c.shared = slices.Clone(m.of), slices.Clone(m.lengths), maps.Clone(m.long), false
	return &c
}

// lack says whether there is no room for lines of r in a slot.
func (m *marks) lack(slot int, r *Rendered) bool {
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

// withRoom is a copy of m with columns for all lines of r, and with the slot.
func (m *marks) withRoom(slot int, r *Rendered) *marks {
	w := &marks{columns: slices.Clone(m.columns), width: m.width, rows: m.rows}
	start := 0
	for family, end := range r.Ends {
		if end > start && w.columns[family] == 0 {
			w.width++
			w.columns[family] = uint16(w.width)
		}
		start = end
	}
	for w.rows <= slot {
		w.rows = max(4, 2*w.rows) // a few objects are a whole resource often enough
	}
	w.of, w.lengths = make([]mark, w.rows*w.width), make([]uint16, w.rows*w.width)
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

// mark is that of a slot's lines of a family.
func (m *marks) mark(slot, family int) mark {
	if c := int(m.columns[family]); c > 0 && slot < m.rows {
		return m.of[slot*m.width+c-1]
	}
	return mark{}
}

// length is that of a slot's lines of a family.
func (m *marks) length(slot, family int) int {
	c := int(m.columns[family])
	if c == 0 || slot >= m.rows {
		return 0
	}
	return m.lengthAt((c-1)*m.rows + slot)
}

func (m *marks) lengthAt(i int) int {
	if n := m.lengths[i]; n < tooLong {
		return int(n)
	}
	return m.long[i]
}

// before is how long a family's lines of the slots before the given one are together.
func (m *marks) before(slot, family int) int {
	n, first := 0, (int(m.columns[family])-1)*m.rows
	if first < 0 {
		return 0
	}
	for i := first; i < first+min(slot, m.rows); i++ {
		n += m.lengthAt(i)
	}
	return n
}

// set marks lines of the given length. There must be room for them, and the marks
// must not be shared.
func (m *marks) set(slot, family int, of mark, length int) {
	c := int(m.columns[family]) - 1
	m.of[slot*m.width+c] = of
	i := c*m.rows + slot
	m.lengths[i] = uint16(min(length, tooLong))
	delete(m.long, i)
	if length >= tooLong {
		m.setLong(i, length)
	}
}

func (m *marks) setLong(i, length int) {
	if m.long == nil {
		m.long = map[int]int{}
	}
	m.long[i] = length
}
