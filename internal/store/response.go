package store

import (
	"bufio"
	"encoding/binary"
	"io"
	"sync"
)

// A Response is the body of a response: the text of views in order and a trailer. It can be
// written as plain text or as a gzip member. A view without objects has no text. A family of
// several views has one header and all its series together, in the place of the first.
type Response struct {
	views []View
	pick  func(headers) *chunk
	joins map[place]*join // nil if there are none
	end   *chunk          // nil if there is none
	measures
}

// measures are the sizes of a response.
type measures struct {
	size, gzipSize int64
	unready        int // chunks that are not ready
}

// add counts a chunk.
func (m *measures) add(p *chunk) {
	m.size += int64(p.size)
	m.gzipSize += int64(p.gzipSize())
	if !p.ready() {
		m.unready++
	}
}

// remove is the reverse of add.
func (m *measures) remove(p *chunk) {
	m.size -= int64(p.size)
	m.gzipSize -= int64(p.gzipSize())
	if !p.ready() {
		m.unready--
	}
}

// NewResponse returns a Response with the headers of the Prometheus text format.
func NewResponse(views []View, end string) *Response {
	return newResponse(views, func(h headers) *chunk { return h.text }, end)
}

// NewTypedResponse is NewResponse with the headers of formats that have more metric types.
func NewTypedResponse(views []View, end string) *Response {
	return newResponse(views, func(h headers) *chunk { return h.typed }, end)
}

func newResponse(views []View, pick func(headers) *chunk, end string) *Response {
	a := &Response{views: views, pick: pick}
	a.gzipSize = int64(len(gzipHead) + len(gzipLast) + gzipTail)
	for _, v := range views {
		v.measure(pick, &a.measures)
	}
	if names := joinedNames(views); names != nil {
		a.join(names)
	}
	if end != "" {
		a.end = constant([]byte(end))
		a.add(a.end)
	}
	return a
}

// measure counts all chunks, page by page, which is faster than chunks.
func (v View) measure(pick func(headers) *chunk, m *measures) {
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

// chunks calls yield with the chunks in order until it returns false: for each family the
// header that pick selects, and its lines. yield must not keep them.
func (a *Response) chunks(yield func(*chunk) bool) {
	var p chunk // reused, since there are many
	for n := range a.views {
		v := &a.views[n]
		if v.objects == 0 {
			continue
		}
		for i, h := range v.resource.headers {
			goesOn, at := true, place{n, i}
			switch j := a.joins[at]; {
			case j == nil:
				goesOn = yield(a.pick(h)) && v.lines(i, &p, yield)
			case at == j.places[0]:
				goesOn = yield(a.pick(h)) && j.lines(a.views, yield)
			}
			if !goesOn {
				return
			}
		}
	}
	if a.end != nil {
		yield(a.end)
	}
}

// Size returns the length of the text.
func (a *Response) Size() int64 { return a.size }

// GzipSize returns the number of bytes that WriteGzip writes.
func (a *Response) GzipSize() int64 { return a.gzipSize }

// The frame of a gzip member, by RFC 1952 and RFC 1951.
var (
	gzipHead = []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255} // deflate, no name, no time, quickest, unknown system
	gzipLast = []byte{1, 0, 0, 0xff, 0xff}                  // an empty stored block, the final one
)

const (
	gzipTail    = 8     // CRC-32 and length
	storedHead  = 5     // of a stored block
	storedBytes = 65535 // in a stored block at the most
)

// gzipSize returns the length of the chunk in a gzip response.
func (p *chunk) gzipSize() int {
	if !p.stored() {
		return len(p.data)
	}
	return p.size + (p.size+storedBytes-1)/storedBytes*storedHead
}

// writeBytes is the size of the buffer of a gzip response: blocks are too small for a system
// call each.
const writeBytes = 128 << 10

var writers = sync.Pool{New: func() any { return bufio.NewWriterSize(nil, writeBytes) }}

// WriteGzip writes one gzip member. It copies compressed blocks and writes open blocks as
// stored blocks: it compresses nothing.
func (a *Response) WriteGzip(to io.Writer) error {
	w := writers.Get().(*bufio.Writer)
	w.Reset(to)
	defer func() {
		w.Reset(nil)
		writers.Put(w)
	}()
	g := gzipper{to: w}
	g.write(gzipHead)
	if a.unready == 0 {
		a.chunks(func(p *chunk) bool { return g.chunk(p, nil) == nil })
	} else {
		_ = a.writeAhead(&gzipSegments, func(p *chunk) bool { return !p.ready() }, g.segment) // Flush returns the error
	}
	g.write(gzipLast)
	g.write(binary.LittleEndian.AppendUint32(nil, g.sum.crc))
	g.write(binary.LittleEndian.AppendUint32(nil, uint32(g.sum.size)))
	return w.Flush()
}

// A gzipper writes the blocks of a gzip member.
type gzipper struct {
	to  *bufio.Writer // keeps the first error
	sum checksum
	err error
}

// write writes a block, or part of one. One that the buffer has no room for begins the next
// write, so that it is copied as a whole.
func (g *gzipper) write(p []byte) {
	if len(p) > g.to.Available() {
		_ = g.to.Flush() // the error comes again
	}
	_, g.err = g.to.Write(p)
}

// segment writes the chunks of a segment.
func (g *gzipper) segment(s *segment) error {
	text := *s.text
	for i := range s.chunks {
		p := &s.chunks[i]
		var err error
		if p.ready() {
			err = g.chunk(p, nil)
		} else {
			err = g.chunk(p, text[:p.size])
			text = text[p.size:]
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// chunk writes a chunk. text is its inflated text if it is not ready.
func (g *gzipper) chunk(p *chunk, text []byte) error {
	if !p.stored() {
		g.write(p.data)
		g.sum.add(p.compressed.crc, p.size, p.compressed.shift)
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
