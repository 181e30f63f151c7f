package snapshot

import (
	"bytes"
	"strconv"
	"strings"
)

// A block is an object in YAML block style that is being read.
type block struct {
	fragment
	base        int    // indentation of its keys
	seen        int    // set of objectKeys
	afterStray  bool   // the line before was a stray one
	repeatedKey string // that ended the block

	list       *list // of its items, if they are in block style
	sequence   bool  // a top-level sequence, not a list object
	inItems    bool  // the items are being read
	dashIndent int   // indentation of their dashes, -1 before the first
	count      int
	itemText   []byte // the item being read, nil between items
	itemLine   int    // number of its first line
	itemLarge  bool   // its text is cut off
	truncated  string // problem of the last item
}

// take reads a line of block style or of stray text.
func (s *splitter) take(line []byte) {
	if s.skipsLogs(line) {
		return
	}
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

// skipsLogs reports whether a line belongs to the logs that kubectl cluster-info dump prints between
// objects. They may contain objects as text.
func (s *splitter) skipsLogs(line []byte) bool {
	if s.inLogs {
		s.inLogs = !bytes.Contains(line, []byte("==== END logs for container ")) // logs may lack the last line end
		return true
	}
	if s.inLogs = bytes.HasPrefix(line, []byte("==== START logs for container ")); s.inLogs {
		s.finish()
	}
	return s.inLogs
}

// begin reads a line outside of blocks.
func (s *splitter) begin(line []byte, indent int, content []byte) {
	key, rest, isKey := keyOf(content)
	switch {
	case isKey:
		s.openBlock(indent)
		s.key(line, string(key), rest)
	case isDash(content):
		s.openBlock(indent)
		s.open.sequence, s.open.inItems, s.open.list, s.open.dashIndent = true, true, &list{}, indent
		s.open.begin(line, indent, s.line-1)
	case content[0] == '%' && indent == 0, bytes.Equal(bytes.TrimSpace(content), []byte("null")), bytes.Equal(bytes.TrimSpace(content), []byte("~")):
	default:
		s.stray(line)
	}
}

// openBlock opens a block whose keys have the given indentation.
func (s *splitter) openBlock(indent int) {
	s.open = &block{fragment: fragment{line: s.line - 1, document: s.nextDocument(), item: s.item}, base: indent, dashIndent: -1}
}

// add adds a line to the object, or to the item being read.
func (c *block) add(line []byte) {
	if !c.inItems {
		c.text, c.large = c.appendLine(c.text, line, c.large)
	} else if c.itemText != nil {
		c.itemText, c.itemLarge = c.appendLine(c.itemText, line, c.itemLarge)
	}
}

// appendLine appends a line to the text of an object, which is large beyond maxObject.
func (c *block) appendLine(text, line []byte, large bool) ([]byte, bool) {
	if large || len(text)+len(line) >= maxObject {
		return text, true
	}
	return append(append(text, line...), '\n'), false
}

// begin begins an item with its first line.
func (c *block) begin(line []byte, indent, number int) {
	c.count++
	c.itemLine = number
	c.itemText = append(append([]byte{}, line...), '\n')
	c.itemLarge = len(line) >= maxObject
	if c.itemText[indent] == '-' {
		c.itemText[indent] = ' '
	}
}

// within reads a line within a block.
func (s *splitter) within(line []byte, indent int, content []byte) {
	c := s.open
	key, rest, isKey := keyOf(content)
	if c.inItems && s.inList(line, indent, content, key) {
		return
	}
	switch {
	case indent > c.base:
		c.afterStray = false
		c.add(line)
	case indent < c.base, isKey && c.sequence:
		s.finish()
		s.begin(line, indent, content)
	case isKey:
		s.key(line, string(key), rest)
	case isDash(content) || strings.IndexByte("}]\"'", content[0]) >= 0:
		c.add(line)
	default:
		c.afterStray = true
		s.stray(line)
	}
}

// inList reads a line within the items of a list. It returns false if the line is not part of them.
func (s *splitter) inList(line []byte, indent int, content, key []byte) bool {
	c := s.open
	switch {
	case c.dashIndent < 0 && isDash(content) && indent >= c.base:
		c.dashIndent = indent
		c.begin(line, indent, s.line-1)
	case c.dashIndent < 0 && indent > c.base:
		c.inItems, c.list, c.inline = false, nil, true
		c.add([]byte("items:"))
		c.add(line)
	case c.dashIndent < 0, key != nil && indent <= c.base, indent < c.base:
		return false
	case indent == c.dashIndent && isDash(content):
		s.endItem(c)
		c.begin(line, indent, s.line-1)
	case indent > c.dashIndent && c.afterStray && key != nil && c.hasKey(key, indent):
		s.endItem(c) // the stray line before was the damaged first line of an item
		c.begin(line, indent, s.line-1)
	case indent > c.dashIndent && c.itemText != nil:
		c.add(line)
	default:
		c.afterStray = true
		s.stray(line)
		return true
	}
	c.afterStray = false
	return true
}

// hasKey reports whether the item being read has a key of objectKeys already.
func (c *block) hasKey(key []byte, indent int) bool {
	bit, first := objectKeys[string(key)], indentOf(c.itemText)
	for line := range bytes.Lines(c.itemText) {
		if k, _, ok := keyOf(line[min(first, len(line)):]); ok && indent == first && objectKeys[string(k)]&bit != 0 {
			return true
		}
	}
	return false
}

// key reads a line with a top-level key of the object.
func (s *splitter) key(line []byte, key string, rest []byte) {
	if s.open.seen&objectKeys[key] != 0 {
		s.repeatKey(key)
	}
	c := s.open
	c.seen |= objectKeys[key]
	c.afterStray, c.inItems = false, false
	s.endItem(c)
	value := scalar(rest)
	switch {
	case key != "items":
		c.set(key, value)
		if c.list != nil {
			c.list.header = c.header
		}
	case value == "", value == "null", value == "~", value == "[]":
		c.hasItems = true
		c.list = &list{header: c.header}
		c.inItems = value == ""
		return
	default:
		c.inline = true
	}
	c.add(line)
}

// repeatKey ends the open block at a repeated top-level key and opens another block: two outputs may
// follow each other in one file. The first is held back until the second is complete.
func (s *splitter) repeatKey(key string) {
	c := s.open
	c.repeatedKey = key
	if c.afterStray || c.list != nil {
		s.finish()
	} else {
		s.endPrevious()
		s.previous, s.open = c, nil
	}
	s.openBlock(c.base)
}

// finish ends the open block and emits it.
func (s *splitter) finish() {
	c := s.open
	s.open = nil
	if c == nil {
		s.endPrevious()
		return
	}
	if b := s.previous; b != nil && !c.isWhole(b) {
		s.previous = nil
		b.problem = "duplicate key " + b.repeatedKey + ", the second in line " + strconv.Itoa(c.line)
		s.emitBlock(b)
		if c.hasMetadata && c.list == nil && c.problem == "" {
			c.problem = "its beginning is missing"
			s.emitBlock(c)
			return
		}
		if c.list != nil {
			s.emitBlock(c)
		}
		return
	}
	s.endPrevious()
	s.emitBlock(c)
}

// isWhole reports whether a block that a repeated key began is an object like the previous one.
func (c *block) isWhole(previous *block) bool {
	if c.kind == "" && c.apiVersion == "" {
		return previous.kind == "" && previous.apiVersion == "" && previous.hasMetadata && c.hasMetadata
	}
	return c.kind != "" && c.apiVersion != ""
}

// endPrevious emits the block that was held back.
func (s *splitter) endPrevious() {
	if s.previous != nil {
		c := s.previous
		s.previous = nil
		s.emitBlock(c)
	}
}

// emitBlock emits the object of a block, or the rest of its items.
func (s *splitter) emitBlock(c *block) {
	if c.list != nil {
		if c.kind == "" && c.apiVersion != "" && s.err == nil {
			c.truncated = "truncated, or in a list without a kind"
		}
		s.endItem(c)
		c.list.header = c.header
		s.emitHeld(c.list)
	}
	if c.sequence || c.isList() && c.problem == "" {
		return
	}
	h := blockHeader(c.text)
	c.namespace, c.name = h.namespace, h.name
	s.emitItem(s.owner, c.fragment)
}

// endItem emits the item being read.
func (s *splitter) endItem(c *block) {
	text, large := c.itemText, c.itemLarge
	c.itemText = nil
	if text == nil {
		return
	}
	number := strings.TrimPrefix(c.item+"."+strconv.Itoa(c.count), ".")
	h := blockHeader(text)
	first := bytes.TrimLeft(text, " \n")
	_, _, isKey := keyOf(first)
	if c.truncated != "" || large || isKey && !h.twice && !h.isList() {
		s.emitItem(c.list, fragment{header: h, text: text, line: c.itemLine, document: c.document, item: number, problem: c.truncated, large: large})
		return
	}
	sub := &splitter{
		source: newSource(bytes.NewReader(text), c.itemLine), emit: s.emit, onStray: s.onStray,
		owner: c.list, item: number, document: c.document,
	}
	if err := sub.split(); err != nil && s.err == nil {
		s.err = err
	}
}
