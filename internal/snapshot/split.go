package snapshot

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// A splitter cuts a text into what may be objects, and gives them on while it reads:
// documents of YAML in block style, the items of their lists, and values in flow style.
// It looks at the indentation of lines and the keys of the object itself; what is below
// them is for the parser.
type splitter struct {
	*source
	emit     func(unit) error
	junk     func(line int, text []byte)
	document int
	owner    *list  // of what is split, if that is an item
	item     string // its number
	open     *chunk // that is being read
	before   *chunk // the one that a key has ended which came again
	rescued  bool   // it has lost what it was in, of which the end may follow
	scratch  []byte
	err      error // of emit
}

// split reads the text to its end.
func (s *splitter) split() error {
	for s.err == nil {
		err := s.step()
		if errors.Is(err, io.EOF) {
			s.finish()
			return s.err
		}
		if err != nil {
			s.finish()
			return errors.Join(s.err, err)
		}
	}
	return s.err
}

// step reads the next line, or the value in flow style that begins in it.
func (s *splitter) step() error {
	at, b, err := s.nextByte()
	if err != nil {
		return err
	}
	if (b == '{' || b == '[') && (s.open == nil || at == 0 || at < s.open.base) {
		if next, _ := s.Peek(at + 2); !bytes.HasSuffix(next, []byte("{{")) {
			return s.flowValue(at)
		}
	}
	line, err := s.readLine()
	if err != nil {
		return err
	}
	s.take(bytes.TrimPrefix(line, []byte("\ufeff")))
	return nil
}

// nextByte gives the first byte of the next line that is no space, and its column.
func (s *splitter) nextByte() (column int, b byte, err error) {
	if mark, _ := s.Peek(3); string(mark) == "\ufeff" {
		_, _ = s.Discard(3)
	}
	for n := 64; ; n *= 2 {
		text, err := s.Peek(n)
		if rest := bytes.TrimLeft(text, " \t"); len(rest) > 0 {
			return len(text) - len(rest), rest[0], nil
		}
		if err != nil || n >= peeked {
			if len(text) > 0 {
				return 0, '\n', nil
			}
			return 0, 0, err
		}
	}
}

// flowValue reads a value in flow style, and what separates it from the next.
func (s *splitter) flowValue(column int) error {
	s.finish()
	_, _ = s.Discard(column)
	f := &flow{splitter: s, owner: s.owner, column: column, number: s.nextDocument()}
	err := f.value(s.item)
	if err == nil {
		err = s.separator(f)
	}
	if f.last != nil {
		s.give(s.owner, *f.last)
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// separator reads what is between values in flow style.
func (s *splitter) separator(f *flow) error {
	column, b, err := s.nextByte()
	if err != nil {
		return err
	}
	if b == ',' || b == '\n' {
		_, _ = s.Discard(column + 1)
		if b == ',' {
			return nil
		}
		s.line++
		if _, b, err = s.nextByte(); err != nil {
			return err
		}
	}
	if strings.IndexByte("}]:\"", b) >= 0 && !s.rescued && f.last != nil && f.last.problem == "" {
		f.last.problem = "there is more of it behind its last bracket"
	}
	return nil
}

// inner splits what is behind the marker of a document in its line.
func (s *splitter) inner(text []byte, line int) {
	if rest := bytes.TrimSpace(text); rest[0] == '!' || rest[0] == '&' || rest[0] == '|' || rest[0] == '>' {
		return // about the node that follows
	}
	sub := *s
	sub.source = newSource(bytes.NewReader(bytes.Clone(text)), line)
	sub.err = sub.split()
	s.document, s.err = sub.document, sub.err
}

func (s *splitter) nextDocument() int {
	if s.item == "" {
		s.document++
	}
	return s.document
}

// give gives on an object, or has it wait for the kind of its list.
func (s *splitter) give(of *list, u unit) {
	if of != nil && u.kind == "" && u.apiVersion == "" {
		if of.kind == "" {
			of.held = append(of.held, u)
			return
		}
		u.head = u.impliedKind(of.head)
	}
	s.send(u)
}

// release gives on what has waited for the kind of a list.
func (s *splitter) release(of *list) {
	for _, u := range of.held {
		u.head = u.impliedKind(of.head)
		s.send(u)
	}
	of.held = nil
}

// A list knows what its items belong to; those without a kind wait for its kind.
type list struct {
	head
	held []unit
}
