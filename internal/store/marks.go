package store

import (
	"maps"
	"slices"
)

// A mark tells the lines that a slot has of a family from others: their length
// below, a hash of them above. It is 0 where there are none.
type mark uint64

// A length that does not fit is written beside the marks.
const (
	lengthBits = 16
	tooLong    = 1<<lengthBits - 1
)

// markOf marks lines. That two different ones of a slot have one mark, so that a
// change is missed, happens once in 2^48 changes.
func markOf(lines []byte) mark {
	if len(lines) == 0 {
		return 0
	}
	return mark(hash(lines))<<lengthBits | mark(min(len(lines), tooLong))
}

// Marks are those of a page. With shared set, which the part's lock guards,
// somebody else holds them too, and they must not change any more.
type marks struct {
	// columns gives, by family, a number from 1 on, or 0 where no object of the page
	// has had lines: of a resource's families many are of rare things.
	columns []uint16
	width   int // how many have a number
	// of is by slot and then by column: all of an object lie side by side. There is
	// room for the first slots.
	of     []mark
	rows   int
	long   map[int]int // lengths that do not fit, by index in of
	shared bool
}

func newMarks(families int) *marks {
	return &marks{columns: make([]uint16, families), long: map[int]int{}}
}

func (m *marks) clone() *marks {
	c := *m
	c.of, c.long, c.shared = slices.Clone(m.of), maps.Clone(m.long), false
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
	w := &marks{columns: slices.Clone(m.columns), width: m.width, rows: m.rows, long: map[int]int{}}
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
	w.of = make([]mark, w.rows*w.width)
	for s := range m.rows {
		copy(w.of[s*w.width:], m.of[s*m.width:(s+1)*m.width])
	}
	for i, n := range m.long {
		w.long[i/m.width*w.width+i%m.width] = n
	}
	return w
}

// index is where the mark of a slot's lines of a family is, -1 if it has no place.
func (m *marks) index(slot, family int) int {
	if m.columns[family] == 0 || slot >= m.rows {
		return -1
	}
	return slot*m.width + int(m.columns[family]) - 1
}

// mark is that of a slot's lines of a family.
func (m *marks) mark(slot, family int) mark {
	if i := m.index(slot, family); i >= 0 {
		return m.of[i]
	}
	return 0
}

// length is that of a slot's lines of a family.
func (m *marks) length(slot, family int) int {
	n := int(m.mark(slot, family) & tooLong)
	if n == tooLong {
		n = m.long[m.index(slot, family)]
	}
	return n
}

// set marks lines of the given length. There must be a column for them, and the
// marks must not be shared.
func (m *marks) set(slot, family int, of mark, length int) {
	i := m.index(slot, family)
	m.of[i] = of
	delete(m.long, i)
	if of&tooLong == tooLong {
		m.long[i] = length
	}
}
