package snapshot

import (
	"bytes"
	"strings"
)

const (
	scalarToken   = 's'
	endOfDocument = 0
)

// token reads the next token: a bracket, comma or colon, which are their own tokens, or a
// scalarToken. All bytes are added to the text of the innermost object.
func (f *flow) token() (byte, error) {
	blank := false
	for {
		b, err := f.next()
		if err != nil {
			return 0, err
		}
		switch b {
		case '\n':
			f.atLineStart, f.column, blank = true, 0, true
			if f.atMarker() {
				return endOfDocument, nil
			}
		case ' ', '\t':
			f.column++
			blank = true
		case '#':
			if !f.strict && (blank || f.atLineStart) {
				f.skipComment()
				continue
			}
			return f.scalarFrom(b)
		case '{', '}', '[', ']', ',', ':':
			f.afterScalar = false
			f.keep(b)
			return b, nil
		default:
			return f.scalarFrom(b)
		}
		f.keep(b)
	}
}

// next reads a byte and counts lines.
func (f *flow) next() (byte, error) {
	b, err := f.ReadByte()
	if b == '\n' && err == nil {
		f.line++
	}
	return b, err
}

// keep adds a byte to the innermost object.
func (f *flow) keep(b byte) {
	if c := f.innermost(); c == nil {
		return
	} else if len(c.text) < maxObject {
		c.text = append(c.text, b)
	} else {
		c.large = true
	}
}

// innermost returns the object being read, nil between the elements of an array.
func (f *flow) innermost() *flowObject {
	if len(f.frames) == 0 {
		return nil
	}
	c, _ := f.frames[len(f.frames)-1].(*flowObject)
	return c
}

// skipComment skips the rest of the line.
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
	quoted := (b == '"' || b == '\'' && !f.strict) && !f.afterScalar
	f.afterScalar = true
	f.keep(b)
	if quoted {
		if err := f.quotedRest(b); err != nil {
			return 0, err
		}
	} else {
		f.scratch = append(f.scratch, b)
		f.plainRest()
	}
	f.scalar = string(f.scratch)
	return scalarToken, nil
}

// quotedRest reads a quoted scalar behind its first quote. In JSON, and at a document marker, it
// ends with the line, as damaged.
func (f *flow) quotedRest(quote byte) error {
	for {
		b, err := f.next()
		if err != nil {
			return err
		}
		if b == '\n' && (f.strict || f.atMarker()) {
			f.damaged("unterminated string")
			f.scratch, f.afterScalar = bytes.TrimRight(f.scratch, ","), false
			f.line--
			return f.UnreadByte()
		}
		f.keep(b)
		if b == quote {
			if next, err := f.Peek(1); quote != '\'' || err != nil || next[0] != quote {
				return nil
			}
			_, _ = f.Discard(1)
			f.keep(quote)
			f.note(quote)
			continue
		}
		if b == '\\' && quote == '"' {
			if b, err = f.next(); err != nil {
				return err
			}
			f.keep(b)
		}
		f.note(b)
	}
}

// note adds a byte to the scalar, of which the beginning is enough: keys and names are short.
func (f *flow) note(b byte) {
	if len(f.scratch) < maxValue {
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

// atMarker reports whether the next line is a document marker.
func (f *flow) atMarker() bool {
	next, _ := f.Peek(4)
	return isMarker(next)
}
