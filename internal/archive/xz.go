package archive

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"slices"

	"github.com/ulikunitz/xz/lzma"
)

// xzMagic begins a stream.
const xzMagic = "\xfd7zXZ\x00"

var (
	errXZ    = errors.New("xz: corrupt data")
	errXZSum = errors.New("xz: wrong checksum")
)

// An xzReader reads the streams of an xz file (https://tukaani.org/xz/xz-file-format.txt). Blocks are
// decompressed by a library. Its own reader of xz files would allocate whatever window a block asks for.
type xzReader struct {
	from  *bufio.Reader
	check byte // of the stream
	began bool // a stream has been read

	block *lzma.Reader2 // nil between blocks
	in    *bytesRead    // of the block
	sum   hash.Hash     // of the block's text, nil for none that is known
	err   error
}

func (x *xzReader) Read(p []byte) (int, error) {
	for x.err == nil && len(p) > 0 {
		if x.block == nil {
			x.err = x.next()
			continue
		}
		n, err := x.block.Read(p)
		if x.sum != nil {
			x.sum.Write(p[:n])
		}
		switch {
		case errors.Is(err, io.EOF):
			x.block = nil
			x.err = x.endBlock()
		case err != nil:
			x.err = err
		}
		if n > 0 {
			return n, nil
		}
	}
	if len(p) == 0 {
		return 0, nil
	}
	return 0, x.err
}

// next begins the next block. Between streams there may be zeros.
func (x *xzReader) next() error {
	if !x.began {
		return x.begin()
	}
	first, err := x.from.ReadByte()
	if err != nil {
		return truncated(err)
	}
	if first != 0 {
		return x.beginBlock(first)
	}
	if err := x.index(); err != nil {
		return err
	}
	for {
		four, err := x.from.Peek(4)
		switch {
		case len(four) == 0 && errors.Is(err, io.EOF):
			return io.EOF
		case err != nil:
			return truncated(err)
		case !bytes.Equal(four, make([]byte, 4)):
			return x.begin()
		}
		_, _ = x.from.Discard(4)
	}
}

// begin reads the header of a stream.
func (x *xzReader) begin() error {
	header := make([]byte, 12)
	if _, err := io.ReadFull(x.from, header); err != nil {
		return truncated(err)
	}
	if string(header[:6]) != xzMagic || header[6] != 0 || header[7] > 15 {
		return errXZ
	}
	if crc32.ChecksumIEEE(header[6:8]) != binary.LittleEndian.Uint32(header[8:]) {
		return errXZSum
	}
	x.check, x.began = header[7], true
	return nil
}

// beginBlock reads the header of a block, whose first byte is its size.
func (x *xzReader) beginBlock(size byte) error {
	header := make([]byte, (int(size)+1)*4)
	header[0] = size
	if _, err := io.ReadFull(x.from, header[1:]); err != nil {
		return truncated(err)
	}
	fields, sum := header[:len(header)-4], header[len(header)-4:]
	if crc32.ChecksumIEEE(fields) != binary.LittleEndian.Uint32(sum) {
		return errXZSum
	}
	window, err := windowOf(fields[1], bytes.NewReader(fields[2:]))
	if err != nil {
		return err
	}
	x.in = &bytesRead{from: x.from}
	x.sum = nil
	switch x.check {
	case 1:
		x.sum = crc32.NewIEEE()
	case 4:
		x.sum = crc64.New(crc64.MakeTable(crc64.ECMA))
	case 10:
		x.sum = sha256.New()
	}
	x.block, err = lzma.Reader2Config{DictCap: window}.NewReader2(x.in)
	return err
}

// windowOf returns the window that a block needs, by the flags and the other fields of its header.
func windowOf(flags byte, fields *bytes.Reader) (int, error) {
	const (
		hasSize, hasTextSize = 0x40, 0x80
		lzma2                = 0x21
	)
	var numbers []uint64 // sizes that the text shows anyway, the filter, the size of its properties
	for _, present := range []bool{flags&hasSize != 0, flags&hasTextSize != 0, true, true} {
		if !present {
			continue
		}
		n, err := binary.ReadUvarint(fields)
		if err != nil {
			return 0, errXZ
		}
		numbers = append(numbers, n)
	}
	filter := numbers[len(numbers)-2:]
	properties, err := fields.ReadByte()
	switch {
	case flags&0x3f != 0 || filter[0] != lzma2:
		return 0, errors.New("xz: has filters for programs, which are not supported")
	case err != nil || filter[1] != 1 || properties > 40:
		return 0, errXZ
	}
	window := int64(2|properties&1) << (properties/2 + 11)
	if window > maxWindow {
		return 0, fmt.Errorf("xz: needs a window of more than %s", bytesOf(maxWindow))
	}
	return int(max(window, lzma.MinDictCap)), nil
}

// endBlock reads the padding and the checksum of a block.
func (x *xzReader) endBlock() error {
	sizes := [16]int{0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64}
	padding := int(-x.in.n & 3)
	end := make([]byte, padding+sizes[x.check])
	if _, err := io.ReadFull(x.from, end); err != nil {
		return truncated(err)
	}
	if x.sum == nil {
		return nil
	}
	want := x.sum.Sum(nil)
	if x.check != 10 { // hashes of Go are in the other order
		slices.Reverse(want)
	}
	if !bytes.Equal(end[padding:], want) {
		return errXZSum
	}
	return nil
}

// index skips the index of a stream behind its first byte, and reads the end of the stream.
func (x *xzReader) index() error {
	in := &bytesRead{from: x.from, n: 1}
	records, err := binary.ReadUvarint(in)
	for i := uint64(0); i < records && err == nil; i++ {
		if _, err = binary.ReadUvarint(in); err == nil {
			_, err = binary.ReadUvarint(in)
		}
	}
	if err != nil {
		return truncated(err)
	}
	end := make([]byte, -in.n&3+4+12) // padding, checksum, and the footer
	if _, err := io.ReadFull(x.from, end); err != nil {
		return truncated(err)
	}
	if string(end[len(end)-2:]) != "YZ" {
		return errXZ
	}
	return nil
}

// truncated returns the error of a text that ended too early.
func truncated(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// bytesRead counts what is read.
type bytesRead struct {
	from *bufio.Reader
	n    int64
}

func (b *bytesRead) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	b.n += int64(n)
	return n, err
}

func (b *bytesRead) ReadByte() (byte, error) {
	c, err := b.from.ReadByte()
	if err == nil {
		b.n++
	}
	return c, err
}
