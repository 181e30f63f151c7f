package store

import (
	"encoding/binary"
	"io"
)

// An Answer is the text of views one after another, with an end. It can be
// written plain or as a gzip member.
type Answer struct {
	blocks []*block
}

// NewAnswer puts an answer together.
func NewAnswer(views []View, end string) *Answer {
	return newAnswer(views, func(h headers) *block { return h.text }, end)
}

// NewTypedAnswer is NewAnswer with the headers for formats that know more types.
func NewTypedAnswer(views []View, end string) *Answer {
	return newAnswer(views, func(h headers) *block { return h.typed }, end)
}

func newAnswer(views []View, pick func(headers) *block, end string) *Answer {
	a := &Answer{}
	add := func(b *block) { a.blocks = append(a.blocks, b) }
	for _, v := range views {
		v.blocks(pick, add)
	}
	if end != "" {
		add(constant([]byte(end)))
	}
	return a
}

// Size is the length of the text.
func (a *Answer) Size() int64 {
	var n int64
	for _, b := range a.blocks {
		n += int64(b.size)
	}
	return n
}

// The bytes of a gzip member around its blocks, by RFC 1952 and RFC 1951.
var (
	gzipHead = []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255} // deflate, no name, no time, quickest, unknown system
	gzipLast = []byte{1, 0, 0, 0xff, 0xff}                  // an empty stored block, the final one
)

const (
	gzipTail    = 8     // CRC-32 and length
	storedHead  = 5     // of a stored block
	storedBytes = 65535 // in a stored block at the most
)

// GzipSize is the length of what WriteGzip writes.
func (a *Answer) GzipSize() int64 {
	n := int64(len(gzipHead) + len(gzipLast) + gzipTail)
	for _, b := range a.blocks {
		n += int64(len(b.data))
		if b.open {
			n += int64((len(b.data) + storedBytes - 1) / storedBytes * storedHead)
		}
	}
	return n
}

// WriteGzip writes the answer as one gzip member. Packed blocks are copied, open
// ones stored: nothing is compressed.
func (a *Answer) WriteGzip(to io.Writer) error {
	w := newGatherer(to)
	defer w.release()
	var sum checksum
	w.write(gzipHead)
	for _, b := range a.blocks {
		if w.err != nil {
			return w.err
		}
		if !b.open {
			w.write(b.data)
			sum.add(b.crc, b.size, b.shift)
			continue
		}
		sum.addText(b.data)
		for rest := b.data; len(rest) > 0; {
			text := rest[:min(len(rest), storedBytes)]
			rest = rest[len(text):]
			w.write(binary.LittleEndian.AppendUint32([]byte{0}, uint32(len(text))|^uint32(len(text))<<16))
			w.write(text)
		}
	}
	w.write(gzipLast)
	tail := binary.LittleEndian.AppendUint32(nil, sum.crc)
	w.write(binary.LittleEndian.AppendUint32(tail, uint32(sum.size)))
	return w.flush()
}
