package apiclient

import (
	"context"
	"io"
	"time"
)

// Interval is how long a watch is left alone once something of it was read: what comes
// meanwhile is read at once then. Each read wakes a goroutine and loads caches with code and
// data unused since the last. The first change after a quiet time is read when it comes.
const Interval = 20 * time.Millisecond

// readAhead is the size of one read, in bytes: some changes. Every watch has a buffer of it.
const readAhead = 16 << 10

// A coalescingReader reads a response in large pieces, at most one per Interval once coalesce
// is set.
type coalescingReader struct {
	io.ReadCloser
	ctx      context.Context
	coalesce bool
	ended    bool // the response, or the connection

	buffer []byte
	unread []byte    // of the buffer
	next   time.Time // read
}

// Read reads some of the response.
func (r *coalescingReader) Read(p []byte) (n int, err error) {
	if len(r.unread) == 0 {
		r.wait()
		if r.buffer == nil {
			r.buffer = make([]byte, readAhead)
		}
		n, err = r.ReadCloser.Read(r.buffer)
		if r.coalesce && n < readAhead { // else there is more
			r.next = time.Now().Add(Interval)
		}
		r.unread = r.buffer[:n]
	}
	n = copy(p, r.unread)
	r.unread = r.unread[n:]
	if n > 0 {
		return n, nil // an error comes again
	}
	r.ended = r.ended || err != nil
	return n, err
}

// wait waits for the time of the next read.
func (r *coalescingReader) wait() {
	left := time.Until(r.next)
	if left <= 0 {
		return
	}
	over := time.NewTimer(left)
	defer over.Stop()
	select {
	case <-over.C:
	case <-r.ctx.Done():
	}
}
