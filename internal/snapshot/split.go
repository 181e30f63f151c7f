package snapshot

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// A splitter cuts a text into fragments and emits them while it reads: documents of YAML in
// block style, values in flow style (JSON too), and the items of lists in both. It looks at
// indentation, brackets and the top-level keys of an object; the rest is the parser's.
type splitter struct {
	*source
	emit    func(fragment) error
	onStray func(line int, text []byte) // called with lines outside of objects
	err     error                       // of emit

	document int    // number of the current one
	owner    *list  // of the item that is split, if it is one
	item     string // number of that item
	open     *block // the block being read
	previous *block // the block before, which a repeated key ended
	resynced bool   // the text begins within a damaged value
	inLogs   bool   // between the marks of kubectl cluster-info dump
	scratch  []byte
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
	if (b == '{' || b == '[') && !s.inLogs && (s.open == nil || at == 0 || at < s.open.base) {
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

// nextByte peeks at the first byte of the next line that is not white space, and its column.
func (s *splitter) nextByte() (column int, b byte, err error) {
	if mark, _ := s.Peek(3); string(mark) == "\ufeff" {
		_, _ = s.Discard(3)
	}
	for n := 64; ; n *= 2 {
		text, err := s.Peek(n)
		if rest := bytes.TrimLeft(text, " \t"); len(rest) > 0 {
			return len(text) - len(rest), rest[0], nil
		}
		if err != nil || n >= sniffLen {
			if len(text) > 0 {
				return 0, '\n', nil
			}
			return 0, 0, err
		}
	}
}

// flowValue reads a value in flow style and the separator behind it.
func (s *splitter) flowValue(column int) error {
	s.finish()
	_, _ = s.Discard(column)
	f := &flow{splitter: s, owner: s.owner, column: column, number: s.nextDocument()}
	err := f.value(s.item)
	if err == nil {
		err = s.separator(f)
	}
	if f.last != nil {
		s.emitItem(s.owner, *f.last)
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// separator skips a comma or line end behind a value, and notes if the value seems to go on.
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
	if strings.IndexByte("}]:\"", b) >= 0 && !s.resynced && f.last != nil && f.last.problem == "" {
		f.last.problem = trailingText
	}
	return nil
}

// inner splits the text behind a document marker in its line.
func (s *splitter) inner(text []byte, line int) {
	if rest := bytes.TrimSpace(text); rest[0] == '!' || rest[0] == '&' || rest[0] == '|' || rest[0] == '>' {
		return // a tag, anchor or block scalar indicator
	}
	sub := *s
	sub.source = newSource(bytes.NewReader(bytes.Clone(text)), line)
	sub.err = sub.split()
	s.document, s.err = sub.document, sub.err
}

// nextDocument numbers a document. Items belong to the document of their list.
func (s *splitter) nextDocument() int {
	if s.item == "" {
		s.document++
	}
	return s.document
}

// emitItem emits a fragment, with the kind that its list implies. It is held back while the kind
// of the list is unknown.
func (s *splitter) emitItem(of *list, u fragment) {
	if of != nil && u.kind == "" && u.apiVersion == "" {
		if of.kind == "" && of.bytes < maxHeld {
			of.held = append(of.held, u)
			of.bytes += len(u.text)
			return
		}
		u.header = u.impliedKind(of.header)
	}
	s.send(u)
}

// emitHeld emits the items that were held back.
func (s *splitter) emitHeld(of *list) {
	for _, u := range of.held {
		u.header = u.impliedKind(of.header)
		s.send(u)
	}
	of.held, of.bytes = nil, 0
}

// A list is the header of a list and the items held back until its kind is known.
type list struct {
	header
	held  []fragment
	bytes int // of them
}
