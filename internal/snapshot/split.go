package snapshot

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strconv"
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

// A chunk is an object in block style that is being read.
type chunk struct {
	unit
	base     int    // indentation of its keys
	seen     int    // of the keys of once
	cut      bool   // the line before was text that is no part of it
	repeated string // the key that ended it, since it came again

	list    *list // of its items in block style, if it has some
	bare    bool  // a sequence without a list around it
	inItems bool  // they are being read
	dash    int   // indentation of their dashes, -1 before the first
	count   int
	one     []byte // the one that is being read, nil if none is
	oneAt   int    // its first line
	cutOff  string // why the last one is not whole
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

// take takes a line of block style, or of text.
func (s *splitter) take(line []byte) {
	for _, marker := range []string{"---", "..."} {
		if !isMarker(line, marker) {
			continue
		}
		s.finish()
		if rest := bytes.TrimSpace(line[3:]); len(rest) > 0 && rest[0] != '#' {
			s.inner(line[3:], s.line-1)
		}
		return
	}
	indent := indentOf(line)
	content := line[indent:]
	switch {
	case len(bytes.TrimSpace(content)) == 0 || content[0] == '#':
		if s.open != nil {
			s.open.add(line)
		}
	case s.open == nil:
		s.begin(line, indent, content)
	default:
		s.within(line, indent, content)
	}
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

// begin takes a line where nothing is open.
func (s *splitter) begin(line []byte, indent int, content []byte) {
	key, rest, isKey := keyOf(content)
	switch {
	case isKey:
		s.openChunk(indent)
		s.key(line, string(key), rest)
	case isDash(content):
		s.openChunk(indent)
		s.open.bare, s.open.inItems, s.open.list, s.open.dash = true, true, &list{}, indent
		s.open.begin(line, indent, s.line-1)
	case content[0] == '%' && indent == 0, bytes.Equal(bytes.TrimSpace(content), []byte("null")), bytes.Equal(bytes.TrimSpace(content), []byte("~")):
	default:
		s.stray(line)
	}
}

func (s *splitter) openChunk(indent int) {
	s.open = &chunk{unit: unit{line: s.line - 1, document: s.nextDocument(), item: s.item}, base: indent, dash: -1}
}

func (s *splitter) nextDocument() int {
	if s.item == "" {
		s.document++
	}
	return s.document
}

// add adds a line to what is being read.
func (c *chunk) add(line []byte) {
	if !c.inItems {
		c.text = append(append(c.text, line...), '\n')
	} else if c.one != nil {
		c.one = append(append(c.one, line...), '\n')
	}
}

// begin begins an item with a line, which may have a dash.
func (c *chunk) begin(line []byte, indent, number int) {
	c.count++
	c.oneAt = number
	c.one = append(append([]byte{}, line...), '\n')
	if c.one[indent] == '-' {
		c.one[indent] = ' '
	}
}

// within takes a line where a chunk is open.
func (s *splitter) within(line []byte, indent int, content []byte) {
	c := s.open
	key, rest, isKey := keyOf(content)
	if c.inItems && s.inList(line, indent, content, key) {
		return
	}
	switch {
	case indent > c.base:
		c.cut = false
		c.add(line)
	case indent < c.base, isKey && c.bare:
		s.finish()
		s.begin(line, indent, content)
	case isKey:
		s.key(line, string(key), rest)
	case isDash(content) || strings.IndexByte("}]\"'", content[0]) >= 0:
		c.add(line)
	default:
		c.cut = true
		s.stray(line)
	}
}

// inList takes a line of the items of a list, and says whether it was one.
func (s *splitter) inList(line []byte, indent int, content, key []byte) bool {
	c := s.open
	switch {
	case c.dash < 0 && isDash(content) && indent >= c.base:
		c.dash = indent
		c.begin(line, indent, s.line-1)
	case c.dash < 0 && indent > c.base:
		c.inItems, c.list, c.inline = false, nil, true
		c.add([]byte("items:"))
		c.add(line)
	case c.dash < 0, key != nil && indent <= c.base, indent < c.base:
		return false
	case indent == c.dash && isDash(content):
		s.endItem(c)
		c.begin(line, indent, s.line-1)
	case indent > c.dash && c.cut && key != nil && c.hasKey(key, indent):
		s.endItem(c) // the line before was its first, and is none any more
		c.begin(line, indent, s.line-1)
	case indent > c.dash && c.one != nil:
		c.add(line)
	default:
		c.cut = true
		s.stray(line)
		return true
	}
	c.cut = false
	return true
}

// hasKey says whether the item that is being read has a key of once already.
func (c *chunk) hasKey(key []byte, indent int) bool {
	bit, first := once[string(key)], indentOf(c.one)
	for line := range bytes.Lines(c.one) {
		if k, _, ok := keyOf(line[min(first, len(line)):]); ok && indent == first && once[string(k)]&bit != 0 {
			return true
		}
	}
	return false
}

// key takes a line with a key of the object itself.
func (s *splitter) key(line []byte, key string, rest []byte) {
	if s.open.seen&once[key] != 0 {
		s.again(key)
	}
	c := s.open
	c.seen |= once[key]
	c.cut, c.inItems = false, false
	s.endItem(c)
	value := scalar(rest)
	switch {
	case key != "items":
		c.set(key, value)
		if c.list != nil {
			c.list.head = c.head
		}
	case value == "", value == "null", value == "~", value == "[]":
		c.hasItems = true
		c.list = &list{head: c.head}
		c.inItems = value == ""
		return
	default:
		c.inline = true
	}
	c.add(line)
}

// again ends the open chunk at a key that it has already: so begins the next of two outputs
// in one file. What came before is held until it is clear that the next is whole.
func (s *splitter) again(key string) {
	c := s.open
	c.repeated = key
	if c.cut || c.list != nil {
		s.finish()
	} else {
		s.endBefore()
		s.before, s.open = c, nil
	}
	s.openChunk(c.base)
}

// finish ends what is being read.
func (s *splitter) finish() {
	c := s.open
	s.open = nil
	if c == nil {
		s.endBefore()
		return
	}
	if b := s.before; b != nil && !c.isWhole(b) {
		s.before = nil
		b.problem = "key " + b.repeated + " is there twice, the second time in line " + strconv.Itoa(c.line)
		s.end(b)
		if c.hasMetadata && c.list == nil && c.problem == "" {
			c.problem = "its beginning is missing"
			s.end(c)
			return
		}
		if c.list != nil {
			s.end(c)
		}
		return
	}
	s.endBefore()
	s.end(c)
}

// isWhole says whether a chunk that a repeated key began is an object like the one before.
func (c *chunk) isWhole(before *chunk) bool {
	if c.kind == "" && c.apiVersion == "" {
		return before.kind == "" && before.apiVersion == "" && before.hasMetadata && c.hasMetadata
	}
	return c.kind != "" && c.apiVersion != ""
}

func (s *splitter) endBefore() {
	if s.before != nil {
		c := s.before
		s.before = nil
		s.end(c)
	}
}

// end gives on the object of a chunk.
func (s *splitter) end(c *chunk) {
	if c.list != nil {
		if c.kind == "" && c.apiVersion != "" && s.err == nil {
			c.cutOff = "the text ends within it, or the list has no kind"
		}
		s.endItem(c)
		c.list.head = c.head
		s.release(c.list)
	}
	if c.bare || c.isList() && c.problem == "" {
		return
	}
	h := blockHead(c.text)
	c.namespace, c.name = h.namespace, h.name
	s.give(s.owner, c.unit)
}

// endItem gives on the item that is being read.
func (s *splitter) endItem(c *chunk) {
	text := c.one
	c.one = nil
	if text == nil {
		return
	}
	number := strings.TrimPrefix(c.item+"."+strconv.Itoa(c.count), ".")
	h := blockHead(text)
	first := bytes.TrimLeft(text, " \n")
	_, _, isKey := keyOf(first)
	if c.cutOff != "" || isKey && !h.twice && !h.isList() {
		s.give(c.list, unit{head: h, text: text, line: c.oneAt, document: c.document, item: number, problem: c.cutOff})
		return
	}
	sub := &splitter{
		source: newSource(bytes.NewReader(text), c.oneAt), emit: s.emit, junk: s.junk,
		owner: c.list, item: number, document: c.document,
	}
	if err := sub.split(); err != nil && s.err == nil {
		s.err = err
	}
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

func (s *splitter) send(u unit) {
	if u.flow && u.problem != "" && !json.Valid(u.text) {
		if at := swallowed.FindSubmatchIndex(u.text); at != nil {
			s.sendBoth(u, at[2])
			return
		}
	}
	if s.err == nil {
		s.err = s.emit(u)
	}
}

// swallowed is the beginning of an object in JSON behind another one.
var swallowed = regexp.MustCompile(`(?s).\s*(\{\s*"(?:apiVersion|kind)"\s*:\s*"[^"]*"\s*,\s*"(?:apiVersion|kind|items)"\s*:\s*(?:"[^"]*"\s*,\s*"metadata"\s*:|\[))`)

// stray takes a line that belongs to no object, though there may be one in it.
func (s *splitter) stray(line []byte) {
	number := s.line - 1
	if at := swallowed.FindSubmatchIndex(line); at != nil {
		s.junk(number, line[:at[2]])
		s.rescue(bytes.Clone(line[at[2]:]), number, s.item, s.document)
		return
	}
	s.junk(number, line)
}

// sendBoth gives on a damaged object, and what it seems to have swallowed from some byte on.
func (s *splitter) sendBoth(u unit, at int) {
	rest := u.text[at:]
	u.text = u.text[:at]
	for _, known := range []*string{&u.kind, &u.namespace, &u.name} {
		if !bytes.Contains(u.text, []byte(`"`+*known+`"`)) {
			*known = "" // it is of the other
		}
	}
	s.send(u)
	s.rescue(rest, u.line+bytes.Count(u.text, []byte("\n")), u.item, u.document)
}

// rescue splits text that has lost what it was in.
func (s *splitter) rescue(text []byte, line int, item string, document int) {
	emit := func(u unit) error {
		if u.problem == "" && u.namespace == "" && !bytes.Contains(u.text, []byte(`"uid"`)) {
			u.problem = "it may be a template within a damaged object"
		}
		return s.emit(u)
	}
	sub := &splitter{source: newSource(bytes.NewReader(text), line), emit: emit, item: cmp.Or(item, "1"), document: document, rescued: true}
	sub.junk = func(line int, text []byte) {
		if text = bytes.TrimSpace(text); len(text) > 0 && strings.IndexByte("]}", text[0]) < 0 {
			s.junk(line, text)
		}
	}
	if err := sub.split(); err != nil && s.err == nil {
		s.err = err
	}
}
