package store

import (
	"io"
	"runtime"
	"sync"
)

// segments are the parameters of inflating ahead of the writer: chunks are grouped in segments
// of about so many bytes, and at most ahead segments wait. That bounds the memory of a slow reader.
type segments struct {
	bytes, ahead int
	buffers      sync.Pool
}

var (
	textSegments = segments{bytes: 256 << 10, ahead: 4, buffers: sync.Pool{New: buffer(320 << 10)}}
	gzipSegments = segments{bytes: 64 << 10, ahead: 2, buffers: sync.Pool{New: buffer(80 << 10)}}
)

func buffer(bytes int) func() any {
	return func() any { b := make([]byte, 0, bytes); return &b }
}

// A segment is a sequence of chunks and, once ready is closed, the text of those that want
// it.
type segment struct {
	chunks []chunk
	text   *[]byte
	ready  chan struct{}
}

func (s *segment) inflate(of *segments, wants func(*chunk) bool, scratch *[]byte) {
	s.text = of.buffers.Get().(*[]byte)
	*s.text = (*s.text)[:0]
	for i := range s.chunks {
		if p := &s.chunks[i]; wants(p) {
			*s.text = p.appendText(*s.text, scratch)
		}
	}
	close(s.ready)
}

// WriteText writes plain text.
func (a *Response) WriteText(to io.Writer) error {
	all := func(*chunk) bool { return true }
	return a.writeAhead(&textSegments, all, func(s *segment) error {
		_, err := to.Write(*s.text)
		return err
	})
}

// writeAhead calls write with the segments in order, until it returns an error. Segments have
// the inflated text of the chunks for which wants returns true.
func (a *Response) writeAhead(of *segments, wants func(*chunk) bool, write func(*segment) error) error {
	work := make(chan *segment)
	order := make(chan *segment, of.ahead)
	stop := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		defer close(work)
		defer close(order)
		a.segments(of.bytes, wants, func(s *segment) bool {
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
				s.inflate(of, wants, &scratch)
			}
		})
	}
	err := of.writeInOrder(order, write)
	close(stop)
	running.Wait()
	return err
}

// writeInOrder calls write with each segment once it is ready, until an error.
func (of *segments) writeInOrder(order <-chan *segment, write func(*segment) error) error {
	for s := range order {
		<-s.ready
		err := write(s)
		of.buffers.Put(s.text)
		if err != nil {
			return err
		}
	}
	return nil
}

// segments calls yield with segments of about so many bytes.
func (a *Response) segments(bytes int, wants func(*chunk) bool, yield func(*segment) bool) {
	s, size := &segment{}, 0
	give := func() bool {
		s.ready = make(chan struct{})
		given := s
		s, size = &segment{chunks: make([]chunk, 0, len(s.chunks)+4)}, 0
		return yield(given)
	}
	goesOn := true
	a.chunks(func(p *chunk) bool {
		s.chunks = append(s.chunks, *p)
		if size += len(p.data); wants(p) {
			size += p.size
		}
		if size >= bytes {
			goesOn = give()
		}
		return goesOn
	})
	if goesOn && len(s.chunks) > 0 {
		give()
	}
}
