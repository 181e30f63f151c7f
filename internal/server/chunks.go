package server

import (
	"io"
	"sync"
)

// chunkWriter gathers small pieces into writes that are worth a system call.
// After a write failed, because the client is gone, it takes no more.
type chunkWriter struct {
	to     io.Writer
	buffer *[]byte
	failed bool
}

const chunkSize = 128 << 10

var chunks = sync.Pool{New: func() any { b := make([]byte, 0, chunkSize); return &b }}

func newChunkWriter(to io.Writer) *chunkWriter {
	return &chunkWriter{to: to, buffer: chunks.Get().(*[]byte)}
}

// write takes p and reports whether more is wanted.
func (c *chunkWriter) write(p []byte) bool {
	if len(*c.buffer)+len(p) > chunkSize {
		c.flush()
	}
	if len(p) > chunkSize {
		c.send(p)
	} else {
		*c.buffer = append(*c.buffer, p...)
	}
	return !c.failed
}

func (c *chunkWriter) flush() {
	c.send(*c.buffer)
	*c.buffer = (*c.buffer)[:0]
}

func (c *chunkWriter) send(p []byte) {
	if len(p) == 0 || c.failed {
		return
	}
	_, err := c.to.Write(p)
	c.failed = err != nil
}

// release gives the buffer back. The writer must not be used afterwards.
func (c *chunkWriter) release() {
	*c.buffer = (*c.buffer)[:0]
	chunks.Put(c.buffer)
}
