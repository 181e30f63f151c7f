package jsonobject

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// An Object is an object of the API server with decoded kind, name, namespace, uid, resourceVersion, time of
// creation and the API server's own annotations. JSON is the whole object.
type Object struct {
	metav1.TypeMeta
	metav1.ObjectMeta
	JSON []byte
}

// DeepCopyObject is part of runtime.Object.
func (o *Object) DeepCopyObject() runtime.Object {
	meta := o.ObjectMeta
	return &Object{o.TypeMeta, *meta.DeepCopy(), bytes.Clone(o.JSON)}
}

// A List is a page of objects.
type List struct {
	metav1.TypeMeta
	metav1.ListMeta
	Items []Object
}

// DeepCopyObject is part of runtime.Object.
func (l *List) DeepCopyObject() runtime.Object {
	meta := l.ListMeta
	list := &List{l.TypeMeta, *meta.DeepCopy(), nil}
	for i := range l.Items {
		list.Items = append(list.Items, *l.Items[i].DeepCopyObject().(*Object))
	}
	return list
}

// Parse parses an object or a list, which share text. A list has items and no name; its items are
// objects, even with items of their own.
func Parse(text []byte) (runtime.Object, error) {
	p := newParser(text)
	var o Object
	var list items
	err := p.object(&o, &list)
	isList := list.isList && o.Name == ""
	if err == nil && isList {
		err = list.err
	}
	if err == nil {
		err = p.readEnd()
	}
	if err != nil {
		return nil, fmt.Errorf("JSON of an object: %w", err)
	}
	if !isList {
		o.JSON = text
		return &o, nil
	}
	list.TypeMeta = o.TypeMeta
	return &list.List, nil
}

// items are the items of a possible list.
type items struct {
	List
	isList bool
	err    error // of a list
}

// A tokenizer reads the tokens of a text. It checks only the syntax: the API server has validated the
// objects.
type tokenizer struct {
	jsontext.Decoder
	input bytes.Buffer
}

// reset starts another text.
func (t *tokenizer) reset(text []byte) {
	t.input = *bytes.NewBuffer(text)
	t.Reset(&t.input, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// readEnd returns an error unless the text ends.
func (t *tokenizer) readEnd() error {
	switch _, err := t.ReadToken(); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	}
	return errors.New("text after the value")
}

// A parser parses the objects of a text.
type parser struct {
	tokenizer
	source  []byte // the text
	scratch []byte
}

func newParser(text []byte) *parser {
	p := &parser{}
	p.reset(text)
	return p
}

// reset starts another text.
func (p *parser) reset(text []byte) {
	p.source = text
	p.tokenizer.reset(text)
}

var errNoObject = errors.New("want an object")

// nested parses a member or an element as an object with its JSON.
func (p *parser) nested(o *Object) error {
	start := p.InputOffset()
	err := p.object(o, nil)
	o.JSON = bytes.TrimLeft(p.source[start:p.InputOffset()], ":, \t\r\n")
	return err
}

// object parses an object and, unless list is nil, its items.
func (p *parser) object(o *Object, list *items) error {
	if kind := p.PeekKind(); kind != '{' && kind != jsontext.KindInvalid {
		return errNoObject
	}
	return p.members(func(key []byte) error {
		switch string(key) {
		case "apiVersion":
			return p.text(&o.APIVersion)
		case "kind":
			return p.text(&o.Kind)
		case "metadata":
			var unused metav1.ListMeta
			if list == nil {
				return p.metadata(&o.ObjectMeta, &unused)
			}
			return p.metadata(&o.ObjectMeta, &list.ListMeta)
		case "items":
			if list != nil {
				return p.items(list)
			}
		}
		return p.SkipValue()
	})
}

// members calls read with the key of each member of an object to read the value. It skips any other
// value.
func (p *parser) members(read func(key []byte) error) error {
	if p.PeekKind() != '{' {
		return p.SkipValue()
	}
	if _, err := p.ReadToken(); err != nil {
		return err
	}
	for p.PeekKind() != '}' {
		quoted, err := p.ReadValue()
		if err != nil {
			return err
		}
		p.scratch, _ = jsontext.AppendUnquote(p.scratch[:0], quoted) // valid, by the decoder
		if err := read(p.scratch); err != nil {
			return err
		}
	}
	_, err := p.ReadToken()
	return err
}

// text reads a string. It skips any other value.
func (p *parser) text(to *string) error {
	v, err := p.ReadValue()
	if err != nil || v.Kind() != '"' {
		return err
	}
	p.scratch, _ = jsontext.AppendUnquote(p.scratch[:0], v) // valid, by the decoder
	*to = string(p.scratch)
	return nil
}

// time reads a time. It skips any other value.
func (p *parser) time(to *metav1.Time) error {
	v, err := p.ReadValue()
	if err == nil && v.Kind() == '"' {
		p.scratch, _ = jsontext.AppendUnquote(p.scratch[:0], v) // valid, by the decoder
		_ = to.UnmarshalText(p.scratch)                         // stays zero
	}
	return err
}

// metadata parses the metadata of an object or a list.
func (p *parser) metadata(o *metav1.ObjectMeta, l *metav1.ListMeta) error {
	return p.members(func(key []byte) error {
		switch string(key) {
		case "name":
			return p.text(&o.Name)
		case "namespace":
			return p.text(&o.Namespace)
		case "uid":
			return p.text((*string)(&o.UID))
		case "resourceVersion":
			err := p.text(&o.ResourceVersion)
			l.ResourceVersion = o.ResourceVersion
			return err
		case "creationTimestamp":
			return p.time(&o.CreationTimestamp)
		case "continue":
			return p.text(&l.Continue)
		case "shardInfo":
			return p.shard(l)
		case "annotations":
			return p.annotations(o)
		}
		return p.SkipValue()
	})
}

// shard parses the shard selector of a list.
func (p *parser) shard(l *metav1.ListMeta) error {
	l.ShardInfo = &metav1.ShardInfo{}
	return p.members(func(key []byte) error {
		if string(key) == "selector" {
			return p.text(&l.ShardInfo.Selector)
		}
		return p.SkipValue()
	})
}

// annotations parses the API server's own annotations.
func (p *parser) annotations(o *metav1.ObjectMeta) error {
	return p.members(func(key []byte) error {
		if string(key) != metav1.InitialEventsAnnotationKey {
			return p.SkipValue()
		}
		var value string
		err := p.text(&value)
		o.Annotations = map[string]string{metav1.InitialEventsAnnotationKey: value}
		return err
	})
}

// items parses the items of a possible list.
func (p *parser) items(list *items) error {
	kind := p.PeekKind()
	list.isList = kind == '[' || kind == 'n'
	if kind != '[' {
		return p.SkipValue()
	}
	if _, err := p.ReadToken(); err != nil {
		return err
	}
	for p.PeekKind() != ']' {
		var o Object
		err := p.nested(&o)
		if errors.Is(err, errNoObject) {
			list.err = fmt.Errorf("items: %w", err)
			err = p.SkipValue()
		}
		if err != nil {
			return err
		}
		list.Items = append(list.Items, o)
	}
	_, err := p.ReadToken()
	return err
}

// Decoder decodes objects and lists.
var Decoder runtime.Decoder = decoder{}

type decoder struct{}

// Decode decodes an object or a list, which share text. into must be nil.
func (decoder) Decode(text []byte, _ *schema.GroupVersionKind, into runtime.Object) (runtime.Object, *schema.GroupVersionKind, error) {
	if into != nil {
		return nil, nil, fmt.Errorf("JSON of an object cannot become %T", into)
	}
	object, err := Parse(text)
	if err != nil {
		return nil, nil, err
	}
	kind := object.GetObjectKind().GroupVersionKind()
	return object, &kind, nil
}
