package store

import "hash/crc32"

// The CRC-32 of a text is a polynomial over GF(2) modulo P, in the reversed bit order of gzip: the
// highest bit of a uint32 is the coefficient of x^0. Appending n bytes to a text multiplies the CRC
// by x^(8n), so that the CRC of a concatenation follows from the CRCs and lengths of the parts.

// powers holds x^(2^k) modulo P.
var powers = func() (p [64]uint32) {
	p[0] = 1 << 30 // x
	for k := 1; k < len(p); k++ {
		p[k] = multiply(p[k-1], p[k-1])
	}
	return p
}()

// multiply returns a·b modulo P.
func multiply(a, b uint32) uint32 {
	var product uint32
	for ; a != 0; a <<= 1 {
		if a&(1<<31) != 0 {
			product ^= b
		}
		b = b>>1 ^ crc32.IEEE&-(b&1) // b·x
	}
	return product
}

// shift returns x^(8n) modulo P, the factor of a CRC for n more bytes.
func shift(n int) uint32 {
	s := uint32(1 << 31) // 1
	for k, bits := 3, uint(n); bits != 0; k, bits = k+1, bits>>1 {
		if bits&1 != 0 {
			s = multiply(s, powers[k])
		}
	}
	return s
}

// checksum is the CRC-32 and the length of a concatenation.
type checksum struct {
	crc  uint32
	size int64
}

// add appends a part with the given CRC and length, and the shift of that length.
func (c *checksum) add(crc uint32, size int, shift uint32) {
	c.crc = multiply(shift, c.crc) ^ crc
	c.size += int64(size)
}

// addText appends a part.
func (c *checksum) addText(text []byte) {
	c.crc = crc32.Update(c.crc, crc32.IEEETable, text)
	c.size += int64(len(text))
}
