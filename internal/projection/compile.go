package projection

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A Projection says of the messages of one Go type which fields are kept. It
// does not change and may be used concurrently.
type Projection struct{ object message }

// A message says what to do with each field of a message.
type message struct {
	fields []action // by number
	others verdict  // on all fields beyond
}

// An action is what to do with a field.
type action struct {
	verdict verdict
	inner   *message // of a field to look into
}

type verdict uint8

const (
	keep verdict = iota
	cut
	look // into the messages that the field holds
)

// Compile makes the projection of objects of a type, a pointer to a struct with
// JSON and protobuf tags, to the given fields. A field is named by its path from
// the object on, by JSON names, such as "spec.containers.image"; of a list or a
// pointer the path goes on in what it holds. All that a field holds is kept with
// it. The metadata is kept in any case, but for its managedFields, which nobody
// reads. No fields at all stand for every field.
//
// A path that the type does not have panics.
func Compile(object reflect.Type, fields []string) *Projection {
	p := &Projection{}
	if len(fields) > 0 {
		p.object.others = cut
	}
	for _, path := range fields {
		p.object.add(object, strings.Split(path, "."))
	}
	kept := &message{}
	kept.set(managedFields, action{verdict: cut})
	p.object.set(metadata, action{look, kept})
	return p
}

// Narrow makes the projection of objects of a type, as Compile takes it, to the given
// fields of those that the paths begin with, and all other fields of the object:
// "spec.nodeName" alone leaves of the spec that, and everything beside the spec.
func Narrow(object reflect.Type, fields []string) *Projection {
	p := &Projection{}
	for _, path := range fields {
		p.object.add(object, strings.Split(path, "."))
	}
	return p
}

// add makes m, the messages of type t, keep what the path leads to.
func (m *message) add(t reflect.Type, path []string) {
	steps := lookUp(t, path[0])
	if len(steps) == 0 {
		panic(fmt.Sprintf("BUG: %s has no field %s on the wire", t, path[0]))
	}
	for _, f := range steps[:len(steps)-1] {
		m = m.inner(number(f))
	}
	last := steps[len(steps)-1]
	if len(path) == 1 {
		m.set(number(last), action{verdict: keep})
		return
	}
	m.inner(number(last)).add(last.Type, path[1:])
}

// inner is what m does with the messages in the field of the given number, of
// which it keeps nothing that has not been added.
func (m *message) inner(number uint64) *message {
	a := m.action(number)
	if a.verdict != look {
		a = action{look, &message{others: cut}}
		m.set(number, a)
	}
	return a.inner
}

// action is what to do with the field of the given number.
func (m *message) action(number uint64) action {
	if number < uint64(len(m.fields)) {
		return m.fields[number]
	}
	return action{verdict: m.others}
}

func (m *message) set(number uint64, a action) {
	for uint64(len(m.fields)) <= number {
		m.fields = append(m.fields, action{verdict: m.others})
	}
	m.fields[number] = a
}

// lookUp finds the field of a JSON name in the messages that t holds. What is
// embedded in Go and inline in JSON is a message of its own on the wire: the
// fields that lead there come first.
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

// Number is the number that a field of an object has on the wire, by its JSON name.
// The object is of a type as Compile takes it. A field that the type does not have
// panics.
func Number(object reflect.Type, name string) uint64 {
	steps := lookUp(object, name)
	if len(steps) != 1 {
		panic(fmt.Sprintf("BUG: %s has no field %s on the wire", object, name))
	}
	return number(steps[0])
}

// number is the number that the field has on the wire, which its protobuf tag
// gives in second place: "bytes,2,opt,name=spec".
func number(f reflect.StructField) uint64 {
	_, rest, _ := strings.Cut(f.Tag.Get("protobuf"), ",")
	digits, _, _ := strings.Cut(rest, ",")
	n, err := strconv.ParseUint(digits, 10, 29)
	if err != nil {
		panic(fmt.Sprintf("BUG: field %s of type %s is not on the wire", f.Name, f.Type))
	}
	return n
}

// numberIn is the number of a field of T, by its name in Go.
func numberIn[T any](name string) uint64 {
	f, _ := reflect.TypeFor[T]().FieldByName(name)
	return number(f)
}

// The numbers of fields that every object and every list has.
var (
	metadata      = numberIn[metav1.PartialObjectMetadata]("ObjectMeta")
	managedFields = numberIn[metav1.ObjectMeta]("ManagedFields")
	uid           = numberIn[metav1.ObjectMeta]("UID")
	items         = numberIn[metav1.PartialObjectMetadataList]("Items")
)
