package store

import (
	"sync"

	"github.com/kubestate/kubestate/internal/inflate"
)

// A chunk is the part of a response from one block of one page, or a family's header. It is
// immutable.
type chunk struct {
	compressed compressedBlock
	data       []byte     // compressed bytes
	open       *openBlock // replaces data or has deltas to data; nil if the block is not open
	family     int
	selected   uint64 // slots
	// fingerprints has the lengths of lines if not all slots are selected; nil otherwise.
	fingerprints *fingerprints
	size         int // of the text
}

// chunk returns the chunk of a family with all slots.
func (p *page) chunk(family int) chunk {
	v := pageView{table: p.table, open: p.open}
	return v.chunk(family)
}

// lineCount returns the number of lines.
func (c *chunk) lineCount() int {
	switch {
	case c.fingerprints != nil:
		return countLines(c.appendText(nil, new([]byte)))
	case c.open != nil:
		return c.open.lineCount
	}
	return int(c.compressed.lineCount)
}

// stored reports whether a gzip response has the chunk as stored blocks.
func (c *chunk) stored() bool { return c.open != nil || c.fingerprints != nil }

// ready reports whether a gzip response can copy the chunk without inflating it.
func (c *chunk) ready() bool {
	return c.fingerprints == nil && (c.open == nil || !c.open.hasDeltas)
}

// appendText appends the text of the selected slots. It overwrites scratch.
func (c *chunk) appendText(dst []byte, scratch *[]byte) []byte {
	if c.fingerprints == nil {
		return c.appendAll(dst, scratch)
	}
	text := c.appendAll(nil, scratch)
	start := 0
	for slot := range pageSlots {
		n := c.fingerprints.length(slot, c.family)
		if c.selected&(1<<slot) != 0 {
			dst = append(dst, text[start:start+n]...)
		}
		start += n
	}
	return dst
}

// appendAll appends the text of all slots.
func (c *chunk) appendAll(dst []byte, scratch *[]byte) []byte {
	switch {
	case c.open == nil:
		return inflateText(dst, c.data, int(c.compressed.size))
	case !c.open.hasDeltas:
		return append(dst, c.open.text...)
	}
	*scratch = inflateText((*scratch)[:0], c.data, int(c.compressed.size))
	return c.open.apply(dst, *scratch)
}

var inflaters = sync.Pool{New: func() any { return &inflate.Decoder{} }}

// inflateText inflates data, which holds size bytes of text, and appends the text.
func inflateText(dst, data []byte, size int) []byte {
	d := inflaters.Get().(*inflate.Decoder)
	defer inflaters.Put(d)
	dst, err := d.Append(dst, data, size)
	if err != nil {
		panic("BUG: inflate own block: " + err.Error())
	}
	return dst
}
