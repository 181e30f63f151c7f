package snapshot

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// trailingText is the problem of an object that goes on behind its last bracket.
const trailingText = "text follows its closing bracket"

// A flow splits one value in flow style: an object, or the elements of an array or of a list's
// items. It knows brackets and scalars alone, so that damage to an object costs that object.
type flow struct {
	*splitter
	owner  *list     // of the value, if it is an item
	number int       // of the document
	frames []any     // *flowObject or *flowArray, the innermost last
	last   *fragment // the last object outside of arrays, until the next token

	// Of the tokens.
	strict      bool   // JSON: strings end in their line
	afterScalar bool   // the last token was a scalar
	scalar      string // beginning of the last scalar
	scalars     int
	atLineStart bool // the next token is the first in its line
	column      int  // of the next token
}

// A flowObject is an object, or a list object, that is being read.
type flowObject struct {
	fragment
	closers    []byte // expected closing brackets within its values
	key        string // current top-level key
	inValue    bool   // between that key and the next
	metaKey    string // current key within the metadata
	startsLine bool   // its opening bracket is the first token of a line
	column     int    // of that bracket
	indented   bool   // its first key is indented more, in a line of its own
	seen       int    // set of objectKeys
	items      *list  // of its items, if it has some
}

// A flowArray is an array of objects that is being read.
type flowArray struct {
	list       *list
	number     string // of the array, if it is an item itself
	count      int
	pending    *fragment // the last element, until the next token shows that it is whole
	afterComma bool
}

// maxNesting bounds how deep lists in lists are flattened.
const maxNesting = 32

// value reads one value, of which the next byte is the opening bracket.
func (f *flow) value(item string) error {
	f.atLineStart = true
	for {
		token, err := f.token()
		if err != nil || token == endOfDocument {
			f.unwind("truncated")
			return err
		}
		if len(f.frames) == 0 {
			f.open(token, item)
		} else if f.startsNext(token) {
			f.open(token, f.nextItem())
		} else if f.step(token); len(f.frames) == 0 {
			return nil
		}
	}
}

// damaged records a problem of the innermost object.
func (f *flow) damaged(why string) {
	for _, frame := range slices.Backward(f.frames) {
		if c, ok := frame.(*flowObject); ok {
			if c.problem == "" {
				c.problem = why + ", line " + strconv.Itoa(f.line)
			}
			return
		}
	}
}

// open pushes an object or an array.
func (f *flow) open(token byte, item string) {
	first, column := f.atLineStart, f.column
	f.atLineStart = false
	f.column++
	if token == '[' {
		to := f.owner
		if e, ok := f.top().(*flowArray); ok {
			to = e.list
		}
		f.frames = append(f.frames, &flowArray{list: to, number: item})
		return
	}
	c := &flowObject{fragment: fragment{flow: true, line: f.line, document: f.number, item: item, text: []byte{'{'}}, column: column, startsLine: first}
	f.frames = append(f.frames, c)
}

// top returns the innermost frame, nil if there is none.
func (f *flow) top() any {
	if len(f.frames) == 0 {
		return nil
	}
	return f.frames[len(f.frames)-1]
}

// nextItem numbers the next element of the innermost array.
func (f *flow) nextItem() string {
	if e, ok := f.top().(*flowArray); ok {
		e.count++
		return strings.TrimPrefix(e.number+"."+strconv.Itoa(e.count), ".")
	}
	return ""
}

// startsNext reports whether a bracket opens the next object although the one before is not
// closed: it stands where that one's did. It ends that object.
func (f *flow) startsNext(token byte) bool {
	if token != '{' || !f.atLineStart || !f.strict || f.innermost() == nil {
		return false
	}
	for i, frame := range slices.Backward(f.frames) {
		c, ok := frame.(*flowObject)
		if !ok || !c.startsLine || c.column != f.column || c.problem == "" && !c.indented {
			continue
		}
		inner := f.innermost()
		inner.text = inner.text[:len(inner.text)-1]
		for len(f.frames) > i {
			if c := f.innermost(); c != nil && c.problem == "" && (len(f.frames) == i+1 || !c.hasItems) {
				c.problem = "not closed before line " + strconv.Itoa(f.line)
			}
			f.pop()
		}
		if e, ok := f.top().(*flowArray); ok {
			e.flush(f)
		}
		return true
	}
	return false
}

// unwind pops all frames, at the end of the text.
func (f *flow) unwind(why string) {
	innermost := true
	for len(f.frames) > 0 {
		if c, ok := f.top().(*flowObject); ok {
			if c.problem == "" && innermost {
				c.problem = why
			}
			innermost = false
		}
		f.pop()
	}
}

// step passes a token to the innermost frame.
func (f *flow) step(token byte) {
	if c := f.innermost(); c != nil {
		c.step(f, token)
	} else if e, ok := f.top().(*flowArray); ok {
		e.step(f, token)
	}
	f.atLineStart = false
	f.column++
}

// step reads a token between the elements.
func (e *flowArray) step(f *flow, token byte) {
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
		e.afterComma = true
	case ']':
		f.pop()
		f.keep(']')
	case '}', ':':
		e.markDamaged()
	case scalarToken:
		if e.pending != nil && !e.afterComma {
			e.markDamaged()
		}
		e.scalar(f, f.scalar)
	}
}

// markDamaged records that the last element goes on behind its closing bracket.
func (e *flowArray) markDamaged() {
	if e.pending != nil && e.pending.problem == "" {
		e.pending.problem = trailingText
	}
}

// scalar reads a scalar in place of an object. A key is the rest of the element before.
func (e *flowArray) scalar(f *flow, scalar string) {
	if next, _ := f.Peek(1); len(next) == 1 && next[0] == ':' {
		e.markDamaged()
		return
	}
	e.flush(f)
	number := f.nextItem()
	if scalar != "null" && scalar != "~" {
		e.pending = &fragment{flow: true, line: f.line, document: f.number, item: number, text: []byte(scalar), problem: "not an object"}
	}
}

// flush emits the last element.
func (e *flowArray) flush(f *flow) {
	if e.pending != nil {
		f.emitItem(e.list, *e.pending)
	}
	e.pending, e.afterComma = nil, false
}

// step reads a token of the object.
func (c *flowObject) step(f *flow, token byte) {
	if len(c.closers) > 0 {
		c.inside(f, token)
		return
	}
	switch token {
	case '{':
		c.closers = append(c.closers, '}')
	case '[':
		if c.key == "items" && c.inValue && len(f.frames) < maxNesting {
			c.hasItems = true
			c.items = &list{header: c.header}
			f.frames = append(f.frames, &flowArray{list: c.items, number: c.item})
			c.inValue = false
			return
		}
		c.closers = append(c.closers, ']')
	case ':':
		c.begin(f)
	case ',':
		c.key, c.inValue = "", false
	case '}':
		f.pop()
		return
	case ']':
		f.damaged("unmatched closing bracket")
	case scalarToken:
		c.scalar(f)
	}
}

// begin begins a value: the last scalar is its key.
func (c *flowObject) begin(f *flow) {
	if c.inValue {
		return
	}
	c.key, c.inValue, c.metaKey = f.scalar, true, ""
	bit := objectKeys[c.key]
	if c.seen&bit != 0 {
		f.damaged("duplicate key " + c.key)
	}
	c.seen |= bit
	if c.key != "items" {
		c.set(c.key, "")
	}
	c.share()
}

// share copies the header to the list of the items.
func (c *flowObject) share() {
	if c.items != nil {
		c.items.header = c.header
	}
}

// scalar reads a scalar that is a top-level key or its value.
func (c *flowObject) scalar(f *flow) {
	if !c.inValue {
		if c.seen == 0 && c.key == "" && f.atLineStart && f.column > c.column {
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

// inside reads a token within a mapping or sequence of the object.
func (c *flowObject) inside(f *flow, token byte) {
	switch token {
	case '{', '[':
		if len(c.closers) < maxObject {
			c.closers = append(c.closers, token+2) // the closing one
		}
	case '}', ']':
		i := bytes.LastIndexByte(c.closers, token)
		if i != len(c.closers)-1 {
			f.damaged("mismatched brackets")
		}
		if i >= 0 {
			c.closers = c.closers[:i]
		} else if token == '}' {
			c.closers = nil
			f.pop()
		}
	case ':':
		if c.metaKey == "" {
			c.metaKey = f.scalar
		}
	case ',':
		c.metaKey = ""
	case scalarToken:
		if c.key == "metadata" && len(c.closers) == 1 && c.metaKey != "" {
			c.setMeta(c.metaKey, f.scalar)
			c.metaKey = ""
		}
	}
}

// pop removes the innermost frame.
func (f *flow) pop() {
	top := f.top()
	f.frames = f.frames[:len(f.frames)-1]
	switch top := top.(type) {
	case *flowArray:
		top.flush(f)
	case *flowObject:
		f.close(top)
	}
}

// close ends an object: it is emitted once the next token shows that it is whole. Of a list, the
// items held back are emitted.
func (f *flow) close(c *flowObject) {
	outer, inArray := f.top().(*flowArray)
	if c.items != nil {
		f.emitHeld(c.items)
	}
	if c.seen&objectKeys["items"] != 0 && !c.hasItems && c.mayBeList() && c.problem == "" {
		c.problem = "items is not a list"
	}
	if c.isList() && c.problem == "" {
		if inArray {
			outer.flush(f)
		}
		return
	}
	if inArray {
		outer.flush(f)
		outer.pending = &c.fragment
		return
	}
	if f.last != nil {
		f.emitItem(f.owner, *f.last)
	}
	f.last = &c.fragment
}
