package store

import (
	"io"
	"runtime"
	"sync"
)

// Text that has to be unpacked is so in segments: as many pieces as make about so
// many bytes. Segments are unpacked on all cores, ahead of the writing, up to some of
// them: that is what a slow reader costs.
type segments struct {
	bytes, ahead int
	buffers      sync.Pool
}

var (
	textSegments   = segments{bytes: 256 << 10, ahead: 4, buffers: sync.Pool{New: buffer(320 << 10)}}
	packedSegments = segments{bytes: 64 << 10, ahead: 2, buffers: sync.Pool{New: buffer(80 << 10)}}
)

func buffer(bytes int) func() any {
	return func() any { b := make([]byte, 0, bytes); return &b }
}

// segment is a run of pieces and, once ready is closed, the text of those that want
// it.
type segment struct {
	pieces []piece
	text   *[]byte
	ready  chan struct{}
}

func (s *segment) unpack(of *segments, wants func(*piece) bool, scratch *[]byte) {
	s.text = of.buffers.Get().(*[]byte)
	*s.text = (*s.text)[:0]
	for i := range s.pieces {
		if p := &s.pieces[i]; wants(p) {
			*s.text = p.appendText(*s.text, scratch)
		}
	}
	close(s.ready)
}

// WriteText writes the answer as plain text.
func (a *Answer) WriteText(to io.Writer) error {
	all := func(*piece) bool { return true }
	return a.writeAhead(&textSegments, all, func(s *segment) error {
		_, err := to.Write(*s.text)
		return err
	})
}

// writeAhead gives write one segment after another, with the text of the pieces that
// want it, until there is an error.
func (a *Answer) writeAhead(of *segments, wants func(*piece) bool, write func(*segment) error) error {
	work := make(chan *segment)
	order := make(chan *segment, of.ahead)
	stop := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		defer close(work)
		defer close(order)
		a.segments(of.bytes, wants, func(s *segment) bool {
			// In order first: its place there is the permission to unpack it.
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
				s.unpack(of, wants, &scratch)
			}
		})
	}
	err := of.writeInOrder(order, write)
	close(stop)
	running.Wait()
	return err
}

// writeInOrder writes segments as they get ready, until one cannot be written.
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

// segments cuts the answer into segments of about so many bytes.
func (a *Answer) segments(bytes int, wants func(*piece) bool, yield func(*segment) bool) {
	s, size := &segment{}, 0
	give := func() bool {
		s.ready = make(chan struct{})
		given := s
		s, size = &segment{pieces: make([]piece, 0, len(s.pieces)+4)}, 0
		return yield(given)
	}
	goesOn := true
	a.pieces(func(p *piece) bool {
		s.pieces = append(s.pieces, *p)
		if size += len(p.data); wants(p) {
			size += p.size
		}
		if size >= bytes {
			goesOn = give()
		}
		return goesOn
	})
	if goesOn && len(s.pieces) > 0 {
		give()
	}
}
