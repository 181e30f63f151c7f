package store

import (
	"bufio"
	"encoding/binary"
	"io"
	"sync"
)

// A Response is a response body: the text of views in order and a trailer, as plain text or as a
// gzip member. A view without objects has no text. Families of one name have one header, with all
// their series, in the place of the first.
type Response struct {
	options  *options
	views    []View
	headerOf func(headers) *chunk
	unions   [][]*union // by view and family, nil for one of none; nil if there are none
	trailer  *chunk     // nil if there is none
	sizes
}

// sizes are the sizes of a response.
type sizes struct {
	size, gzipSize int64
	unready        int // chunks that are not ready
}

func (s *sizes) add(c *chunk) {
	s.size += int64(c.size)
	s.gzipSize += int64(c.gzipSize())
	if !c.ready() {
		s.unready++
	}
}

func (s *sizes) remove(c *chunk) {
	s.size -= int64(c.size)
	s.gzipSize -= int64(c.gzipSize())
	if !c.ready() {
		s.unready--
	}
}

// NewResponse returns a Response with the headers of the Prometheus text format.
func NewResponse(views []View, trailer string) *Response {
	return newResponse(views, func(h headers) *chunk { return h.text }, trailer)
}

// NewTypedResponse is NewResponse with the headers of formats with more metric types.
func NewTypedResponse(views []View, trailer string) *Response {
	return newResponse(views, func(h headers) *chunk { return h.typed }, trailer)
}

func newResponse(views []View, headerOf func(headers) *chunk, trailer string) *Response {
	r := &Response{options: &defaults, views: views, headerOf: headerOf}
	r.gzipSize = int64(len(gzipHeader) + len(gzipFinalBlock) + gzipTrailerBytes)
	for _, v := range views {
		r.options = v.resource.options
		v.addSizes(headerOf, &r.sizes)
	}
	if names := unionNames(views); names != nil {
		r.addUnions(names)
	}
	if trailer != "" {
		r.trailer = constant([]byte(trailer))
		r.add(r.trailer)
	}
	return r
}

// addSizes adds the sizes of all chunks to s, page by page, which is faster than chunks.
func (v View) addSizes(headerOf func(headers) *chunk, s *sizes) {
	if v.objects == 0 {
		return
	}
	if v.resource.formatted {
		v.addFormatted(headerOf, s)
		return
	}
	for _, h := range v.resource.headers {
		s.add(headerOf(h))
	}
	for n := range v.pages {
		v.pages[n].addSizes(s, len(v.resource.headers))
	}
}

// addFormatted is addSizes for a resource with families that not all responses have.
func (v View) addFormatted(headerOf func(headers) *chunk, s *sizes) {
	for i, h := range v.resource.headers {
		header := headerOf(h)
		if header == nil {
			continue
		}
		s.add(header)
		for n := range v.pages {
			if c := v.pages[n].chunk(i); c.size > 0 {
				s.add(&c)
			}
		}
	}
}

// chunks calls yield with the chunks in order until yield returns false: each family's header and
// its lines. yield must not keep them.
func (r *Response) chunks(yield func(*chunk) bool) {
	var reused chunk
	for n := range r.views {
		v := &r.views[n]
		if v.objects == 0 {
			continue
		}
		for i, h := range v.resource.headers {
			more := true
			var u *union
			if r.unions != nil {
				u = r.unions[n][i]
			}
			switch {
			case r.headerOf(h) == nil:
			case u == nil:
				more = yield(r.headerOf(h)) && v.familyChunks(i, &reused, yield)
			case u.members[0] == (viewFamily{n, i}):
				more = yield(r.headerOf(h)) && u.chunks(r.views, yield)
			}
			if !more {
				return
			}
		}
	}
	if r.trailer != nil {
		yield(r.trailer)
	}
}

// Size returns the length of the text.
func (r *Response) Size() int64 { return r.size }

// GzipSize returns the number of bytes that WriteGzip writes.
func (r *Response) GzipSize() int64 { return r.gzipSize }

// The frame of a gzip member, by RFC 1952 and RFC 1951.
var (
	gzipHeader     = []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255} // deflate, no name, no time, fastest, unknown system
	gzipFinalBlock = []byte{1, 0, 0, 0xff, 0xff}                  // empty and stored
)

const (
	gzipTrailerBytes  = 8 // CRC-32 and length
	storedHeaderBytes = 5
	maxStoredBytes    = 65535
)

// gzipSize returns the length of c in a gzip response.
func (c *chunk) gzipSize() int {
	if !c.stored() {
		return len(c.data)
	}
	return c.size + (c.size+maxStoredBytes-1)/maxStoredBytes*storedHeaderBytes
}

// writeBytes is the size of a gzip response's buffer: blocks are too small for a system call each.
const writeBytes = 128 << 10

var writers = sync.Pool{New: func() any { return bufio.NewWriterSize(nil, writeBytes) }}

// WriteGzip writes one gzip member. It copies compressed blocks and writes open blocks as
// stored blocks: it compresses nothing.
func (r *Response) WriteGzip(to io.Writer) error {
	w := writers.Get().(*bufio.Writer)
	w.Reset(to)
	defer func() {
		w.Reset(nil)
		writers.Put(w)
	}()
	g := gzipper{to: w}
	g.write(gzipHeader)
	if r.unready == 0 {
		r.chunks(func(c *chunk) bool { return g.chunk(c, nil) == nil })
	} else {
		_ = r.writeAhead(&r.options.gzip, func(c *chunk) bool { return !c.ready() }, g.segment) // Flush returns the error
	}
	g.write(gzipFinalBlock)
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

// write writes a block, or a part of one. It flushes a buffer without room for b first, so that
// blocks are not split.
func (g *gzipper) write(b []byte) {
	if len(b) > g.to.Available() {
		_ = g.to.Flush() // Write returns the error again
	}
	_, g.err = g.to.Write(b)
}

// segment writes the chunks of a segment.
func (g *gzipper) segment(s *segment) error {
	text := *s.text
	for i := range s.chunks {
		c := &s.chunks[i]
		var err error
		if c.ready() {
			err = g.chunk(c, nil)
		} else {
			err = g.chunk(c, text[:c.size])
			text = text[c.size:]
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// chunk writes a chunk. text is the inflated text of a chunk that is not ready.
func (g *gzipper) chunk(c *chunk, text []byte) error {
	if !c.stored() {
		g.write(c.data)
		g.sum.add(c.compressed.crc, c.size, c.compressed.shift)
		return g.err
	}
	if c.ready() {
		text = c.open.text
	}
	g.sum.addText(text)
	for len(text) > 0 {
		part := text[:min(len(text), maxStoredBytes)]
		text = text[len(part):]
		g.write(binary.LittleEndian.AppendUint32([]byte{0}, uint32(len(part))|^uint32(len(part))<<16))
		g.write(part)
	}
	return g.err
}
