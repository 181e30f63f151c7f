package store

import (
	"bytes"
	"slices"
)

// A block is a family's lines of the objects of one page, where they are not as
// they were packed: as text, or, if only some objects' lines have changed since,
// as edits of what is packed.
//
// A block with shared set may be held by a reader or by the packing and must
// not change any more. shared is guarded by the part's lock.
type block struct {
	text   []byte // unless edited is set
	edits  []edit // by slot
	edited bool
	shared bool
	size   int // of the text that it stands for
	lines  int // in that
}

// An edit puts lines in the place of those that a slot has in the packed text.
type edit struct {
	start, old uint32 // of those
	slot       uint8
	lines      []byte // must not change
}

// More edits of a block than this cost more than they save, since a reader has to
// unpack what they change: where there is room for text, and where that would have
// to be packed again soon.
const (
	maxEdits      = 4
	maxEditsTight = 16
)

// share marks b as held by somebody else too. It says whether it was not before.
func (b *block) share() bool {
	if b == nil || b.shared {
		return false
	}
	b.shared = true // written once: a holder may be reading
	return true
}

// editable is b, or a copy of it that is not shared.
func (b *block) editable() *block {
	if !b.shared {
		return b
	}
	c := *b
	c.shared = false
	if c.edits = slices.Clone(b.edits); !b.edited {
		c.text = append(make([]byte, 0, len(b.text)+64), b.text...)
	}
	return &c
}

// held is how many bytes of memory b takes, about.
func (b *block) held() int {
	if b == nil {
		return 0
	}
	n := cap(b.text)
	for i := range b.edits {
		n += cap(b.edits[i].lines)
	}
	return n
}

// set puts lines in the place of the old bytes from start on. The block must be
// editable text.
func (b *block) set(start, old int, lines []byte) {
	b.lines += countLines(lines) - countLines(b.text[start:start+old])
	b.text = slices.Replace(b.text, start, start+old, lines...)
	b.size = len(b.text)
}

// open makes text of edits. Packed is what they are of.
func (b *block) open(packed piece) {
	b.text = packed.appendWhole(make([]byte, 0, b.size+64), new([]byte))
	b.edits, b.edited = nil, false
}

// edit puts lines in the place of those of a slot, which have the old length. In the
// packed text they begin at start and are packedLines, if there is no edit of them.
func (b *block) edit(slot, start, old, packedLines int, lines []byte) {
	i, found := b.find(slot)
	if found {
		packedLines = countLines(b.edits[i].lines)
		b.edits[i].lines = bytes.Clone(lines)
	} else {
		e := edit{start: uint32(start), old: uint32(old), slot: uint8(slot), lines: bytes.Clone(lines)}
		b.edits = slices.Insert(b.edits, i, e)
	}
	b.lines += countLines(lines) - packedLines
	b.size += len(lines) - old
}

// find gives the place of a slot's edit, and whether there is one.
func (b *block) find(slot int) (int, bool) {
	return slices.BinarySearchFunc(b.edits, slot, func(e edit, slot int) int { return int(e.slot) - slot })
}

// apply appends packed text with the edits done.
func (b *block) apply(dst, packed []byte) []byte {
	done := uint32(0)
	for _, e := range b.edits {
		dst = append(dst, packed[done:e.start]...)
		dst = append(dst, e.lines...)
		done = e.start + e.old
	}
	return append(dst, packed[done:]...)
}

func countLines(text []byte) int { return bytes.Count(text, newline) }

var newline = []byte("\n")
