// Package inflate unpacks deflate data (RFC 1951) that lies whole in memory into
// memory whose size is known before.
//
// That is what makes it quick: there is no window beside the output, no reader to
// ask for the next byte, and no state to keep between calls but the tables.
package inflate

import (
	"encoding/binary"
	"errors"
)

var (
	errCorrupt = errors.New("inflate: not deflate data")
	errShort   = errors.New("inflate: the data ends too soon")
	errSize    = errors.New("inflate: the text has another size")
)

// A Decoder unpacks. It may be used again and again, by one goroutine at a time.
// The zero value is ready.
type Decoder struct {
	lengths table // of literals and lengths
	dists   table

	in  []byte
	pos int // of the next byte of in
	// bits are the next bits of the input, the first the lowest; count is how many
	// of them there are, negative if more were taken than there were.
	bits  uint64
	count int

	out   []byte
	start int // of the text in out
	end   int // of what of it there is
}

// Append appends to dst the text that data holds, which is size bytes. Data ends
// with a final block, or on a byte between two blocks. If data is not that, the
// error says so and dst is returned as it was.
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

// blocks unpacks block after block.
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
			err = d.compressed()
		case 2:
			if err = d.codes(); err == nil {
				err = d.compressed()
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

// refill makes count 56 or more, or all that is left.
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

// take gives the next n bits. If there are fewer, the rest are 0 and count is
// negative.
func (d *Decoder) take(n int) int {
	v := d.bits & (1<<(n&63) - 1)
	d.bits >>= n & 63
	d.count -= n
	return int(v)
}

// stored copies a block that is not compressed.
func (d *Decoder) stored() error {
	if d.count < 0 {
		return errShort
	}
	d.pos -= d.count >> 3 // whole bytes go back
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

// codes reads the two codes at the head of a block.
func (d *Decoder) codes() error {
	literals, dists, own := d.take(5)+257, d.take(5)+1, d.take(4)+4
	if literals > maxLengths || dists > maxDists {
		return errCorrupt
	}
	var ownLengths [19]byte
	for _, symbol := range ownOrder[:own] {
		d.refill()
		ownLengths[symbol] = byte(d.take(3))
	}
	// The code of the codes is no longer in use when that of distances is built.
	if !d.dists.build(ownLengths[:], ownEntries[:], ownBits) {
		return errCorrupt
	}
	var lengths [maxLengths + maxDists]byte
	for n := 0; n < literals+dists; {
		d.refill()
		e := d.dists.entries[d.bits&(1<<ownBits-1)]
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
