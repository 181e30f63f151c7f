package store

import "sync"

// A nameSet is a set of family names, as a bitmap of their numbers.
type nameSet []uint64

func (s nameSet) has(number int) bool {
	return number/64 < len(s) && s[number/64]&(1<<(number%64)) != 0
}

// intersects reports whether the sets have a number in common.
func (s nameSet) intersects(o nameSet) bool {
	for n := range min(len(s), len(o)) {
		if s[n]&o[n] != 0 {
			return true
		}
	}
	return false
}

// add adds a number and grows the set if necessary.
func (s *nameSet) add(number int) { *s.word(number / 64) |= 1 << (number % 64) }

// word returns the n-th word and adds the words up to it.
func (s *nameSet) word(n int) *uint64 {
	for n >= len(*s) {
		*s = append(*s, 0)
	}
	return &(*s)[n]
}

// numbers assigns numbers to family names. All resources share it, so that a response compares
// their names by words of bitmaps. A name keeps its number for the life of the process: names come
// from tables and configurations and are few.
var numbers = numbering{of: map[string]int{}}

type numbering struct {
	mu sync.Mutex
	of map[string]int
}

// number returns the number of a name.
func (n *numbering) number(name string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	number, ok := n.of[name]
	if !ok {
		number = len(n.of)
		n.of[name] = number
	}
	return number
}
