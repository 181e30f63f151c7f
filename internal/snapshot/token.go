package snapshot

import (
	"bytes"
	"strings"
)

const (
	scalarToken   = 's'
	endOfDocument = 0
)

// token gives the next token: a bracket, comma or colon, or scalarToken. All bytes go into the
// text of the innermost candidate.
func (f *flow) token() (byte, error) {
	blank := false
	for {
		b, err := f.next()
		if err != nil {
			return 0, err
		}
		switch b {
		case '\n':
			f.first, f.column, blank = true, 0, true
			if f.atMarker() {
				return endOfDocument, nil
			}
		case ' ', '\t':
			f.column++
			blank = true
		case '#':
			if !f.strict && (blank || f.first) {
				f.skipComment()
				continue
			}
			return f.scalarFrom(b)
		case '{', '}', '[', ']', ',', ':':
			f.plain = false
			f.keep(b)
			return b, nil
		default:
			return f.scalarFrom(b)
		}
		f.keep(b)
	}
}

func (f *flow) next() (byte, error) {
	b, err := f.ReadByte()
	if b == '\n' && err == nil {
		f.line++
	}
	return b, err
}

// keep adds a byte to the innermost candidate.
func (f *flow) keep(b byte) {
	if c := f.innermost(); c != nil {
		c.text = append(c.text, b)
	}
}

// innermost is the candidate that is being read, nil between elements.
func (f *flow) innermost() *candidate {
	if len(f.frames) == 0 {
		return nil
	}
	c, _ := f.frames[len(f.frames)-1].(*candidate)
	return c
}

func (f *flow) skipComment() {
	for {
		next, err := f.Peek(1)
		if err != nil || next[0] == '\n' {
			return
		}
		_, _ = f.Discard(1)
	}
}

// scalarFrom reads a scalar of which b is the first byte.
func (f *flow) scalarFrom(b byte) (byte, error) {
	f.scratch = f.scratch[:0]
	if f.scalars++; f.scalars == 1 {
		f.strict = b == '"'
	}
	quoted := (b == '"' || b == '\'' && !f.strict) && !f.plain
	f.plain = true
	f.keep(b)
	if !quoted {
		f.scratch = append(f.scratch, b)
		f.plainRest()
		f.scalar = string(f.scratch)
		return scalarToken, nil
	}
	for {
		c, err := f.next()
		if err != nil {
			return 0, err
		}
		if c == '\n' && (f.strict || f.atMarker()) {
			f.damaged("a string does not end in its line")
			f.scratch, f.plain = bytes.TrimRight(f.scratch, ","), false
			f.line--
			_ = f.UnreadByte()
			break
		}
		f.keep(c)
		if c == b {
			if next, err := f.Peek(1); b == '\'' && err == nil && next[0] == b {
				_, _ = f.Discard(1)
				f.keep(b)
				f.scratch = append(f.scratch, b)
				continue
			}
			break
		}
		if c == '\\' && b == '"' {
			if c, err = f.next(); err != nil {
				return 0, err
			}
			f.keep(c)
		}
		f.note(c)
	}
	f.scalar = string(f.scratch)
	return scalarToken, nil
}

// note adds a byte to the text of the scalar, of which only the beginning counts.
func (f *flow) note(b byte) {
	if len(f.scratch) < 512 {
		f.scratch = append(f.scratch, b)
	}
}

// plainRest reads the rest of an unquoted scalar.
func (f *flow) plainRest() {
	for {
		next, _ := f.Peek(2)
		if len(next) == 0 {
			return
		}
		switch next[0] {
		case ' ', '\t', '\n', ',', '[', ']', '{', '}':
			return
		case ':':
			if f.strict || len(next) == 1 || strings.IndexByte(" \t\n,[]{}\"'", next[1]) >= 0 {
				return
			}
		}
		_, _ = f.Discard(1)
		f.keep(next[0])
		f.note(next[0])
	}
}

// atMarker says whether the next line separates documents.
func (f *flow) atMarker() bool {
	next, _ := f.Peek(4)
	return isMarker(next)
}
