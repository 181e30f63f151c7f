// Package inflate inflates deflate data (RFC 1951) from memory to memory of a known size.
//
// It is fast because it has no window beside the output, no reader, and no state between calls
// except the tables.
package inflate

import (
	"encoding/binary"
	"errors"
)

var (
	errCorrupt = errors.New("inflate: corrupt data")
	errShort   = errors.New("inflate: unexpected end of data")
	errSize    = errors.New("inflate: unexpected size of text")
)

// A Decoder inflates. It is reusable, by one goroutine at a time. The zero value is ready.
type Decoder struct {
	lengths table // of literals, lengths and the end of a block
	dists   table

	in  []byte
	pos int // of the next byte of in
	// bits is the bit buffer, the next bit the lowest. count is its length, negative after the
	// end of the input.
	bits  uint64
	count int

	out   []byte
	start int // of the text in out
	end   int // of the text so far
}

// Append appends the text of data, of the given size, to dst. Data ends with a final block, or on a
// byte boundary between blocks. On an error, Append returns dst unchanged.
func (d *Decoder) Append(dst, data []byte, size int) ([]byte, error) {
	d.start, d.end = len(dst), len(dst)
	if size < 0 || size > cap(dst)-len(dst) {
		grown := make([]byte, len(dst), len(dst)+max(size, 0))
		copy(grown, dst)
		dst = grown
	}
	d.out = dst[:d.start+max(size, 0)]
	d.in, d.pos, d.bits, d.count = data, 0, 0, 0
	err := d.blocks()
	out, end := d.out, d.end
	d.in, d.out = nil, nil
	switch {
	case err != nil:
		return dst, err
	case size < 0 || end != len(out):
		return dst, errSize
	}
	return out, nil
}

// blocks inflates all blocks.
func (d *Decoder) blocks() error {
	for d.pos < len(d.in) || d.count > 0 {
		d.refill()
		header := d.take(3)
		var err error
		switch header >> 1 {
		case 0:
			err = d.stored()
		case 1:
			d.lengths.build(fixedLengths[:], lengthEntries[:], lengthBits)
			d.dists.build(fixedDists[:], distEntries[:], distBits)
			err = d.inflateSymbols()
		case 2:
			if err = d.readCodes(); err == nil {
				err = d.inflateSymbols()
			}
		default:
			err = errCorrupt
		}
		if err != nil || header&1 == 1 {
			return err
		}
	}
	return nil
}

// refill fills the bit buffer to 56 bits or more, or up to the end of the input.
func (d *Decoder) refill() {
	if d.pos+8 <= len(d.in) {
		d.bits |= binary.LittleEndian.Uint64(d.in[d.pos:]) << (d.count & 63)
		d.pos += (63 - d.count) >> 3
		d.count |= 56
		return
	}
	for d.count <= 56 && d.count >= 0 && d.pos < len(d.in) {
		d.bits |= uint64(d.in[d.pos]) << (d.count & 63)
		d.pos++
		d.count += 8
	}
}

// take returns the next n bits. Beyond the end of the input, bits are 0 and count is negative.
func (d *Decoder) take(n int) int {
	v := d.bits & (1<<(n&63) - 1)
	d.bits >>= n & 63
	d.count -= n
	return int(v)
}

// stored copies a stored block.
func (d *Decoder) stored() error {
	if d.count < 0 {
		return errShort
	}
	d.pos -= d.count >> 3 // unread whole bytes
	d.bits, d.count = 0, 0
	if len(d.in)-d.pos < 4 {
		return errShort
	}
	n := int(binary.LittleEndian.Uint16(d.in[d.pos:]))
	if n != int(^binary.LittleEndian.Uint16(d.in[d.pos+2:])) {
		return errCorrupt
	}
	d.pos += 4
	switch {
	case n > len(d.in)-d.pos:
		return errShort
	case n > len(d.out)-d.end:
		return errSize
	}
	d.end += copy(d.out[d.end:], d.in[d.pos:d.pos+n])
	d.pos += n
	return nil
}

// readCodes reads the two codes of a dynamic block.
func (d *Decoder) readCodes() error {
	literals, dists, count := d.take(5)+257, d.take(5)+1, d.take(4)+4
	if literals > maxLengths || dists > maxDists {
		return errCorrupt
	}
	var codeLengths [19]byte
	for _, symbol := range codeLengthOrder[:count] {
		d.refill()
		codeLengths[symbol] = byte(d.take(3))
	}
	// dists has the code length code until the end of the loop.
	if !d.dists.build(codeLengths[:], codeLengthEntries[:], codeLengthBits) {
		return errCorrupt
	}
	var lengths [maxLengths + maxDists]byte
	for n := 0; n < literals+dists; {
		d.refill()
		e := d.dists.entries[d.bits&(1<<codeLengthBits-1)]
		d.take(int(e & codeBits))
		value, repeat := byte(0), 1
		switch symbol := e >> valueShift; {
		case e == invalid:
			return errCorrupt
		case symbol < 16:
			value = byte(symbol)
		case symbol == 16:
			if n == 0 {
				return errCorrupt
			}
			value, repeat = lengths[n-1], d.take(2)+3
		case symbol == 17:
			repeat = d.take(3) + 3
		default:
			repeat = d.take(7) + 11
		}
		if d.count < 0 {
			return errShort
		}
		if repeat > literals+dists-n {
			return errCorrupt
		}
		for range repeat {
			lengths[n] = value
			n++
		}
	}
	if !d.lengths.build(lengths[:literals], lengthEntries[:], lengthBits) ||
		!d.dists.build(lengths[literals:literals+dists], distEntries[:], distBits) {
		return errCorrupt
	}
	return nil
}
