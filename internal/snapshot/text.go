package snapshot

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// A source reads plain text by lines or bytes, and counts lines.
type source struct {
	*bufio.Reader
	line int // number of the line of the next byte
}

// sniffLen is the length of the text that is searched for objects.
const sniffLen = 64 << 10

func newSource(r io.Reader, line int) *source {
	return &source{bufio.NewReaderSize(r, sniffLen), line}
}

// readLine returns the next line without its end, or the beginning of a line that is longer than an
// object. The line is valid until the next read.
func (s *source) readLine() ([]byte, error) {
	line, err := s.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		whole := bytes.Clone(line)
		for errors.Is(err, bufio.ErrBufferFull) {
			line, err = s.ReadSlice('\n')
			if len(whole) < maxObject {
				whole = append(whole, line...)
			}
		}
		line = whole
	}
	if len(line) == 0 {
		return nil, err
	}
	s.line++
	return bytes.TrimSuffix(line, []byte("\n")), nil
}

var errNoMark = errors.New("is UTF-16 or UTF-32 without a byte order mark: convert it to UTF-8, for example with iconv")

// plainText converts the text of a file to UTF-8 with LF line ends. It detects UTF-16 by its byte
// order mark. An invalid code unit becomes an invalid byte, which checkEncoding finds.
func plainText(file *bufio.Reader) (io.Reader, error) {
	head, _ := file.Peek(64)
	var text io.Reader = file
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe\x00\x00")), bytes.HasPrefix(head, []byte("\x00\x00\xfe\xff")):
		return nil, errors.New("is UTF-32: convert it to UTF-8, for example with iconv")
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		text = &utf16Reader{from: file, order: binary.LittleEndian}
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		text = &utf16Reader{from: file, order: binary.BigEndian}
	case looksUTF16(head):
		return nil, errNoMark
	}
	return &newlineReader{from: text}, nil
}

// looksUTF16 reports whether text looks like UTF-16 or UTF-32 without a byte order mark: every
// other byte is zero.
func looksUTF16(head []byte) bool {
	if len(head) < 8 {
		return false
	}
	even, odd := 0, 0
	for i, b := range head {
		switch {
		case b != 0:
		case i%2 == 0:
			even++
		default:
			odd++
		}
	}
	return max(even, odd) > len(head)*2/5 && min(even, odd) < len(head)*2/5
}

// A newlineReader replaces CR LF and lone CR by LF.
type newlineReader struct {
	from io.Reader
	cr   bool // the byte before was a CR
}

func (l *newlineReader) Read(p []byte) (int, error) {
	for {
		n, err := l.from.Read(p)
		if n == 0 || !l.cr && bytes.IndexByte(p[:n], '\r') < 0 {
			return n, err
		}
		kept := p[:0]
		for _, b := range p[:n] {
			skip := b == '\n' && l.cr
			l.cr = b == '\r'
			switch {
			case skip:
			case l.cr:
				kept = append(kept, '\n')
			default:
				kept = append(kept, b)
			}
		}
		if len(kept) > 0 || err != nil {
			return len(kept), err
		}
	}
}

// A utf16Reader converts UTF-16 to UTF-8.
type utf16Reader struct {
	from  *bufio.Reader
	order binary.ByteOrder
	text  []byte // converted, not read yet
}

// errHalf is returned for half a code unit at the end of the text.
var errHalf = errors.New("half a code unit")

// invalid is a byte that is invalid in UTF-8.
const invalid = 0xff

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.text) < len(p) {
		unit, err := u.codeUnit()
		switch {
		case errors.Is(err, errHalf):
			u.text = append(u.text, invalid)
			continue
		case err != nil && len(u.text) > 0:
		case err != nil:
			return 0, err
		default:
			u.text = u.decode(unit)
			continue
		}
		break
	}
	n := copy(p, u.text)
	u.text = u.text[:copy(u.text, u.text[n:])]
	return n, nil
}

func (u *utf16Reader) codeUnit() (rune, error) {
	var two [2]byte
	switch n, err := io.ReadFull(u.from, two[:]); {
	case n == 1:
		return 0, errHalf
	case err != nil:
		return 0, err
	}
	return rune(u.order.Uint16(two[:])), nil
}

func (u *utf16Reader) decode(unit rune) []byte {
	if !utf16.IsSurrogate(unit) {
		return utf8.AppendRune(u.text, unit)
	}
	if next, err := u.from.Peek(2); err == nil {
		if r := utf16.DecodeRune(unit, rune(u.order.Uint16(next))); r != utf8.RuneError {
			_, _ = u.from.Discard(2)
			return utf8.AppendRune(u.text, r)
		}
	}
	return append(u.text, invalid)
}

// checkEncoding looks for bytes that are not text. The text begins at the given line.
func checkEncoding(text []byte, line int) *defect {
	at, what := bytes.IndexByte(text, 0), "a NUL byte"
	if at < 0 {
		if utf8.Valid(text) {
			return nil
		}
		what = "invalid UTF-8"
		for at = 0; at < len(text); {
			r, n := utf8.DecodeRune(text[at:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			at += n
		}
	}
	return &defect{line: line + bytes.Count(text[:at], []byte("\n")), reason: what}
}
