package apiclient

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
)

// maxFrame is the largest size of an event, in bytes.
const maxFrame = 16 << 20

// maxReused is the largest buffer of a large event that is reused, in bytes.
const maxReused = 64 << 10

var errLargeFrame = errors.New("an event is larger than 16 MiB")

// A frameReader reads the events of a response one by one. An event is valid until the next read.
type frameReader struct {
	*bufio.Reader
	large []byte // an event that exceeds the buffer
}

// reset clears the buffer of a large event.
func (f *frameReader) reset() {
	if cap(f.large) > maxReused {
		f.large = nil
	}
	f.large = f.large[:0]
}

// delimited reads an event behind its length of four bytes.
func (f *frameReader) delimited() (event []byte, err error) {
	f.reset()
	header, err := f.Peek(4)
	if err != nil {
		return nil, err
	}
	size := int(binary.BigEndian.Uint32(header))
	if size > maxFrame {
		return nil, errLargeFrame
	}
	if 4+size > f.Size() {
		f.large = slices.Grow(f.large, 4+size)[:4+size]
		_, err = io.ReadFull(f, f.large)
		return f.large[4:], err
	}
	if event, err = f.Peek(4 + size); err != nil {
		return nil, err
	}
	_, err = f.Discard(4 + size)
	return event[4:], err
}

// line reads an event of one line.
func (f *frameReader) line() (event []byte, err error) {
	f.reset()
	for {
		event, err = f.ReadSlice('\n')
		if len(f.large)+len(event) > maxFrame {
			return nil, errLargeFrame
		}
		if len(f.large) > 0 || errors.Is(err, bufio.ErrBufferFull) {
			f.large = append(f.large, event...)
			event = f.large
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case len(bytes.TrimSpace(event)) > 0:
			return event, nil
		case err != nil:
			return nil, err
		}
	}
}
