package apiclient

import (
	"context"
	"io"
	"time"
)

// Interval is the longest time between two reads of a watch: events in between are read together.
// Each read wakes a goroutine and fills caches. The intervals of all watches end together, so that
// one wake-up serves several. The first event after an idle time is read when it arrives.
const Interval = 20 * time.Millisecond

// readAhead is the default size of a watch's buffer, in bytes: some events.
const readAhead = 16 << 10

// A coalescingReader reads a response, at most once per Interval once coalesce is set.
type coalescingReader struct {
	io.ReadCloser
	ctx      context.Context
	coalesce bool
	ended    bool      // response or connection
	next     time.Time // time of the next read
}

// Read waits until the time of the next read and reads all that has arrived.
func (r *coalescingReader) Read(p []byte) (n int, err error) {
	if time.Until(r.next) > 0 {
		due, cancel := context.WithDeadline(r.ctx, r.next)
		<-due.Done()
		cancel()
	}
	n, err = r.ReadCloser.Read(p)
	if r.coalesce && n < len(p) { // otherwise there is more
		now := time.Now()
		r.next = now.Add(Interval - time.Duration(now.UnixNano()%int64(Interval)))
	}
	if n > 0 {
		return n, nil // the next Read returns an error again
	}
	r.ended = r.ended || err != nil
	return n, err
}
