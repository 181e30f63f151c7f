package store

import (
	"bytes"
	"slices"
)

// An openBlock has a family's lines in one page, as plain text or as deltas to the compressed text.
// A shared one is immutable, for a reader or a compactor may hold it. The partition's lock guards
// shared.
type openBlock struct {
	text      []byte  // without hasDeltas
	deltas    []delta // by slot
	hasDeltas bool
	shared    bool
	size      int // of the resulting text
	lineCount int // in the resulting text
}

// A delta replaces the lines of a slot in the compressed text.
type delta struct {
	start, old uint32 // offset and length of the replaced lines
	slot       uint8
	lines      []byte // immutable
}

// share marks b as immutable. It reports whether b was not shared before.
func (b *openBlock) share() bool {
	if b == nil || b.shared {
		return false
	}
	b.shared = true // written once, for a holder may be reading
	return true
}

// writable returns b, or a clone if b is shared.
func (b *openBlock) writable() *openBlock {
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

// memory returns the approximate memory of b.
func (b *openBlock) memory() int {
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
func (b *openBlock) set(start, old int, lines []byte) {
	b.lineCount += countLines(lines) - countLines(b.text[start:start+old])
	b.text = slices.Replace(b.text, start, start+old, lines...)
	b.size = len(b.text)
}

// inflate turns b into text. compressed is the chunk that the deltas apply to.
func (b *openBlock) inflate(compressed chunk) {
	b.text = compressed.appendAll(make([]byte, 0, b.size+64), new([]byte))
	b.deltas, b.hasDeltas = nil, false
}

// addDelta replaces the lines of a slot, of the old length. If the slot has no delta yet, the
// old lines begin at start in the compressed text and number compressedLines.
func (b *openBlock) addDelta(slot, start, old, compressedLines int, lines []byte) {
	i, found := b.find(slot)
	if found {
		compressedLines = countLines(b.deltas[i].lines)
		b.deltas[i].lines = bytes.Clone(lines)
	} else {
		d := delta{start: uint32(start), old: uint32(old), slot: uint8(slot), lines: bytes.Clone(lines)}
		b.deltas = slices.Insert(b.deltas, i, d)
	}
	b.lineCount += countLines(lines) - compressedLines
	b.size += len(lines) - old
}

// find returns the index of a slot's delta and whether it exists.
func (b *openBlock) find(slot int) (int, bool) {
	return slices.BinarySearchFunc(b.deltas, slot, func(d delta, slot int) int { return int(d.slot) - slot })
}

// apply appends the compressed text with the deltas applied.
func (b *openBlock) apply(dst, compressed []byte) []byte {
	next := uint32(0)
	for _, d := range b.deltas {
		dst = append(dst, compressed[next:d.start]...)
		dst = append(dst, d.lines...)
		next = d.start + d.old
	}
	return append(dst, compressed[next:]...)
}

func countLines(text []byte) int { return bytes.Count(text, newline) }

var newline = []byte("\n")
