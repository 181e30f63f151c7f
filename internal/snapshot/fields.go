package snapshot

import (
	"bytes"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/jsonobject"
)

// An export is a resource to read: its kind, the API versions that are read, and the fields.
type export struct {
	kind     schema.GroupVersionKind
	versions []string // all if there are none
	decoder  runtime.Decoder
	object   reflect.Type // nil if the objects have no Go type
	reads    *fieldSet    // by the table
	json     *export      // of the same kind, without a Go type; nil for none
}

// add adds an export. Of a kind there are at most two, one of them without a Go type.
func (w exports) add(e *export) {
	kind := e.kind.GroupKind()
	other := w[kind]
	switch {
	case other == nil || (other.object == nil) == (e.object == nil):
		w[kind] = e
	case e.object == nil:
		other.json, other.reads = e, e.reads
	default:
		e.json, e.reads = other, other.reads
		w[kind] = e
	}
}

// newExport returns the export of a resource whose objects, if they have a Go type, the decoder
// decodes.
func newExport(r generators.Resource, decoder runtime.Decoder) *export {
	recipe := r.Recipe()
	w := &export{kind: r.Describe().Kind, decoder: decoder}
	if recipe.GoType == nil {
		w.decoder, w.reads = jsonobject.Decoder, &fieldSet{}
		return w
	}
	for _, v := range recipe.Versions {
		w.versions = append(w.versions, v.Version)
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

// omitUnread returns the text of an object in block style with the lines of unread fields as empty
// comments, so that lines keep their numbers and faults of those fields do not matter. It returns text
// unchanged if the indentation does not show where such a field ends.
func omitUnread(text []byte, reads *fieldSet) []byte {
	o := omitter{open: []openField{{-1, reads}}, skip: -1}
	kept := make([]byte, 0, len(text))
	for line := range bytes.Lines(text) {
		prefix, content := o.enter(line)
		switch key, rest, ok := keyOf(bytes.TrimRight(content, "\n")); {
		case o.skip >= 0:
			kept = append(kept, "#\n"...)
		case !ok:
			if opensFlow(content) && !o.innermost().all() {
				return text
			}
			kept = append(kept, line...)
		case o.read(len(prefix), key):
			if opensFlow(rest) {
				return text
			}
			kept = append(kept, line...)
		case unclosed(rest):
			return text
		default:
			o.skip = len(prefix)
			if len(bytes.TrimSpace(prefix)) > 0 { // the item stays, without the field
				kept = append(append(kept, prefix...), '\n')
			} else {
				kept = append(kept, "#\n"...)
			}
		}
	}
	return kept
}

// An omitter tracks the indentation of lines in block style.
type omitter struct {
	open []openField // the fields that the line is in, the innermost last
	skip int         // column of the unread field that the line is in, -1 for none
}

// An openField is a field whose value may continue.
type openField struct {
	column int
	reads  *fieldSet
}

// enter closes the fields that end before a line. It returns the indentation of the line with the
// dashes of items, and the rest.
func (o *omitter) enter(line []byte) (prefix, content []byte) {
	column := indentOf(line)
	content = line[column:]
	blank := len(bytes.TrimSpace(content)) == 0 || content[0] == '#'
	if o.skip >= 0 {
		if blank || column > o.skip || column == o.skip && isDash(bytes.TrimRight(content, "\n")) {
			return nil, nil
		}
		o.skip = -1
	}
	if blank {
		return line, nil
	}
	if dashed := isDash(bytes.TrimRight(content, "\n")); dashed {
		o.close(column + 1) // a sequence may be indented as its key is
	} else {
		o.close(column)
	}
	for isDash(bytes.TrimRight(content, "\n")) {
		content = bytes.TrimLeft(content[1:], " ")
	}
	return line[:len(line)-len(content)], content
}

// close closes the fields at a column or beyond.
func (o *omitter) close(column int) {
	for o.open[len(o.open)-1].column >= column {
		o.open = o.open[:len(o.open)-1]
	}
}

// innermost returns the fields that are read of the innermost open field.
func (o *omitter) innermost() *fieldSet { return o.open[len(o.open)-1].reads }

// read reports whether a key at a column is read, and opens its field if so.
func (o *omitter) read(column int, key []byte) bool {
	parent := o.innermost()
	if parent.all() {
		return true
	}
	field := parent.field(string(key))
	if field != nil {
		o.open = append(o.open, openField{column, field})
	}
	return field != nil
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
		return opensFlow(rest)
	case '&':
		return true // an alias elsewhere may need it
	}
	return false
}

// opensFlow reports whether a value in flow style continues in the next line.
func opensFlow(rest []byte) bool {
	rest = bytes.TrimSpace(rest)
	return len(rest) > 0 && strings.IndexByte("{[", rest[0]) >= 0 && strings.IndexByte("}]", rest[len(rest)-1]) < 0
}

// isRead reports whether the set has a field, one of its subfields, or a field around it.
func (n *fieldSet) isRead(names []string) bool {
	for _, name := range names {
		if n = n.field(name); n == nil {
			return false
		}
	}
	return true
}
