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
	// By slot: where nothing else changes, these outlive opening and packing.
	lengths []uint32
	hashes  []uint64
}

// newBlock is an open block without text.
func newBlock() *block {
	return &block{open: true, lengths: make([]uint32, pageSlots), hashes: make([]uint64, pageSlots)}
}

// isOpen says whether there is a block and it is open.
func (b *block) isOpen() bool { return b != nil && b.open }

// editable is b, or a copy of it, open and not shared.
func (b *block) editable() *block {
	if b.open && !b.shared {
		return b
	}
	e := &block{
		open:    true,
		size:    b.size,
		lines:   b.lines,
		lengths: slices.Clone(b.lengths),
		hashes:  slices.Clone(b.hashes),
	}
	e.data = b.appendText(make([]byte, 0, b.size+b.size/16+64))
	return e
}

// set puts lines, whose hash is given, in the place of those of a slot. The
// block must be editable.
func (b *block) set(slot int, lines []byte, hash uint64) {
	start := 0
	for _, n := range b.lengths[:slot] {
		start += int(n)
	}
	end := start + int(b.lengths[slot])
	b.lines += bytes.Count(lines, newline) - bytes.Count(b.data[start:end], newline)
	b.data = slices.Replace(b.data, start, end, lines...)
	b.size = len(b.data)
	b.lengths[slot] = uint32(len(lines))
	b.hashes[slot] = hash
}

var newline = []byte("\n")

// appendText appends the block's text.
func (b *block) appendText(dst []byte) []byte {
	if b.open {
		return append(dst, b.data...)
	}
	return unpack(dst, b.data, b.size)
}

// only is an open block of the lines of the chosen slots, nil if there are none.
func (b *block) only(chosen uint64) *block {
	text := b.appendText(nil)
	o := &block{open: true}
	start := 0
	for slot, n := range b.lengths {
		if chosen&(1<<slot) != 0 {
			o.data = append(o.data, text[start:start+int(n)]...)
		}
		start += int(n)
	}
	if len(o.data) == 0 {
		return nil
	}
	o.size = len(o.data)
	return o
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
