package store

import (
	"bufio"
	"encoding/binary"
	"io"
	"sync"
)

// An Answer is the text of views one after another, with an end. It can be
// written plain or as a gzip member.
type Answer struct {
	views []View
	pick  func(headers) *piece
	end   *piece // nil if there is none
	measures
}

// measures are what an answer will be.
type measures struct {
	size, gzipSize int64
	unready        bool // there are pieces that are not ready
}

// add adds a piece.
func (m *measures) add(p *piece) {
	m.size += int64(p.size)
	m.gzipSize += int64(p.gzipSize())
	m.unready = m.unready || !p.ready()
}

// NewAnswer puts an answer together.
func NewAnswer(views []View, end string) *Answer {
	return newAnswer(views, func(h headers) *piece { return h.text }, end)
}

// NewTypedAnswer is NewAnswer with the headers for formats that know more types.
func NewTypedAnswer(views []View, end string) *Answer {
	return newAnswer(views, func(h headers) *piece { return h.typed }, end)
}

func newAnswer(views []View, pick func(headers) *piece, end string) *Answer {
	a := &Answer{views: views, pick: pick}
	a.gzipSize = int64(len(gzipHead) + len(gzipLast) + gzipTail)
	for _, v := range views {
		v.measure(pick, &a.measures)
	}
	if end != "" {
		a.end = constant([]byte(end))
		a.add(a.end)
	}
	return a
}

// measure adds all that pieces gives, but page after page, which is quicker.
func (v View) measure(pick func(headers) *piece, m *measures) {
	if v.objects == 0 {
		return
	}
	for _, h := range v.resource.headers {
		m.add(pick(h))
	}
	for n := range v.pages {
		v.pages[n].measure(m, len(v.resource.headers))
	}
}

// pieces calls yield with the answer's pieces until that says false.
func (a *Answer) pieces(yield func(*piece) bool) {
	for _, v := range a.views {
		if !v.pieces(a.pick, yield) {
			return
		}
	}
	if a.end != nil {
		yield(a.end)
	}
}

// Size is the length of the text.
func (a *Answer) Size() int64 { return a.size }

// GzipSize is the length of what WriteGzip writes.
func (a *Answer) GzipSize() int64 { return a.gzipSize }

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

// gzipSize is how much of a gzip answer the piece is.
func (p *piece) gzipSize() int {
	if !p.stored() {
		return len(p.data)
	}
	return p.size + (p.size+storedBytes-1)/storedBytes*storedHead
}

// writeBytes is the size of writes of a gzip answer: blocks are smaller than is worth a
// system call.
const writeBytes = 128 << 10

var writers = sync.Pool{New: func() any { return bufio.NewWriterSize(nil, writeBytes) }}

// WriteGzip writes the answer as one gzip member. Packed blocks are copied, open
// ones stored: nothing is compressed.
func (a *Answer) WriteGzip(to io.Writer) error {
	w := writers.Get().(*bufio.Writer)
	w.Reset(to)
	defer func() {
		w.Reset(nil)
		writers.Put(w)
	}()
	g := gzipper{to: w}
	g.write(gzipHead)
	if !a.unready {
		a.pieces(func(p *piece) bool { return g.piece(p, nil) == nil })
	} else {
		_ = a.writeAhead(&packedSegments, func(p *piece) bool { return !p.ready() }, g.segment) // Flush returns the error
	}
	g.write(gzipLast)
	g.write(binary.LittleEndian.AppendUint32(nil, g.sum.crc))
	g.write(binary.LittleEndian.AppendUint32(nil, uint32(g.sum.size)))
	return w.Flush()
}

// A gzipper writes what is between the head and the end of a gzip member.
type gzipper struct {
	to  *bufio.Writer // which keeps the first error
	sum checksum
	err error
}

func (g *gzipper) write(p []byte) { _, g.err = g.to.Write(p) }

// segment writes a segment.
func (g *gzipper) segment(s *segment) error {
	text := *s.text
	for i := range s.pieces {
		p := &s.pieces[i]
		var err error
		if p.ready() {
			err = g.piece(p, nil)
		} else {
			err = g.piece(p, text[:p.size])
			text = text[p.size:]
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// piece writes a piece, given its text if that is not ready.
func (g *gzipper) piece(p *piece, text []byte) error {
	if !p.stored() {
		g.write(p.data)
		g.sum.add(p.packed.crc, p.size, p.packed.shift)
		return g.err
	}
	if p.ready() {
		text = p.block.text
	}
	g.sum.addText(text)
	for len(text) > 0 {
		part := text[:min(len(text), storedBytes)]
		text = text[len(part):]
		g.write(binary.LittleEndian.AppendUint32([]byte{0}, uint32(len(part))|^uint32(len(part))<<16))
		g.write(part)
	}
	return g.err
}
