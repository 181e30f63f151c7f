package snapshot

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// A flow cuts the objects out of one value in JSON, or in YAML's flow style, while it
// reads it: the value itself, or the elements of an array or of a list's items. It
// knows brackets and strings, not more, so that what is wrong with one object
// costs that one.
type flow struct {
	*splitter
	owner   *list  // of the value itself, if it is an item
	strict  bool   // JSON: a string ends with its line
	frames  []any  // *candidate or *elements, innermost last
	plain   bool   // the last token was an unquoted scalar or a quoted one
	scalar  string // text of the last scalar
	scalars int
	// Of the next token: whether it is the first of its line, and its column.
	first  bool
	column int
	number int   // of the document
	last   *unit // the last object that is in no array
}

// A candidate is an object that is being read, which may be a list.
type candidate struct {
	unit
	nest     []byte // closing brackets that are awaited within it
	key      string // of the object, of which the value comes
	inner    string // key within the metadata
	value    bool   // what comes next is a value
	column   int    // of its bracket, if that was the first of its line
	alone    bool   // it was
	indented bool   // its first key was the first of a line that is indented more
	seen     int    // of the keys of once
	items    *list  // what becomes of its items
}

// elements is an array of which the elements are objects.
type elements struct {
	list    *list
	number  string
	count   int
	pending *unit // the last, until it is known that it ended where it seems to
	comma   bool
}

// maxNesting is how deep arrays in arrays are flattened.
const maxNesting = 32

// value reads one value; the next byte is its bracket.
func (f *flow) value(item string) error {
	f.first = true
	for {
		token, err := f.token()
		if err != nil || token == endOfDocument {
			f.unwind("the text ends within it")
			return err
		}
		if len(f.frames) == 0 {
			f.open(token, item)
		} else if f.restarts(token) {
			f.open(token, f.nextItem())
		} else if f.step(token); len(f.frames) == 0 {
			return nil
		}
	}
}

// damaged notes that the innermost object cannot be right.
func (f *flow) damaged(why string) {
	for _, frame := range slices.Backward(f.frames) {
		if c, ok := frame.(*candidate); ok {
			if c.problem == "" {
				c.problem = why + ", line " + strconv.Itoa(f.line)
			}
			return
		}
	}
}

// open begins a value that may be an object or an array of objects.
func (f *flow) open(token byte, item string) {
	first, column := f.first, f.column
	f.first = false
	f.column++
	if token == '[' {
		to := f.owner
		if e, ok := f.top().(*elements); ok {
			to = e.list
		}
		f.frames = append(f.frames, &elements{list: to, number: item})
		return
	}
	c := &candidate{unit: unit{flow: true, line: f.line, document: f.number, item: item, text: []byte{'{'}}, column: column, alone: first}
	f.frames = append(f.frames, c)
}

func (f *flow) top() any {
	if len(f.frames) == 0 {
		return nil
	}
	return f.frames[len(f.frames)-1]
}

// nextItem is the number of the next element of the innermost array.
func (f *flow) nextItem() string {
	if e, ok := f.top().(*elements); ok {
		e.count++
		return strings.TrimPrefix(e.number+"."+strconv.Itoa(e.count), ".")
	}
	return ""
}

// restarts says whether a token begins the next object although the one before has not ended,
// which is to be known by its place in the line; it then ends that one.
func (f *flow) restarts(token byte) bool {
	if token != '{' || !f.first || !f.strict || f.innermost() == nil {
		return false
	}
	for i, frame := range slices.Backward(f.frames) {
		c, ok := frame.(*candidate)
		if !ok || !c.alone || c.column != f.column || c.problem == "" && !c.indented {
			continue
		}
		inner := f.innermost()
		inner.text = inner.text[:len(inner.text)-1]
		for len(f.frames) > i {
			if c := f.innermost(); c != nil && c.problem == "" && (len(f.frames) == i+1 || !c.hasItems) {
				c.problem = "it does not end before line " + strconv.Itoa(f.line)
			}
			f.pop()
		}
		if e, ok := f.top().(*elements); ok {
			e.flush(f)
		}
		return true
	}
	return false
}

// unwind ends all that is open.
func (f *flow) unwind(why string) {
	innermost := true
	for len(f.frames) > 0 {
		if c, ok := f.top().(*candidate); ok {
			if c.problem == "" && innermost {
				c.problem = why
			}
			innermost = false
		}
		f.pop()
	}
}

// step takes one token within what is open.
func (f *flow) step(token byte) {
	if c := f.innermost(); c != nil {
		c.step(f, token)
	} else if e, ok := f.top().(*elements); ok {
		e.step(f, token)
	}
	f.first = false
	f.column++
}

func (e *elements) step(f *flow, token byte) {
	switch token {
	case '{':
		e.flush(f)
		f.open(token, f.nextItem())
	case '[':
		e.flush(f)
		if len(f.frames) < maxNesting {
			f.open(token, f.nextItem())
		}
	case ',':
		e.comma = true
	case ']':
		f.pop()
		f.keep(']')
	case '}', ':':
		e.spoil()
	case scalarToken:
		if e.pending != nil && !e.comma {
			e.spoil()
		}
		e.flushUnless(f, f.scalar)
	}
}

// spoil notes that the last element did not end where it seemed to.
func (e *elements) spoil() {
	if e.pending != nil && e.pending.problem == "" {
		e.pending.problem = "there is more of it behind its last bracket"
	}
}

// flushUnless gives on a scalar in place of an object, unless that is the key of a field that has
// lost its object.
func (e *elements) flushUnless(f *flow, scalar string) {
	if next, _ := f.Peek(1); len(next) == 1 && next[0] == ':' {
		e.spoil()
		return
	}
	e.flush(f)
	number := f.nextItem()
	if scalar != "null" && scalar != "~" {
		e.pending = &unit{flow: true, line: f.line, document: f.number, item: number, text: []byte(scalar), problem: "it is no object"}
	}
}

// flush gives on the last element.
func (e *elements) flush(f *flow) {
	if e.pending != nil {
		f.give(e.list, *e.pending)
	}
	e.pending, e.comma = nil, false
}

func (c *candidate) step(f *flow, token byte) {
	if len(c.nest) > 0 {
		c.inside(f, token)
		return
	}
	switch token {
	case '{':
		c.nest = append(c.nest, '}')
	case '[':
		if c.key == "items" && c.value && len(f.frames) < maxNesting {
			c.hasItems = true
			c.items = &list{head: c.head}
			f.frames = append(f.frames, &elements{list: c.items, number: c.item})
			c.value = false
			return
		}
		c.nest = append(c.nest, ']')
	case ':':
		c.begin(f)
	case ',':
		c.key, c.value = "", false
	case '}':
		f.pop()
		return
	case ']':
		f.damaged("a bracket closes what is not open")
	case scalarToken:
		c.scalar(f)
	}
}

// begin takes the last scalar as the key of what follows.
func (c *candidate) begin(f *flow) {
	if c.value {
		return
	}
	c.key, c.value, c.inner = f.scalar, true, ""
	bit := once[c.key]
	if c.seen&bit != 0 {
		f.damaged("key " + c.key + " is there twice")
	}
	c.seen |= bit
	if c.key != "items" {
		c.set(c.key, "")
	}
	c.share()
}

// share tells the items what has become known of their list.
func (c *candidate) share() {
	if c.items != nil {
		c.items.head = c.head
	}
}

// scalar takes a value of the object itself.
func (c *candidate) scalar(f *flow) {
	if !c.value {
		if c.seen == 0 && c.key == "" && f.first && f.column > c.column {
			c.indented = true
		}
		return
	}
	if c.key == "items" {
		if f.scalar == "null" || f.scalar == "~" {
			c.hasItems = true
		}
		return
	}
	c.set(c.key, f.scalar)
	c.share()
}

// inside takes a token within a value of the object.
func (c *candidate) inside(f *flow, token byte) {
	switch token {
	case '{':
		c.nest = append(c.nest, '}')
	case '[':
		c.nest = append(c.nest, ']')
	case '}', ']':
		i := bytes.LastIndexByte(c.nest, token)
		if i != len(c.nest)-1 {
			f.damaged("brackets do not match")
		}
		if i >= 0 {
			c.nest = c.nest[:i]
		} else if token == '}' {
			c.nest = nil
			f.pop()
		}
	case ':':
		if c.inner == "" {
			c.inner = f.scalar
		}
	case ',':
		c.inner = ""
	case scalarToken:
		if c.key == "metadata" && len(c.nest) == 1 && c.inner != "" {
			c.setMeta(c.inner, f.scalar)
			c.inner = ""
		}
	}
}

// pop ends the innermost frame.
func (f *flow) pop() {
	top := f.top()
	f.frames = f.frames[:len(f.frames)-1]
	switch top := top.(type) {
	case *elements:
		top.flush(f)
	case *candidate:
		f.close(top)
	}
}

// close gives on an object that has ended, or what waited for the end of a list.
func (f *flow) close(c *candidate) {
	outer, inArray := f.top().(*elements)
	if c.items != nil {
		f.release(c.items)
	}
	if c.seen&once["items"] != 0 && !c.hasItems && c.mayBeList() && c.problem == "" {
		c.problem = "items is no list"
	}
	if c.isList() && c.problem == "" {
		if inArray {
			outer.flush(f)
		}
		return
	}
	if inArray {
		outer.flush(f)
		outer.pending = &c.unit
		return
	}
	if f.last != nil {
		f.give(f.owner, *f.last)
	}
	f.last = &c.unit
}
