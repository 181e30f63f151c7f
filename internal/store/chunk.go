package store

import (
	"sync"

	"github.com/kubestate/kubestate/internal/inflate"
)

// A chunk is the contiguous part of a response that comes from one block of one page, or a
// family's header. It is immutable.
type chunk struct {
	compressed compressedBlock
	data       []byte // compressed bytes
	block      *block // replaces data, or has deltas to it; nil if the block is not open
	family     int
	chosen     uint64 // slots
	// fingerprints has the lengths of lines if not all slots are chosen; nil otherwise.
	fingerprints *fingerprints
	size         int // of the text
}

// chunk returns the chunk of a family with all slots.
func (p *page) chunk(family int) chunk {
	v := viewedPage{table: p.table, open: p.open}
	return v.chunk(family)
}

// lines returns the number of lines.
func (p *chunk) lines() int {
	switch {
	case p.fingerprints != nil:
		return countLines(p.appendText(nil, new([]byte)))
	case p.block != nil:
		return p.block.lines
	}
	return int(p.compressed.lines)
}

// stored reports whether a gzip response has the chunk as stored blocks.
func (p *chunk) stored() bool { return p.block != nil || p.fingerprints != nil }

// ready reports whether a gzip response can copy the chunk without inflating it.
func (p *chunk) ready() bool {
	return p.fingerprints == nil && (p.block == nil || !p.block.hasDeltas)
}

// appendText appends the text of the chosen slots. It overwrites scratch.
func (p *chunk) appendText(dst []byte, scratch *[]byte) []byte {
	if p.fingerprints == nil {
		return p.appendWhole(dst, scratch)
	}
	text := p.appendWhole(nil, scratch)
	start := 0
	for slot := range pageSlots {
		n := p.fingerprints.length(slot, p.family)
		if p.chosen&(1<<slot) != 0 {
			dst = append(dst, text[start:start+n]...)
		}
		start += n
	}
	return dst
}

// appendWhole appends the text of all slots.
func (p *chunk) appendWhole(dst []byte, scratch *[]byte) []byte {
	switch {
	case p.block == nil:
		return inflateText(dst, p.data, int(p.compressed.size))
	case !p.block.hasDeltas:
		return append(dst, p.block.text...)
	}
	*scratch = inflateText((*scratch)[:0], p.data, int(p.compressed.size))
	return p.block.apply(dst, *scratch)
}

var inflaters = sync.Pool{New: func() any { return &inflate.Decoder{} }}

// inflateText inflates data, which holds size bytes of text, and appends the text.
func inflateText(dst, data []byte, size int) []byte {
	d := inflaters.Get().(*inflate.Decoder)
	defer inflaters.Put(d)
	dst, err := d.Append(dst, data, size)
	if err != nil {
		panic("BUG: what was deflated: " + err.Error())
	}
	return dst
}
