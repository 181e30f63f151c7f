package snapshot

import (
	"bytes"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/generators"
)

// A want is a resource of which the objects are exported.
type want struct {
	kind     schema.GroupVersionKind
	versions []string
	object   reflect.Type
	reads    *node
}

func newWant(d generators.Description) *want {
	w := &want{kind: d.Kind}
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

// isRead says whether a field is read, or a part of it, or what it is a part of.
func (n *node) isRead(names []string) bool {
	for _, name := range names {
		if n = n.field(name); n == nil {
			return false
		}
	}
	return true
}
