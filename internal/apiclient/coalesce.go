package apiclient

import (
	"context"
	"io"
	"time"
)

// Interval bounds how long a watch is left alone once something of it was read: what comes
// meanwhile is read at once then. Each read wakes a goroutine and loads caches with code and
// data unused since the last. The intervals of all watches end together, so that one wake-up
// serves several. The first change after a quiet time is read when it comes.
const Interval = 20 * time.Millisecond

// readAhead is the size of one read, in bytes: some changes. Every watch has a buffer of it.
const readAhead = 16 << 10

// A coalescingReader reads a response, at most once per Interval from when coalesce is set on.
type coalescingReader struct {
	io.ReadCloser
	ctx      context.Context
	coalesce bool
	ended    bool      // the response, or the connection
	next     time.Time // read
}

// Read waits for the time of the next read, and reads what has arrived.
func (r *coalescingReader) Read(p []byte) (n int, err error) {
	if time.Until(r.next) > 0 {
		due, cancel := context.WithDeadline(r.ctx, r.next)
		<-due.Done()
		cancel()
	}
	n, err = r.ReadCloser.Read(p)
	if r.coalesce && n < len(p) { // else there is more
		now := time.Now()
		r.next = now.Add(Interval - time.Duration(now.UnixNano()%int64(Interval)))
	}
	if n > 0 {
		return n, nil // an error comes again
	}
	r.ended = r.ended || err != nil
	return n, err
}
