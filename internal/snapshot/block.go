package snapshot

import (
	"bytes"
	"strconv"
	"strings"
)

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

// take takes a line of block style, or of text.
func (s *splitter) take(line []byte) {
	if isMarker(line) {
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
