package jsonobject

import (
	"fmt"
	"iter"
	"unsafe"

	"github.com/go-json-experiment/json/jsontext"
)

// Fields select the parts of a value to read: members of a map by key, or all members; elements of a
// list; or the whole value. A value that is neither map nor list is always read.
type Fields struct {
	keys            map[string]*Fields
	every, elements *Fields // of any member of a map, of any element of a list; nil for none
	whole, sealed   bool
}

// Key returns the fields of a member of a map.
func (f *Fields) Key(key string) *Fields {
	if f.keys == nil {
		f.keys = map[string]*Fields{}
	}
	if f.keys[key] == nil {
		f.keys[key] = &Fields{}
	}
	return f.keys[key]
}

// Every returns the fields of every member of a map.
func (f *Fields) Every() *Fields {
	if f.every == nil {
		f.every = &Fields{}
	}
	return f.every
}

// Element returns the fields of every element of a list.
func (f *Fields) Element() *Fields {
	if f.elements == nil {
		f.elements = &Fields{}
	}
	return f.elements
}

// Whole selects the whole value.
func (f *Fields) Whole() { f.whole = true }

// add adds the fields of o to those of f.
func (f *Fields) add(o *Fields) {
	if o == nil {
		return
	}
	f.whole = f.whole || o.whole
	for key, of := range o.keys {
		f.Key(key).add(of)
	}
	if o.every != nil {
		f.Every().add(o.every)
	}
	if o.elements != nil {
		f.Element().add(o.elements)
	}
}

// Seal prepares f for reading. No fields may be added afterwards.
func (f *Fields) Seal() {
	if f == nil || f.sealed {
		return
	}
	f.sealed = true
	for _, of := range f.keys {
		of.add(f.every)
		of.Seal()
	}
	f.every.Seal()
	f.elements.Seal()
}

// allFields are the fields of a whole value.
var allFields = &Fields{whole: true, sealed: true}

// field returns the fields of a member of a map, nil for an unread one.
func (f *Fields) field(key string) *Fields {
	if f.whole {
		return allFields
	}
	if of := f.keys[key]; of != nil {
		return of
	}
	return f.every
}

// readsMap reports whether any member of a map is read.
func (f *Fields) readsMap() bool { return f.whole || f.keys != nil || f.every != nil }

// element returns the fields of an element of a list, nil for unread ones.
func (f *Fields) element() *Fields {
	if f.whole {
		return allFields
	}
	return f.elements
}

// Kind is the type of a value.
type Kind byte

// The kinds of values. None is the kind of a missing value.
const (
	None   Kind = 0
	Null   Kind = 'n'
	True   Kind = 't'
	False  Kind = 'f'
	Number Kind = '0'
	String Kind = '"'
	Map    Kind = '{'
	Array  Kind = '['
)

// A Value refers to a value of a Tree. The zero value is a missing value.
type Value struct {
	tree *Tree
	at   int32 // 1 for the root
}

// A Tree has the values of one object, which are valid until the next Read. It serves one goroutine at a
// time.
type Tree struct {
	nodes  []node
	text   []byte
	tokens tokenizer
}

type node struct {
	kind       Kind
	key, text  string
	next, last int32 // the next sibling, the last child; 0 for none
	first      int32
	children   int32
}

// Limits of reused memory: most objects are far smaller, and a large one costs more than its memory.
const (
	maxReusedNodes = 1 << 12
	maxReusedText  = 1 << 16
)

// Read reads the fields of an object and returns the root. After an error, the root has the values
// before the error.
func (t *Tree) Read(object []byte, fields *Fields) (root Value, err error) {
	if cap(t.nodes) > maxReusedNodes {
		t.nodes = nil
	}
	if cap(t.text) > maxReusedText {
		t.text = nil
	}
	t.nodes, t.text = append(t.nodes[:0], node{}), t.text[:0]
	t.tokens.reset(object)
	if _, err = t.read("", fields); err == nil {
		err = t.tokens.readEnd()
	}
	if err != nil {
		err = fmt.Errorf("JSON of an object: %w", err)
	}
	if len(t.nodes) == 1 {
		return Value{}, err
	}
	return Value{t, 1}, err
}

// read reads the fields of a value and returns its index.
func (t *Tree) read(key string, fields *Fields) (int32, error) {
	at := int32(len(t.nodes))
	kind := Kind(t.tokens.PeekKind())
	t.nodes = append(t.nodes, node{kind: kind, key: key})
	switch {
	case kind == Map && fields.readsMap():
		return at, t.members(at, fields)
	case kind == Array && fields.element() != nil:
		return at, t.elements(at, fields.element())
	case kind == Map, kind == Array:
		return at, t.tokens.SkipValue()
	}
	text, err := t.tokens.ReadValue()
	if err != nil {
		return at, err
	}
	if kind == String || kind == Number {
		t.nodes[at].text = t.copyText(kind, text)
	}
	return at, nil
}

func (t *Tree) members(of int32, fields *Fields) error {
	if _, err := t.tokens.ReadToken(); err != nil {
		return err
	}
	for t.tokens.PeekKind() != '}' {
		quoted, err := t.tokens.ReadValue()
		if err != nil {
			return err
		}
		length := len(t.text)
		key := t.copyText(String, quoted)
		wanted := fields.field(key)
		if wanted == nil {
			t.text = t.text[:length]
			if err := t.tokens.SkipValue(); err != nil {
				return err
			}
			continue
		}
		child, err := t.read(key, wanted)
		if err != nil {
			return err
		}
		t.link(of, child)
	}
	_, err := t.tokens.ReadToken()
	return err
}

func (t *Tree) elements(of int32, wanted *Fields) error {
	if _, err := t.tokens.ReadToken(); err != nil {
		return err
	}
	for t.tokens.PeekKind() != ']' {
		child, err := t.read("", wanted)
		if err != nil {
			return err
		}
		t.link(of, child)
	}
	_, err := t.tokens.ReadToken()
	return err
}

// link adds a child to a value.
func (t *Tree) link(of, child int32) {
	n := &t.nodes[of]
	if n.last == 0 {
		n.first = child
	} else {
		t.nodes[n.last].next = child
	}
	n.last = child
	n.children++
}

// copyText copies the text of a string or the digits of a number.
func (t *Tree) copyText(kind Kind, text []byte) string {
	start := len(t.text)
	if kind == String {
		t.text, _ = jsontext.AppendUnquote(t.text, text) // valid, by the decoder
	} else {
		t.text = append(t.text, text...)
	}
	// Later texts go behind this one, or to new memory.
	kept := t.text[start:]
	return unsafe.String(unsafe.SliceData(kept), len(kept))
}

func (v Value) node() *node {
	if v.at == 0 {
		return &node{}
	}
	return &v.tree.nodes[v.at]
}

// Kind returns the type of the value.
func (v Value) Kind() Kind {
	if v.at == 0 {
		return None
	}
	return v.tree.nodes[v.at].kind
}

// Text returns a string or the digits of a number.
func (v Value) Text() string {
	if v.at == 0 {
		return ""
	}
	return v.tree.nodes[v.at].text
}

// MapKey returns the key of the value in its map, empty outside a map.
func (v Value) MapKey() string { return v.node().key }

// Key returns a member of a map, the last of those with the key.
func (v Value) Key(key string) Value {
	if v.Kind() != Map {
		return Value{}
	}
	var found Value
	for child := v.tree.nodes[v.at].first; child != 0; child = v.tree.nodes[child].next {
		if v.tree.nodes[child].key == key {
			found = Value{v.tree, child}
		}
	}
	return found
}

// Index returns an element of a list, from the end if i is negative.
func (v Value) Index(i int) Value {
	if v.Kind() != Array {
		return Value{}
	}
	n := &v.tree.nodes[v.at]
	if i < 0 {
		i += int(n.children)
	}
	if i < 0 || i >= int(n.children) {
		return Value{}
	}
	child := n.first
	for ; i > 0; i-- {
		child = v.tree.nodes[child].next
	}
	return Value{v.tree, child}
}

// SetText replaces the text of a string.
func (v Value) SetText(text string) {
	if v.Kind() == String {
		v.tree.nodes[v.at].text = text
	}
}

// Children returns the members of a map or the elements of a list, in order.
func (v Value) Children() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if v.at == 0 {
			return
		}
		for child := v.tree.nodes[v.at].first; child != 0; child = v.tree.nodes[child].next {
			if !yield(Value{v.tree, child}) {
				return
			}
		}
	}
}
