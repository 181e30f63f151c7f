package store

import (
	"io"
	"runtime"
	"sync"
)

// Text is written in segments: as many blocks as make about segmentBytes of
// text. Segments are inflated on all cores, ahead of the writing, up to
// segmentsAhead of them: that is what a slow reader costs.
const (
	segmentBytes  = 256 << 10
	segmentsAhead = 4
)

// segment is a run of blocks and, once ready is closed, their text.
type segment struct {
	blocks []*block
	text   *[]byte
	ready  chan struct{}
}

var segmentBuffers = sync.Pool{New: func() any { b := make([]byte, 0, segmentBytes*5/4); return &b }}

func (s *segment) inflate() {
	s.text = segmentBuffers.Get().(*[]byte)
	*s.text = (*s.text)[:0]
	for _, b := range s.blocks {
		*s.text = b.appendText(*s.text)
	}
	close(s.ready)
}

// WriteText writes the answer as plain text.
func (a *Answer) WriteText(to io.Writer) error {
	work := make(chan *segment)
	order := make(chan *segment, segmentsAhead)
	stop := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		defer close(work)
		defer close(order)
		a.segments(func(s *segment) bool {
			// In order first: its place there is the permission to inflate it.
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
			for s := range work {
				s.inflate()
			}
		})
	}
	err := writeInOrder(to, order)
	close(stop)
	running.Wait()
	return err
}

// writeInOrder writes segments as they get ready, until one cannot be written.
func writeInOrder(to io.Writer, order <-chan *segment) error {
	for s := range order {
		<-s.ready
		_, err := to.Write(*s.text)
		segmentBuffers.Put(s.text)
		if err != nil {
			return err
		}
	}
	return nil
}

// segments cuts the answer into segments.
func (a *Answer) segments(yield func(*segment) bool) {
	start, size := 0, 0
	for i, b := range a.blocks {
		size += b.size
		if size >= segmentBytes || i == len(a.blocks)-1 {
			if !yield(&segment{blocks: a.blocks[start : i+1], ready: make(chan struct{})}) {
				return
			}
			start, size = i+1, 0
		}
	}
}
