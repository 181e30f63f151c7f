package watcher

import (
	"context"
	"io"
	"sync/atomic"
	"time"
)

// lull is how long a watch is left alone once something of it was read. What comes
// in between is read at once then: each reading wakes several goroutines, and has
// the caches filled with code and data that nothing used since the last. The first
// change after a quiet time is read when it comes.
const lull = 20 * time.Millisecond

// A streamed list would pile up in such a time. It is left alone for listLull, and
// only if what was read of it is listPart at least: more of the kind follows then.
const (
	listLull = 2 * time.Millisecond
	listPart = 2 << 10
)

// readAhead is how much is read at once, of changes a few. Every watch has as much.
const readAhead = 16 << 10

// A batching is how the answer to one watch is read: as a list, until it is set, and
// then in larger batches.
type batching struct{ atomic.Bool }

// lull is how long the answer is left alone once n bytes of it were read.
func (b *batching) lull(n int) time.Duration {
	switch {
	case n == readAhead: // there is more
		return 0
	case b.Load():
		return lull
	case n >= listPart:
		return listLull
	}
	return 0
}

type batchingKey struct{}

// with gives a context for a request whose answer is read as b says.
func (b *batching) with(ctx context.Context) context.Context {
	return context.WithValue(ctx, batchingKey{}, b)
}

// batched gives the answer to a request made with such a context, and any other
// as it is.
func batched(ctx context.Context, answer io.ReadCloser) io.ReadCloser {
	b, ok := ctx.Value(batchingKey{}).(*batching)
	if !ok {
		return answer
	}
	return &batches{ReadCloser: answer, of: b, ctx: ctx}
}

// batches is an answer of which everything is read that is there, and then for a
// while nothing.
type batches struct {
	io.ReadCloser
	of     *batching
	ctx    context.Context
	buffer []byte
	unread []byte    // of the buffer
	next   time.Time // when it is read again
}

// Read reads some of the answer.
func (b *batches) Read(p []byte) (n int, err error) {
	if len(b.unread) > 0 {
		n = copy(p, b.unread)
		b.unread = b.unread[n:]
		return n, nil
	}
	b.rest()
	if b.buffer == nil {
		b.buffer = make([]byte, readAhead)
	}
	n, err = b.ReadCloser.Read(b.buffer)
	b.next = time.Now().Add(b.of.lull(n))
	b.unread = b.buffer[:n]
	n = copy(p, b.unread)
	b.unread = b.unread[n:]
	if len(b.unread) > 0 {
		err = nil // comes again
	}
	return n, err
}

// rest waits for the end of the lull.
func (b *batches) rest() {
	left := time.Until(b.next)
	if left <= 0 {
		return
	}
	over := time.NewTimer(left)
	defer over.Stop()
	select {
	case <-over.C:
	case <-b.ctx.Done():
	}
}
