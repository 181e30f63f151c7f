package projection

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A Projection is the set of fields of a Go type to retain. It is immutable and safe for
// concurrent use.
type Projection struct{ object filter }

// A filter has the rules of a message's fields.
type filter struct {
	rules  []rule // by field number
	others action // of larger numbers
}

// A rule is the action for a field.
type rule struct {
	action action
	inner  *filter // of the messages in the field, if the action is descend
}

type action uint8

const (
	keep action = iota
	drop
	descend
)

// Compile returns the projection of a type to the given fields, or to all fields if none are
// given. The type is a pointer to a struct with JSON and protobuf tags. A field is a path of JSON
// names from the object, such as "spec.containers.image"; lists and pointers are transparent. A
// field is retained with its subfields. The metadata is always retained, except for managedFields.
//
// Compile panics if the type lacks a field.
func Compile(object reflect.Type, fields []string) *Projection {
	p := &Projection{}
	if len(fields) > 0 {
		p.object.others = drop
	}
	for _, path := range fields {
		p.object.add(object, strings.Split(path, "."))
	}
	kept := &filter{}
	kept.set(managedFields, rule{action: drop})
	p.object.set(metadata, rule{descend, kept})
	return p
}

// Narrow returns a projection that retains the given fields of the top-level fields that they
// name, and every other top-level field: with "spec.nodeName" the spec is reduced to nodeName.
// Types and fields are those of Compile.
func Narrow(object reflect.Type, fields []string) *Projection {
	p := &Projection{}
	for _, path := range fields {
		p.object.add(object, strings.Split(path, "."))
	}
	return p
}

// add adds a path to the fields that m, a filter of messages of type t, retains.
func (m *filter) add(t reflect.Type, path []string) {
	steps := lookUp(t, path[0])
	if len(steps) == 0 {
		panic(fmt.Sprintf("BUG: %s has no field %s on the wire", t, path[0]))
	}
	for _, f := range steps[:len(steps)-1] {
		m = m.inner(number(f))
	}
	last := steps[len(steps)-1]
	if len(path) == 1 {
		m.set(number(last), rule{action: keep})
		return
	}
	m.inner(number(last)).add(last.Type, path[1:])
}

// inner returns the filter of the messages in a field. A new one drops all fields.
func (m *filter) inner(number uint64) *filter {
	r := m.rule(number)
	if r.action != descend {
		r = rule{descend, &filter{others: drop}}
		m.set(number, r)
	}
	return r.inner
}

// rule returns the rule of a field.
func (m *filter) rule(number uint64) rule {
	if number < uint64(len(m.rules)) {
		return m.rules[number]
	}
	return rule{action: m.others}
}

// set replaces the rule of a field.
func (m *filter) set(number uint64, r rule) {
	for uint64(len(m.rules)) <= number {
		m.rules = append(m.rules, rule{action: m.others})
	}
	m.rules[number] = r
}

// lookUp returns the struct field of a JSON name in t. The fields of an embedded struct are inline
// in JSON but in a message of their own in protobuf: the embedding fields precede the field.
func lookUp(t reflect.Type, name string) []reflect.StructField {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	for f := range t.Fields() {
		if f.Tag.Get("protobuf") == "" {
			continue
		}
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if key == name {
			return []reflect.StructField{f}
		}
		if f.Anonymous && key == "" {
			if inner := lookUp(f.Type, name); inner != nil {
				return append([]reflect.StructField{f}, inner...)
			}
		}
	}
	return nil
}

// Number returns the protobuf number of a top-level field by its JSON name. The type is that of
// Compile. Number panics if the type lacks the field.
func Number(object reflect.Type, name string) uint64 {
	steps := lookUp(object, name)
	if len(steps) != 1 {
		panic(fmt.Sprintf("BUG: %s has no field %s on the wire", object, name))
	}
	return number(steps[0])
}

// number returns the protobuf number of a struct field, the second part of its tag:
// "bytes,2,opt,name=spec".
func number(f reflect.StructField) uint64 {
	_, rest, _ := strings.Cut(f.Tag.Get("protobuf"), ",")
	digits, _, _ := strings.Cut(rest, ",")
	n, err := strconv.ParseUint(digits, 10, 29)
	if err != nil {
		panic(fmt.Sprintf("BUG: field %s of type %s is not on the wire", f.Name, f.Type))
	}
	return n
}

// numberIn returns the protobuf number of a field of T by its Go name.
func numberIn[T any](name string) uint64 {
	f, _ := reflect.TypeFor[T]().FieldByName(name)
	return number(f)
}

// Numbers of fields that all objects and lists have.
var (
	metadata      = numberIn[metav1.PartialObjectMetadata]("ObjectMeta")
	managedFields = numberIn[metav1.ObjectMeta]("ManagedFields")
	uid           = numberIn[metav1.ObjectMeta]("UID")
	namespace     = numberIn[metav1.ObjectMeta]("Namespace")
	items         = numberIn[metav1.PartialObjectMetadataList]("Items")
)
