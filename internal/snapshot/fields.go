package snapshot

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/generators"
)

// A want is a resource of which the objects are exported.
type want struct {
	kind     schema.GroupVersionKind
	versions []string
	decoder  runtime.Decoder
	object   reflect.Type // nil if the objects have no Go type
	reads    *node
}

// newWant makes the want of a resource whose objects, if they have a Go type, the
// decoder decodes.
func newWant(r generators.Resource, decoder runtime.Decoder) *want {
	recipe := r.Recipe()
	w := &want{kind: r.Describe().Kind, decoder: decoder}
	for _, v := range recipe.Versions {
		w.versions = append(w.versions, v.Version)
	}
	if recipe.GoType == nil {
		w.decoder, w.reads = unstructured.UnstructuredJSONScheme, everything
		return w
	}
	w.object = recipe.GoType.Elem()
	reads := recipe.Reads
	if reads == nil {
		for f := range w.object.Fields() {
			if name := jsonName(f); name != "" {
				reads = append(slices.Clip(reads), name)
			}
		}
	}
	w.reads = &node{}
	for _, path := range reads {
		w.reads.add(strings.Split(path, "."))
	}
	w.reads.add([]string{"apiVersion"})
	w.reads.add([]string{"kind"})
	delete(w.reads.fields, "metadata")
	w.reads.add([]string{"metadata"})
	w.reads.fields["metadata"].except = "managedFields"
	return w
}

// A node says which fields below one are read: those of fields, or without them all but except.
type node struct {
	fields map[string]*node
	except string
}

func (n *node) add(path []string) {
	if len(path) == 0 {
		n.fields = nil
		return
	}
	if n.fields == nil {
		n.fields = map[string]*node{}
	}
	next := n.fields[path[0]]
	if next == nil {
		next = &node{}
		n.fields[path[0]] = next
	} else if next.fields == nil {
		return // all of it is read
	}
	next.add(path[1:])
}

var everything = &node{}

// field is the node of a field, nil if nothing of it is read.
func (n *node) field(name string) *node {
	switch {
	case n.fields != nil:
		return n.fields[name]
	case name == n.except:
		return nil
	default:
		return everything
	}
}

// all says whether all is read.
func (n *node) all() bool { return n.fields == nil && n.except == "" }

// readFields gives the text of an object in block style with the lines of fields that are not
// read made comments, so that nothing in them matters. It gives text itself where the end of
// such a field is not to be seen from the indentation.
func readFields(text []byte, reads *node) []byte {
	type open struct {
		column int
		node   *node
	}
	kept := make([]byte, 0, len(text))
	stack := []open{{-1, reads}}
	skip := -1 // column of the key that is left out
	for line := range bytes.Lines(text) {
		column := indentOf(line)
		content := line[column:]
		blank := len(bytes.TrimSpace(content)) == 0
		if skip >= 0 {
			if blank || column > skip || column == skip && isDash(bytes.TrimRight(content, "\n")) {
				kept = append(kept, "#\n"...)
				continue
			}
			skip = -1
		}
		dashed := false
		for start := content; !blank && isDash(start); start = content {
			for !dashed && stack[len(stack)-1].column > column {
				stack = stack[:len(stack)-1]
			}
			dashed = true
			content = bytes.TrimLeft(content[1:], " ")
			column += len(start) - len(content)
			blank = len(bytes.TrimSpace(content)) == 0
		}
		if !dashed {
			for column <= stack[len(stack)-1].column && !blank {
				stack = stack[:len(stack)-1]
			}
		}
		key, rest, ok := keyOf(bytes.TrimRight(content, "\n"))
		parent := stack[len(stack)-1].node
		if blank || !ok || parent.all() {
			kept = append(kept, line...)
			continue
		}
		n := parent.field(string(key))
		if n != nil {
			stack = append(stack, open{column, n})
			kept = append(kept, line...)
			continue
		}
		if unclosed(rest) {
			return text
		}
		skip = column
		if dashed { // the item stays, without the field
			kept = append(append(kept, line[:len(line)-len(content)]...), '\n')
		} else {
			kept = append(kept, "#\n"...)
		}
	}
	return kept
}

// unclosed says whether a value may go on in lines of any indentation.
func unclosed(rest []byte) bool {
	rest = bytes.TrimSpace(rest)
	if len(rest) == 0 {
		return false
	}
	switch rest[0] {
	case '"', '\'':
		return len(rest) == 1 || rest[len(rest)-1] != rest[0]
	case '{', '[':
		return strings.IndexByte("}]", rest[len(rest)-1]) < 0
	case '&':
		return true // others may refer to it
	}
	return false
}

// A badField is a value that its type does not hold.
type badField struct {
	path   string // with the numbers of elements
	names  []string
	reason string
	remove func()
}

// badFields finds the values in what was JSON that a type does not hold.
func badFields(value any, of reflect.Type, path string, names []string, remove func()) []badField {
	if value == nil {
		return nil
	}
	bad := func() []badField {
		text, err := json.Marshal(value)
		if err == nil {
			err = json.Unmarshal(text, reflect.New(of).Interface())
		}
		if err == nil {
			return nil
		}
		return []badField{{path, names, reasonOf(err, value), remove}}
	}
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if reflect.PointerTo(of).Implements(unmarshaler) {
		return bad()
	}
	switch value := value.(type) {
	case map[string]any:
		switch of.Kind() {
		case reflect.Struct:
			return badOfStruct(value, of, path, names)
		case reflect.Map:
			var all []badField
			for name, v := range value {
				all = append(all, badFields(v, of.Elem(), join(path, name), append(slices.Clip(names), name), func() { delete(value, name) })...)
			}
			return all
		}
	case []any:
		if of.Kind() == reflect.Slice && of.Elem().Kind() != reflect.Uint8 {
			var all []badField
			for i, v := range value {
				all = append(all, badFields(v, of.Elem(), path+"["+strconv.Itoa(i)+"]", names, remove)...)
			}
			return all
		}
	}
	return bad()
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

func badOfStruct(value map[string]any, of reflect.Type, path string, names []string) (all []badField) {
	for f := range of.Fields() {
		name := jsonName(f)
		if name == "" && f.Anonymous {
			all = append(all, badOfStruct(value, f.Type, path, names)...)
		} else if v, ok := value[name]; ok && name != "" {
			all = append(all, badFields(v, f.Type, join(path, name), append(slices.Clip(names), name), func() { delete(value, name) })...)
		}
	}
	return all
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// reasonOf is why a value does not fit, with the value if that is short.
func reasonOf(err error, value any) string {
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Sprintf("a %s in place of %s", kindOf(value), mismatch.Type)
	}
	return oneLine(err)
}

func kindOf(value any) string {
	switch value := value.(type) {
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64, json.Number:
		return fmt.Sprintf("number %v", value)
	case []any:
		return "list"
	default:
		return "mapping"
	}
}

// isRead says whether a field is read, or a part of it, or what it is a part of.
func (n *node) isRead(names []string) bool {
	for _, name := range names {
		if n = n.field(name); n == nil {
			return false
		}
	}
	return true
}
