package store

import "maps"

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
	families int
	// of is by slot and then by family: all of an object lie side by side.
	of     []mark
	long   map[int]int // lengths that do not fit, by index in of
	shared bool
}

func newMarks(families int) *marks {
	return &marks{families: families, of: make([]mark, pageSlots*families)}
}

func (m *marks) clone() *marks {
	return &marks{families: m.families, of: append([]mark(nil), m.of...), long: maps.Clone(m.long)}
}

// object gives the marks of a slot, by family.
func (m *marks) object(slot int) []mark { return m.of[slot*m.families : (slot+1)*m.families] }

// length is that of a slot's lines of a family.
func (m *marks) length(slot, family int) int {
	i := slot*m.families + family
	n := int(m.of[i] & tooLong)
	if n == tooLong {
		n = m.long[i]
	}
	return n
}

// set marks lines of the given length. The marks must not be shared.
func (m *marks) set(slot, family int, of mark, length int) {
	i := slot*m.families + family
	m.of[i] = of
	delete(m.long, i)
	if of&tooLong == tooLong {
		if m.long == nil {
			m.long = map[int]int{}
		}
		m.long[i] = length
	}
}
