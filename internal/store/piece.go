package store

import (
	"sync"

	"github.com/kubestate/kubestate/internal/inflate"
)

// A piece is what an answer has of a family in one page, or a family's header. It
// does not change.
type piece struct {
	packed packed
	data   []byte // that is packed
	block  *block // in place of that, or as edits of it; nil if nothing is open
	family int
	chosen uint64 // slots
	// marks are needed where not all objects are chosen, and nil where all are.
	marks *marks
	size  int // of the text
}

// piece is that of a family with all objects.
func (p *page) piece(family int) piece {
	v := viewedPage{table: p.table, open: p.open}
	return v.piece(family)
}

// lines is the number of lines.
func (p *piece) lines() int {
	switch {
	case p.marks != nil:
		return countLines(p.appendText(nil, new([]byte)))
	case p.block != nil:
		return p.block.lines
	}
	return int(p.packed.lines)
}

// stored says whether the piece goes into a gzip answer as text.
func (p *piece) stored() bool { return p.block != nil || p.marks != nil }

// ready says whether what a gzip answer has of the piece is there as it is.
func (p *piece) ready() bool {
	return p.marks == nil && (p.block == nil || !p.block.edited)
}

// appendText appends the piece's text. What is in scratch is overwritten.
func (p *piece) appendText(dst []byte, scratch *[]byte) []byte {
	if p.marks == nil {
		return p.appendWhole(dst, scratch)
	}
	text := p.appendWhole(nil, scratch)
	start := 0
	for slot := range pageSlots {
		n := p.marks.length(slot, p.family)
		if p.chosen&(1<<slot) != 0 {
			dst = append(dst, text[start:start+n]...)
		}
		start += n
	}
	return dst
}

// appendWhole appends the text of all objects.
func (p *piece) appendWhole(dst []byte, scratch *[]byte) []byte {
	switch {
	case p.block == nil:
		return unpack(dst, p.data, int(p.packed.size))
	case !p.block.edited:
		return append(dst, p.block.text...)
	}
	*scratch = unpack((*scratch)[:0], p.data, int(p.packed.size))
	return p.block.apply(dst, *scratch)
}

var inflaters = sync.Pool{New: func() any { return &inflate.Decoder{} }}

// unpack appends the size bytes of text that data holds.
func unpack(dst, data []byte, size int) []byte {
	d := inflaters.Get().(*inflate.Decoder)
	defer inflaters.Put(d)
	dst, err := d.Append(dst, data, size)
	if err != nil {
		panic("BUG: what was deflated: " + err.Error())
	}
	return dst
}
