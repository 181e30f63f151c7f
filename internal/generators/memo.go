package generators

import (
	"encoding/binary"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A Memo derives increments of counters from the states of an object. The memo of an object is a short
// text with the counted state, which the store keeps with the object. A state that is older than the
// memo, or equal, changes nothing. All functions are pure and total.
type Memo[T metav1.Object] struct {
	// Append appends the join of before, the memo so far, and the state of an object to dst. before is
	// empty for a new object. created says that a new object was created while its resource was watched:
	// its whole history counts. Otherwise its present state is the baseline.
	Append func(dst []byte, before string, o T, created bool) []byte
	// Join appends the join of two memos of one object, neither of which is empty.
	Join func(dst []byte, a, b string) []byte
	// Count calls add with the increments from before, empty for a new object, to after, empty for a
	// deleted one. Increments by 0 are of counters that begin.
	Count func(before, after string, add func(Increment))
	// Counts is the table of the counters.
	Counts *Table[*Counts]
}

// A Memoizer is a Memo of any object type. An object of another type leaves its memo unchanged.
type Memoizer struct {
	Append func(dst []byte, before string, o metav1.Object, created bool) []byte
	Join   func(dst []byte, a, b string) []byte
	Count  func(before, after string, add func(Increment))
	Counts Resource
}

// memoizer returns m for any object type.
func (m *Memo[T]) memoizer() *Memoizer {
	if m == nil {
		return nil
	}
	return &Memoizer{
		Append: func(dst []byte, before string, object metav1.Object, created bool) []byte {
			if o, ok := object.(T); ok {
				return m.Append(dst, before, o, created)
			}
			return append(dst, before...)
		},
		Join: m.Join, Count: m.Count, Counts: m.Counts,
	}
}

// cursor reads the fields of a memo.
type cursor struct{ rest string }

// more reports whether there are more fields.
func (c *cursor) more() bool { return c.rest != "" }

// byte reads a byte, 0 at the end.
func (c *cursor) byte() byte {
	if c.rest == "" {
		return 0
	}
	b := c.rest[0]
	c.rest = c.rest[1:]
	return b
}

// uint reads a number, 0 at the end.
func (c *cursor) uint() (v uint64) {
	for i, shift := 0, 0; i < len(c.rest) && shift < 64; i, shift = i+1, shift+7 {
		b := c.rest[i]
		if v |= uint64(b&0x7f) << shift; b < 0x80 {
			c.rest = c.rest[i+1:]
			return v
		}
	}
	c.rest = ""
	return 0
}

// string reads a string. It shares the memory of the memo.
func (c *cursor) string() string {
	n := min(c.uint(), uint64(len(c.rest)))
	s := c.rest[:n]
	c.rest = c.rest[n:]
	return s
}

func appendUint(dst []byte, v uint64) []byte { return binary.AppendUvarint(dst, v) }

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// codes numbers a few strings. Code 0 is that of none, the last one that of all others.
type codes []string

// of returns the code of a string.
func (c codes) of(s string) byte {
	for i, other := range c {
		if s == other {
			return byte(i)
		}
	}
	return byte(len(c) - 1)
}

// text returns the string of a code.
func (c codes) text(code byte) string {
	if int(code) >= len(c) {
		return c[len(c)-1]
	}
	return c[code]
}
