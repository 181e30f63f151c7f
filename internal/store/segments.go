package store

import (
	"io"
	"runtime"
	"sync"
)

// segments are the parameters of inflating ahead of the writer: chunks are grouped in segments
// of about the given bytes, and at most ahead segments wait for a slow reader.
type segments struct {
	bytes, ahead int
	buffers      *sync.Pool
}

func bufferPool(bytes int) *sync.Pool {
	return &sync.Pool{New: func() any { b := make([]byte, 0, bytes); return &b }}
}

// A segment is a sequence of chunks and, once ready is closed, the inflated text of some.
type segment struct {
	chunks []chunk
	text   *[]byte
	ready  chan struct{}
}

// inflate inflates the chunks for which wants returns true.
func (s *segment) inflate(buffers *sync.Pool, wants func(*chunk) bool, scratch *[]byte) {
	s.text = buffers.Get().(*[]byte)
	*s.text = (*s.text)[:0]
	for i := range s.chunks {
		if c := &s.chunks[i]; wants(c) {
			*s.text = c.appendText(*s.text, scratch)
		}
	}
	close(s.ready)
}

// WriteText writes plain text.
func (r *Response) WriteText(to io.Writer) error {
	all := func(*chunk) bool { return true }
	return r.writeAhead(&r.options.text, all, func(s *segment) error {
		_, err := to.Write(*s.text)
		return err
	})
}

// writeAhead calls write with the segments in order until write returns an error. Segments have
// the inflated text of the chunks for which wants returns true.
func (r *Response) writeAhead(o *segments, wants func(*chunk) bool, write func(*segment) error) error {
	work := make(chan *segment)
	order := make(chan *segment, o.ahead)
	stop := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		defer close(work)
		defer close(order)
		r.segments(o.bytes, wants, func(s *segment) bool {
			// order first: its capacity limits the segments that are inflated.
			select {
			case order <- s:
			case <-stop:
				return false
			}
			select {
			case work <- s:
				return true
			case <-stop:
				return false
			}
		})
	})
	for range runtime.GOMAXPROCS(0) {
		running.Go(func() {
			var scratch []byte
			for s := range work {
				s.inflate(o.buffers, wants, &scratch)
			}
		})
	}
	err := o.writeInOrder(order, write)
	close(stop)
	running.Wait()
	return err
}

// writeInOrder calls write with each segment once it is ready, until an error.
func (o *segments) writeInOrder(order <-chan *segment, write func(*segment) error) error {
	for s := range order {
		<-s.ready
		err := write(s)
		o.buffers.Put(s.text)
		if err != nil {
			return err
		}
	}
	return nil
}

// segments calls yield with segments of about the given bytes until yield returns false.
func (r *Response) segments(bytes int, wants func(*chunk) bool, yield func(*segment) bool) {
	s, size, more := &segment{}, 0, true
	flush := func() {
		s.ready = make(chan struct{})
		full := s
		s, size = &segment{chunks: make([]chunk, 0, len(s.chunks)+4)}, 0
		more = yield(full)
	}
	r.chunks(func(c *chunk) bool {
		s.chunks = append(s.chunks, *c)
		if size += len(c.data); wants(c) {
			size += c.size
		}
		if size >= bytes {
			flush()
		}
		return more
	})
	if more && len(s.chunks) > 0 {
		flush()
	}
}
