package inflate

import (
	"math/bits"
	"slices"
)

// A table decodes a prefix code. The first table is indexed by the next bits of the input; an
// entry is that of the code with which the index begins. Longer codes have subtables behind it.
type table struct {
	entries []uint32
}

// An entry has the number of bits of a code, the number of extra bits behind the code, and a value.
// The value of a subtable is its offset, and its extra bits are its index.
const (
	codeBits   = 0xff
	extraShift = 8
	extraBits  = 0x0f
	literal    = 1 << 12 // the value is a byte
	endOfBlock = 1 << 13
	subtable   = 1 << 14
	valueShift = 16
	invalid    = 0
)

// Index bits of the first tables: most codes are not longer.
const (
	lengthBits     = 10
	distBits       = 8
	codeLengthBits = 7 // of the longest code
	maxBits        = 15

	maxLengths = 286
	maxDists   = 30
)

// Entries of the symbols, without the bits of a code, by RFC 1951, section 3.2.5.
var lengthEntries, distEntries, codeLengthEntries = func() (lengths [288]uint32, dists [32]uint32, own [19]uint32) {
	for i := range 256 {
		lengths[i] = uint32(i)<<valueShift | literal
	}
	lengths[256] = endOfBlock
	base := 3
	for i := range 28 {
		extra := max(0, i/4-1)
		lengths[257+i] = uint32(base)<<valueShift | uint32(extra)<<extraShift
		base += 1 << extra
	}
	lengths[285] = 258 << valueShift
	base = 1
	for i := range maxDists {
		extra := max(0, i/2-1)
		dists[i] = uint32(base)<<valueShift | uint32(extra)<<extraShift
		base += 1 << extra
	}
	for i := range own {
		own[i] = uint32(i) << valueShift
	}
	return lengths, dists, own
}()

// codeLengthOrder is the order of the lengths of the code length code.
var codeLengthOrder = [19]byte{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// The lengths of the fixed codes, section 3.2.6.
var fixedLengths, fixedDists = func() (lengths [288]byte, dists [32]byte) {
	for i := range lengths {
		switch {
		case i < 144:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		default:
			lengths[i] = 8
		}
	}
	for i := range dists {
		dists[i] = 5
	}
	return lengths, dists
}()

// build makes the table of a code from the code lengths of its symbols, 0 for none, and their
// entries. It reports whether the code is complete; a code of one symbol or none need not be.
func (t *table) build(lengths []byte, symbols []uint32, firstBits int) bool {
	var counts [maxBits + 1]int
	for _, n := range lengths {
		counts[n]++
	}
	longest := maxBits
	for longest > 0 && counts[longest] == 0 {
		longest--
	}
	counts[0] = 0
	var next [maxBits + 2]int // code of each length
	for n := 1; n <= longest; n++ {
		next[n+1] = (next[n] + counts[n]) << 1
	}
	if used := next[longest+1] >> 1; used != 1<<longest && longest > 0 && (longest != 1 || used != 1) {
		return false
	}
	size := 1 << firstBits
	t.entries = slices.Grow(t.entries[:0], size)[:size]
	clear(t.entries)
	for symbol, n := range lengths {
		if n == 0 {
			continue
		}
		code := int(bits.Reverse16(uint16(next[n])) >> (16 - n))
		next[n]++
		e := symbols[symbol] | uint32(n)
		if int(n) <= firstBits {
			fill(t.entries[:size], code, 1<<n, e)
			continue
		}
		first := t.subtable(code&(size-1), firstBits, longest-firstBits)
		fill(t.entries[first:first+1<<(longest-firstBits)], code>>firstBits, 1<<(int(n)-firstBits), e)
	}
	return true
}

// fill sets every step-th entry from the first on.
func fill(entries []uint32, first, step int, e uint32) {
	for i := first; i < len(entries); i += step {
		entries[i] = e
	}
}

// subtable returns the offset of the subtable of a prefix and creates it if there is none.
func (t *table) subtable(prefix, firstBits, indexBits int) int {
	if e := t.entries[prefix]; e != invalid {
		return int(e >> valueShift)
	}
	start := len(t.entries)
	t.entries = slices.Grow(t.entries, 1<<indexBits)[:start+1<<indexBits]
	clear(t.entries[start:])
	t.entries[prefix] = subtable | uint32(start)<<valueShift | uint32(indexBits)<<extraShift | uint32(firstBits)
	return start
}
