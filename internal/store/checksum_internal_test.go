package store

import (
	"hash/crc32"
	"math/rand/v2"
	"testing"
)

// TestChecksum compares the checksum of parts with that of their concatenation.
func TestChecksum(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	f := func(sizes ...int) {
		t.Helper()
		var whole []byte
		var sum checksum
		for i, size := range sizes {
			part := make([]byte, size)
			for j := range part {
				part[j] = byte(rnd.Uint32())
			}
			whole = append(whole, part...)
			if i%2 == 0 {
				sum.add(crc32.ChecksumIEEE(part), size, shift(size))
			} else {
				sum.addText(part)
			}
		}
		if want := crc32.ChecksumIEEE(whole); sum.crc != want || sum.size != int64(len(whole)) {
			t.Errorf("%v: CRC %08x of %d bytes, want %08x of %d", sizes, sum.crc, sum.size, want, len(whole))
		}
	}
	f()
	f(0)
	f(1)
	f(0, 0, 1)
	f(1, 1, 1, 1)
	f(3, 0, 5, 0)
	f(100, 200, 300)
	f(65535, 65536, 65537)
	f(1<<20, 7, 1<<20)
	for range 50 {
		f(rnd.IntN(5000), rnd.IntN(5000), rnd.IntN(5000), rnd.IntN(5000), rnd.IntN(5000))
	}
}
