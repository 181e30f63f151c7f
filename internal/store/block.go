package store

import (
	"bytes"
	"hash/crc32"
	"slices"
	"sync"

	"github.com/klauspost/compress/flate"

	"github.com/kubestate/kubestate/internal/inflate"
)

// A block is a family's lines of the objects of one page.
//
// A block with shared set may be held by a reader or by the packing and must
// not change any more. shared is guarded by the part's lock.
type block struct {
	// data is the text if the block is open, and deflate data if it is not.
	data   []byte
	open   bool
	shared bool
	size   int // of the text
	lines  int
	// Of the text, if the block is packed.
	crc, shift uint32
}

// isOpen says whether there is a block and it is open.
func (b *block) isOpen() bool { return b != nil && b.open }

// editable is b, or a copy of it, open and not shared.
func (b *block) editable() *block {
	if b.open && !b.shared {
		return b
	}
	e := &block{open: true, size: b.size, lines: b.lines}
	e.data = b.appendText(make([]byte, 0, b.size+64))
	return e
}

// set puts lines in the place of the old bytes from start on. The block must be
// editable.
func (b *block) set(start, old int, lines []byte) {
	b.lines += bytes.Count(lines, newline) - bytes.Count(b.data[start:start+old], newline)
	b.data = slices.Replace(b.data, start, start+old, lines...)
	b.size = len(b.data)
}

var newline = []byte("\n")

// appendText appends the block's text.
func (b *block) appendText(dst []byte) []byte {
	if b.open {
		return append(dst, b.data...)
	}
	return unpack(dst, b.data, b.size)
}

// packed is the block with its text packed. b must be open and shared.
func (b *block) packed() *block {
	p := *b
	p.open = false
	p.data = deflate(b.data)
	p.crc = crc32.ChecksumIEEE(b.data)
	p.shift = shift(len(b.data))
	return &p
}

// constant is a packed block of text that belongs to no page.
func constant(text []byte) *block {
	b := block{data: text, open: true, size: len(text)}
	return b.packed()
}

// packLevel is the quickest level: what is packed is one change old at the
// least, and may be opened again at the next.
const packLevel = 1

type deflater struct {
	out bytes.Buffer
	z   *flate.Writer
}

var deflaters = sync.Pool{New: func() any {
	d := &deflater{}
	z, err := flate.NewWriter(&d.out, packLevel)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	d.z = z
	return d
}}

// deflate is text as deflate data that ends on a byte and is not final.
func deflate(text []byte) []byte {
	d := deflaters.Get().(*deflater)
	defer deflaters.Put(d)
	d.out.Reset()
	d.z.Reset(&d.out)
	_, err := d.z.Write(text)
	if err == nil {
		err = d.z.Flush()
	}
	if err != nil {
		panic("BUG: deflate into memory: " + err.Error())
	}
	return bytes.Clone(d.out.Bytes())
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
