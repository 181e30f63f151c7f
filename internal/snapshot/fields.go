package snapshot

import (
	"bytes"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/generators"
)

// An export is a resource to read: its kind, the API versions that are read, and the fields.
type export struct {
	kind     schema.GroupVersionKind
	versions []string
	object   reflect.Type
	reads    *fieldSet // by the table
}

func newExport(d generators.Description) *export {
	w := &export{kind: d.Kind}
	for _, v := range generators.Versions(d.Resource) {
		w.versions = append(w.versions, v.Version)
	}
	object, err := scheme.New(d.Kind)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	w.object = reflect.TypeOf(object).Elem()
	reads := d.Reads
	if reads == nil {
		for f := range w.object.Fields() {
			if name := jsonName(f); name != "" {
				reads = append(slices.Clip(reads), name)
			}
		}
	}
	w.reads = &fieldSet{}
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

// A fieldSet is a set of field paths, as a tree. Without fields it has all of them but except.
type fieldSet struct {
	fields map[string]*fieldSet
	except string
}

func (n *fieldSet) add(path []string) {
	if len(path) == 0 {
		n.fields = nil
		return
	}
	if n.fields == nil {
		n.fields = map[string]*fieldSet{}
	}
	next := n.fields[path[0]]
	if next == nil {
		next = &fieldSet{}
		n.fields[path[0]] = next
	} else if next.fields == nil {
		return // it has all of them
	}
	next.add(path[1:])
}

var allFields = &fieldSet{}

// field returns the subset below a field, nil if that is empty.
func (n *fieldSet) field(name string) *fieldSet {
	switch {
	case n.fields != nil:
		return n.fields[name]
	case name == n.except:
		return nil
	default:
		return allFields
	}
}

// all reports whether the set has all fields.
func (n *fieldSet) all() bool { return n.fields == nil && n.except == "" }

// omitUnread returns the text of an object in block style with the lines of unread fields as
// empty comments: lines keep their numbers, and nothing in those fields can be bad. It returns
// text as it is if the indentation does not tell where such a field ends.
func omitUnread(text []byte, reads *fieldSet) []byte {
	type open struct {
		column   int
		fieldSet *fieldSet
	}
	kept := make([]byte, 0, len(text))
	stack := []open{{-1, reads}}
	skip := -1 // column of the unread key
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
		parent := stack[len(stack)-1].fieldSet
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

// unclosed reports whether a value may continue in lines of any indentation.
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
		return true // an alias elsewhere may need it
	}
	return false
}

// isRead reports whether the set has a field, or a part of it, or a field that it is part of.
func (n *fieldSet) isRead(names []string) bool {
	for _, name := range names {
		if n = n.field(name); n == nil {
			return false
		}
	}
	return true
}
