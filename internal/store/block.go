package store

import (
	"bytes"
	"slices"
)

// A block is an open block: the lines of a family in one page where they differ from the
// compressed ones. It is plain text, or deltas to the compressed text.
//
// A shared block may be held by a reader or a compactor and is immutable. The partition's lock
// guards shared.
type block struct {
	text      []byte  // if hasDeltas is not set
	deltas    []delta // by slot
	hasDeltas bool
	shared    bool
	size      int // of the resulting text
	lines     int // in the resulting text
}

// A delta replaces the lines of a slot in the compressed text.
type delta struct {
	start, old uint32 // offset and length of the replaced lines
	slot       uint8
	lines      []byte // immutable
}

// Limits of deltas in a block. Readers of a block with deltas inflate it, so that beyond
// maxDeltas text is cheaper; over budget, text would soon be compressed again.
const (
	maxDeltas           = 4
	maxDeltasOverBudget = 16
)

// share marks b as immutable. It reports whether it was not.
func (b *block) share() bool {
	if b == nil || b.shared {
		return false
	}
	b.shared = true // written once: a holder may be reading
	return true
}

// writable returns b, or a clone if b is shared.
func (b *block) writable() *block {
	if !b.shared {
		return b
	}
	c := *b
	c.shared = false
	if c.deltas = slices.Clone(b.deltas); !b.hasDeltas {
		c.text = append(make([]byte, 0, len(b.text)+64), b.text...)
	}
	return &c
}

// held returns the approximate memory of b.
func (b *block) held() int {
	if b == nil {
		return 0
	}
	n := cap(b.text)
	for i := range b.deltas {
		n += cap(b.deltas[i].lines)
	}
	return n
}

// set replaces old bytes from start on by lines. b must be writable text.
func (b *block) set(start, old int, lines []byte) {
	b.lines += countLines(lines) - countLines(b.text[start:start+old])
	b.text = slices.Replace(b.text, start, start+old, lines...)
	b.size = len(b.text)
}

// open turns b into text. compressed is the chunk that its deltas apply to.
func (b *block) open(compressed chunk) {
	b.text = compressed.appendWhole(make([]byte, 0, b.size+64), new([]byte))
	b.deltas, b.hasDeltas = nil, false
}

// addDelta replaces the lines of a slot, which have the old length. If the slot has no delta
// yet, they begin at start in the compressed text and number compressedLines.
func (b *block) addDelta(slot, start, old, compressedLines int, lines []byte) {
	i, found := b.find(slot)
	if found {
		compressedLines = countLines(b.deltas[i].lines)
		b.deltas[i].lines = bytes.Clone(lines)
	} else {
		e := delta{start: uint32(start), old: uint32(old), slot: uint8(slot), lines: bytes.Clone(lines)}
		b.deltas = slices.Insert(b.deltas, i, e)
	}
	b.lines += countLines(lines) - compressedLines
	b.size += len(lines) - old
}

// find returns the index of a slot's delta and whether it exists.
func (b *block) find(slot int) (int, bool) {
	return slices.BinarySearchFunc(b.deltas, slot, func(e delta, slot int) int { return int(e.slot) - slot })
}

// apply appends the compressed text with the deltas applied.
func (b *block) apply(dst, compressed []byte) []byte {
	done := uint32(0)
	for _, e := range b.deltas {
		dst = append(dst, compressed[done:e.start]...)
		dst = append(dst, e.lines...)
		done = e.start + e.old
	}
	return append(dst, compressed[done:]...)
}

func countLines(text []byte) int { return bytes.Count(text, newline) }

var newline = []byte("\n")
