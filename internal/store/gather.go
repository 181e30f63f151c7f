package store

import (
	"io"
	"sync"
)

// A gatherer gathers small pieces into writes that are worth a system call.
// After an error it writes no more.
type gatherer struct {
	to     io.Writer
	buffer *[]byte
	err    error
}

// gatherBytes is the size of those writes. Pieces of half of it go through
// without being copied.
const gatherBytes = 128 << 10

var gatherBuffers = sync.Pool{New: func() any { b := make([]byte, 0, gatherBytes); return &b }}

func newGatherer(to io.Writer) *gatherer {
	return &gatherer{to: to, buffer: gatherBuffers.Get().(*[]byte)}
}

func (g *gatherer) write(p []byte) {
	if len(*g.buffer)+len(p) > gatherBytes {
		g.send(*g.buffer)
		*g.buffer = (*g.buffer)[:0]
	}
	if len(p) > gatherBytes/2 {
		g.send(p)
		return
	}
	*g.buffer = append(*g.buffer, p...)
}

func (g *gatherer) flush() error {
	g.send(*g.buffer)
	*g.buffer = (*g.buffer)[:0]
	return g.err
}

func (g *gatherer) send(p []byte) {
	if len(p) > 0 && g.err == nil {
		_, g.err = g.to.Write(p)
	}
}

// release gives the buffer back. The gatherer must not be used afterwards.
func (g *gatherer) release() {
	*g.buffer = (*g.buffer)[:0]
	gatherBuffers.Put(g.buffer)
}
