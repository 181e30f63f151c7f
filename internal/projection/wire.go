package projection

import "math/bits"

// wireType is the encoding of a field's value.
type wireType uint8

// Wire types. Kubernetes does not use groups, 3 and 4.
const (
	varint  wireType = 0
	fixed64 wireType = 1
	bytes   wireType = 2
	fixed32 wireType = 5
)

// A field is the position of a message's field in a buffer.
type field struct {
	number uint64
	wire   wireType
	// start is the position of the tag, end the one behind the value.
	start, end int
	// Of the wire type bytes, length is the position of the value's length, content that of
	// the value.
	length, content int
}

// next reads the field at start, in a message that ends with b. It is not ok if malformed.
func next(b []byte, start int) (f field, ok bool) {
	tag, at, ok := uvarint(b, start)
	if !ok {
		return field{}, false
	}
	f = field{number: uint64(uint32(tag >> 3)), wire: wireType(tag & 7), start: start} // the decoder ignores higher bits, too
	switch f.wire {
	case varint:
		_, at, ok = uvarint(b, at)
	case fixed64:
		at += 8
	case fixed32:
		at += 4
	case bytes:
		var n uint64
		f.length = at
		n, at, ok = uvarint(b, at)
		if n > uint64(len(b)) {
			return field{}, false
		}
		f.content = at
		at += int(n)
	default:
		return field{}, false
	}
	f.end = at
	return f, ok && at <= len(b) && f.number != 0
}

// uvarint reads a varint of at most 64 bits, in the shortest form or not.
func uvarint(b []byte, at int) (v uint64, end int, ok bool) {
	for shift := 0; shift < 64; shift += 7 {
		if at >= len(b) {
			return 0, at, false
		}
		c := b[at]
		at++
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return v, at, true
		}
	}
	return 0, at, false
}

// putUvarint writes v in the shortest form.
func putUvarint(b []byte, v uint64) int {
	i := 0
	for ; v >= 0x80; i++ {
		b[i] = byte(v) | 0x80
		v >>= 7
	}
	b[i] = byte(v)
	return i + 1
}

// sizeUvarint returns how many bytes putUvarint writes.
func sizeUvarint(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }
