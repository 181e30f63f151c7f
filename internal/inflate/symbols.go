package inflate

import "encoding/binary"

const (
	// copyWidth is the step of copying a match. Later symbols overwrite bytes beyond the match.
	copyWidth = 32
	// matchRoom is the output that the longest match may write.
	matchRoom = 258 + copyWidth
	// roundRoom is the output that a round of fast may write: literals, then a match.
	roundRoom = maxLiterals + 1 + matchRoom
	// maxLiterals is the number of literals that the bit buffer has bits for.
	maxLiterals = 4
)

// inflateSymbols inflates the symbols of a block.
func (d *Decoder) inflateSymbols() error {
	for {
		ended, err := d.fast()
		if ended || err != nil {
			return err
		}
		if ended, err = d.symbol(); ended || err != nil {
			return err
		}
	}
}

// fast inflates symbols until input or output is near its end, without bounds to check between
// symbols. Its copies of the decoder's fields stay in registers. It reports whether the block has
// ended.
func (d *Decoder) fast() (ended bool, err error) {
	in, pos, bits, count := d.in, d.pos, d.bits, d.count
	out, end := d.out, d.end
	lengths, dists := d.lengths.entries, d.dists.entries
	firstLengths, firstDists := (*[1 << lengthBits]uint32)(lengths), (*[1 << distBits]uint32)(dists)
	for pos+16 <= len(in) && end+roundRoom <= len(out) {
		// The longest match takes 48 bits, maxLiterals literals of the first table no more.
		bits |= binary.LittleEndian.Uint64(in[pos:]) << (count & 63)
		pos += (63 - count) >> 3
		count |= 56
		e := firstLengths[bits&(1<<lengthBits-1)]
		if e&literal != 0 {
			for range maxLiterals {
				out[end] = byte(e >> valueShift)
				end++
				bits >>= e & 63
				count -= int(e & codeBits)
				if e = firstLengths[bits&(1<<lengthBits-1)]; e&literal == 0 {
					break
				}
			}
			if e&literal != 0 {
				continue
			}
			bits |= binary.LittleEndian.Uint64(in[pos:]) << (count & 63)
			pos += (63 - count) >> 3
			count |= 56
		}
		if e&(subtable|endOfBlock) != 0 {
			if e&subtable != 0 {
				e = lengths[e>>valueShift+uint32(bits>>lengthBits)&(1<<(e>>extraShift&extraBits)-1)]
			}
			if e&literal != 0 {
				out[end] = byte(e >> valueShift)
				end++
				bits >>= e & 63
				count -= int(e & codeBits)
				continue
			}
			if e&endOfBlock != 0 {
				bits >>= e & 63
				count -= int(e & codeBits)
				ended = true
				break
			}
		}
		bits >>= e & 63
		extra := e >> extraShift & extraBits
		length := int(e>>valueShift) + int(bits&(1<<extra-1))
		bits >>= extra
		count -= int(e&codeBits) + int(extra)

		e = firstDists[bits&(1<<distBits-1)]
		if e&subtable != 0 {
			e = dists[e>>valueShift+uint32(bits>>distBits)&(1<<(e>>extraShift&extraBits)-1)]
		}
		bits >>= e & 63
		extra = e >> extraShift & extraBits
		dist := int(e>>valueShift) + int(bits&(1<<extra-1))
		bits >>= extra
		count -= int(e&codeBits) + int(extra)
		if length < 3 || dist < 1 || dist > end-d.start {
			err = errCorrupt
			break
		}
		if dist >= copyWidth {
			to, from := out[end:end+matchRoom], out[end-dist:end-dist+matchRoom]
			*(*[copyWidth]byte)(to) = *(*[copyWidth]byte)(from)
			for n := copyWidth; n < length; n += copyWidth {
				*(*[copyWidth]byte)(to[n:]) = *(*[copyWidth]byte)(from[n:])
			}
			end += length
			continue
		}
		for n := 0; n < length; { // a copy may read its own output
			n += copy(out[end+n:end+length], out[end-dist:end+n])
		}
		end += length
	}
	d.pos, d.bits, d.count, d.end = pos, bits, count, end
	return ended, err
}

// symbol inflates a literal, a match or the end of a block. It reports whether the block has
// ended.
func (d *Decoder) symbol() (ended bool, err error) {
	d.refill()
	e := d.lengths.next(d, lengthBits)
	switch {
	case d.count < 0:
		return false, errShort
	case e&endOfBlock != 0:
		return true, nil
	case e&literal != 0:
		if d.end == len(d.out) {
			return false, errSize
		}
		d.out[d.end] = byte(e >> valueShift)
		d.end++
		return false, nil
	}
	length := int(e>>valueShift) + d.take(int(e>>extraShift&extraBits))
	e = d.dists.next(d, distBits)
	dist := int(e>>valueShift) + d.take(int(e>>extraShift&extraBits))
	switch {
	case d.count < 0:
		return false, errShort
	case length < 3 || dist < 1 || dist > d.end-d.start:
		return false, errCorrupt
	case length > len(d.out)-d.end:
		return false, errSize
	}
	for range length {
		d.out[d.end] = d.out[d.end-dist]
		d.end++
	}
	return false, nil
}

// next takes a code from the input and returns its entry. It does not take extra bits.
func (t *table) next(d *Decoder, firstBits int) uint32 {
	e := t.entries[d.bits&(1<<firstBits-1)]
	if e&subtable != 0 {
		e = t.entries[e>>valueShift+uint32(d.bits>>firstBits)&(1<<(e>>extraShift&extraBits)-1)]
	}
	d.take(int(e & codeBits))
	return e
}
