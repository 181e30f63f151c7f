package sharding

import (
	"fmt"
	"math"
	"strings"
)

// Parse reads what String writes. An error names the part that is none.
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

// parseSpan reads [from,to).
func parseSpan(text string) (span, error) {
	var from, to uint64
	s := span{last: math.MaxUint64}
	if _, err := fmt.Sscanf(text, "[0x%x,0x%x)", &from, &to); err == nil {
		s.last = to - 1
	}
	s.first = from
	// What is written in another way is not ours.
	if s.first > s.last || s.String() != text {
		return span{}, fmt.Errorf("%q is no range", text)
	}
	return s, nil
}

// String shows the span as [from,to), in hexadecimal.
func (s span) String() string { return fmt.Sprintf("[%s,%s)", bound(s.first), s.end()) }
