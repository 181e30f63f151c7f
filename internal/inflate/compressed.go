package inflate

import "encoding/binary"

const (
	// wide is how much is copied at once of a match: what it is too much is
	// overwritten by what follows.
	wide = 32
	// matchRoom is how much the longest match may write, with what it is too much.
	matchRoom = 258 + wide
	// room is how much a round of quick may write: literals, and then a match.
	room = maxLiterals + 1 + matchRoom
	// maxLiterals is how many there are bits for without another look at the input.
	maxLiterals = 4
)

// compressed unpacks the symbols of a block by its two codes.
func (d *Decoder) compressed() error {
	for {
		ended, err := d.quick()
		if ended || err != nil {
			return err
		}
		if ended, err = d.symbol(); ended || err != nil {
			return err
		}
	}
}

// quick unpacks symbols as long as neither input nor output is near its end, so
// that it need not look whether there is enough of them. It works on copies of the
// decoder's fields, which the compiler keeps in registers. It reports whether the
// block has ended.
func (d *Decoder) quick() (ended bool, err error) {
	in, pos, bits, count := d.in, d.pos, d.bits, d.count
	out, end := d.out, d.end
	lengths, dists := d.lengths.entries, d.dists.entries
	firstLengths, firstDists := (*[1 << lengthBits]uint32)(lengths), (*[1 << distBits]uint32)(dists)
	for pos+16 <= len(in) && end+room <= len(out) {
		// The longest match takes 48 bits; as many literals of the first table no more.
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
		if e&(further|last) != 0 {
			if e&further != 0 {
				e = lengths[e>>valueShift+uint32(bits>>lengthBits)&(1<<(e>>extraShift&extraBits)-1)]
			}
			if e&literal != 0 {
				out[end] = byte(e >> valueShift)
				end++
				bits >>= e & 63
				count -= int(e & codeBits)
				continue
			}
			if e&last != 0 {
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
		if e&further != 0 {
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
		if dist >= wide {
			to, from := out[end:end+matchRoom], out[end-dist:end-dist+matchRoom]
			*(*[wide]byte)(to) = *(*[wide]byte)(from)
			for n := wide; n < length; n += wide {
				*(*[wide]byte)(to[n:]) = *(*[wide]byte)(from[n:])
			}
			end += length
			continue
		}
		for n := 0; n < length; { // what was copied is there to be copied again
			n += copy(out[end+n:end+length], out[end-dist:end+n])
		}
		end += length
	}
	d.pos, d.bits, d.count, d.end = pos, bits, count, end
	return ended, err
}

// symbol unpacks one literal or match. It reports whether the block has ended
// instead.
func (d *Decoder) symbol() (ended bool, err error) {
	d.refill()
	e := d.lengths.next(d, lengthBits)
	switch {
	case d.count < 0:
		return false, errShort
	case e&last != 0:
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

// next takes a code from the input and gives its entry, with no bits taken of
// what follows the code.
func (t *table) next(d *Decoder, firstBits int) uint32 {
	e := t.entries[d.bits&(1<<firstBits-1)]
	if e&further != 0 {
		e = t.entries[e>>valueShift+uint32(d.bits>>firstBits)&(1<<(e>>extraShift&extraBits)-1)]
	}
	d.take(int(e & codeBits))
	return e
}
