package jsonobject

import (
	"fmt"
	"iter"
	"unsafe"

	"github.com/go-json-experiment/json/jsontext"
)

// Fields say what of a value is read: of a map the members with given keys, or all; of a list
// its elements; or everything below. Whatever is reached is read itself, as far as it is no map
// or list.
type Fields struct {
	keys          map[string]*Fields
	every, elem   *Fields // any member of a map, any element of a list; nil for none
	whole, sealed bool
}

// Key gives the fields of the member of a map.
func (f *Fields) Key(key string) *Fields {
	if f.keys == nil {
		f.keys = map[string]*Fields{}
	}
	if f.keys[key] == nil {
		f.keys[key] = &Fields{}
	}
	return f.keys[key]
}

// Every gives the fields of every member of a map.
func (f *Fields) Every() *Fields {
	if f.every == nil {
		f.every = &Fields{}
	}
	return f.every
}

// Element gives the fields of every element of a list.
func (f *Fields) Element() *Fields {
	if f.elem == nil {
		f.elem = &Fields{}
	}
	return f.elem
}

// Whole has all be read.
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
	if o.elem != nil {
		f.Element().add(o.elem)
	}
}

// Seal makes f ready to be read with. Nothing may be added afterwards.
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
	f.elem.Seal()
}

// everything are the fields of a value that is read whole.
var everything = &Fields{whole: true, sealed: true}

// of gives the fields of a member of a map; nil if nobody wants it.
func (f *Fields) of(key string) *Fields {
	if f.whole {
		return everything
	}
	if of := f.keys[key]; of != nil {
		return of
	}
	return f.every
}

// readsMap reports whether anything of a map is wanted.
func (f *Fields) readsMap() bool { return f.whole || f.keys != nil || f.every != nil }

// ofElement gives the fields of an element of a list.
func (f *Fields) ofElement() *Fields {
	if f.whole {
		return everything
	}
	return f.elem
}

// Kind is the type of a value.
type Kind byte

// The kinds of values. None is the kind of what is not there.
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

// A Value refers to a value of a Tree. The zero value refers to nothing.
type Value struct {
	tree *Tree
	at   int32 // 1 for the root
}

// A Tree has values of one object. It serves one goroutine at a time; what was read of one
// object is valid until the next one is.
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

// keptNodes and keptText bound the memory that is used again: most objects are far smaller, and a
// large one costs more than its memory.
const (
	keptNodes = 1 << 12
	keptText  = 1 << 16
)

// Read reads the fields of an object and gives its root. On an error the root has what was read
// before.
func (t *Tree) Read(object []byte, fields *Fields) (root Value, err error) {
	if cap(t.nodes) > keptNodes {
		t.nodes = nil
	}
	if cap(t.text) > keptText {
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

// read reads a value of which the fields are wanted, and gives its number.
func (t *Tree) read(key string, fields *Fields) (int32, error) {
	at := int32(len(t.nodes))
	kind := Kind(t.tokens.PeekKind())
	t.nodes = append(t.nodes, node{kind: kind, key: key})
	switch {
	case kind == Map && fields.readsMap():
		return at, t.members(at, fields)
	case kind == Array && fields.ofElement() != nil:
		return at, t.elements(at, fields.ofElement())
	case kind == Map, kind == Array:
		return at, t.tokens.SkipValue()
	}
	text, err := t.tokens.ReadValue()
	if err != nil {
		return at, err
	}
	if kind == String || kind == Number {
		t.nodes[at].text = t.keep(kind, text)
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
		key := t.keep(String, quoted)
		wanted := fields.of(key)
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

// keep keeps the text of a string, or the digits of a number.
func (t *Tree) keep(kind Kind, text []byte) string {
	start := len(t.text)
	if kind == String {
		t.text, _ = jsontext.AppendUnquote(t.text, text) // the decoder has checked it
	} else {
		t.text = append(t.text, text...)
	}
	// Later texts are written behind this one, or to new memory.
	kept := t.text[start:]
	return unsafe.String(unsafe.SliceData(kept), len(kept))
}

func (v Value) node() *node {
	if v.at == 0 {
		return &node{}
	}
	return &v.tree.nodes[v.at]
}

// Kind gives the type of the value.
func (v Value) Kind() Kind {
	if v.at == 0 {
		return None
	}
	return v.tree.nodes[v.at].kind
}

// Text gives a string, or the digits of a number.
func (v Value) Text() string {
	if v.at == 0 {
		return ""
	}
	return v.tree.nodes[v.at].text
}

// MapKey gives the key under which the value is in its map, as far as it is in one.
func (v Value) MapKey() string { return v.node().key }

// Key gives the member of a map; of two with the key, the later one.
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

// Index gives the element of a list, from the end if i is negative.
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

// Children gives the members of a map, or the elements of a list, in their order.
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
