package customresource

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"github.com/prometheus/common/model"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/jsonobject"
)

// A labeler is a compiled PathLabel.
type labeler struct {
	PathLabel
	name   string // valid; the prefix of valid names if copies is true
	copies bool   // all members of a map
}

// newLabelers compiles labels; copies of maps come first.
func newLabelers(all []PathLabel) []labeler {
	var compiled []labeler
	for _, l := range all {
		r := labeler{PathLabel: l, name: labelName(l.Name)}
		if prefix, ok := strings.CutSuffix(l.Name, "*"); ok {
			r.copies, r.name = true, sanitize(prefix)
		} else if strings.HasPrefix(l.Name, "*") {
			r.copies, r.name = true, ""
		}
		compiled = append(compiled, r)
	}
	slices.SortStableFunc(compiled, func(a, b labeler) int {
		if a.copies != b.copies {
			if a.copies {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	return compiled
}

// merged returns the labels of an entry and of a family. The family's override the entry's by name.
func merged(entry, family []PathLabel) []PathLabel {
	var all []PathLabel
	for _, l := range entry {
		if !slices.ContainsFunc(family, func(o PathLabel) bool { return o.Name == l.Name }) {
			all = append(all, l)
		}
	}
	return append(all, family...)
}

// sanitize replaces the characters that a label name may not have by underscores.
func sanitize(name string) string {
	if !strings.ContainsFunc(name, isInvalid) {
		return name
	}
	return strings.Map(func(r rune) rune {
		if isInvalid(r) {
			return '_'
		}
		return r
	}, name)
}

// labelName returns a valid label name.
func labelName(name string) string {
	if name = sanitize(name); isReserved(name) {
		return "_" + name
	}
	return name
}

// isReserved reports whether a sanitized name is valid only with another underscore before it.
func isReserved(name string) bool {
	return name == model.MetricNameLabel || name != "" && '0' <= name[0] && name[0] <= '9'
}

func isInvalid(r rune) bool {
	return r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
}

// labels is a set of labels under construction. The last label of a name counts.
type labels []generators.Label

// sorted sorts by name, and keeps the last label of each name.
func (l labels) sorted() labels {
	slices.SortStableFunc(l, func(a, b generators.Label) int { return strings.Compare(a.Name, b.Name) })
	kept := l[:0]
	for i := range l {
		if i+1 == len(l) || l[i].Name != l[i+1].Name {
			kept = append(kept, l[i])
		}
	}
	return kept
}

// over appends the labels of l to dst, and those of base with other names. All are sorted.
func (l labels) over(dst, base labels) labels {
	for len(l) > 0 || len(base) > 0 {
		switch {
		case len(base) == 0 || len(l) > 0 && l[0].Name < base[0].Name:
			dst, l = append(dst, l[0]), l[1:]
		case len(l) == 0 || base[0].Name < l[0].Name:
			dst, base = append(dst, base[0]), base[1:]
		default:
			base = base[1:]
		}
	}
	return dst
}

// compare orders sets by names and values, and then by length.
func (l labels) compare(o labels) int {
	return slices.CompareFunc(l, o, func(a, b generators.Label) int {
		if order := strings.Compare(a.Name, b.Name); order != 0 {
			return order
		}
		return strings.Compare(a.Value, b.Value)
	})
}

// A scratch is the scratch memory of one definition.
type scratch struct {
	text    []byte
	members []jsonobject.Value // of maps that are being printed
}

// since returns the text from start. It is valid until the scratch is reset: later text is appended
// after it, or to new memory.
func (s *scratch) since(start int) string {
	b := s.text[start:]
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// label appends the labels that l reads from v.
func (s *scratch) label(dst labels, l *labeler, v jsonobject.Value) labels {
	v = l.Source.Path.from(v)
	switch {
	case !l.copies:
		if v.Kind() == jsonobject.None || v.Kind() == jsonobject.Null {
			return dst
		}
		return append(dst, generators.Label{Name: l.name, Value: s.textOf(v, l.Join)})
	case v.Kind() == jsonobject.Map:
		for member := range v.Children() {
			if name := s.name(l.name, member.MapKey()); name != "" {
				dst = append(dst, generators.Label{Name: name, Value: s.textOf(member, l.Join)})
			}
		}
	}
	return dst
}

// computed appends the label of an expression's result; of a map, one for each member.
func (s *scratch) computed(dst labels, l *labeler, result any) labels {
	if !l.copies {
		if result == nil {
			return dst
		}
		return append(dst, generators.Label{Name: l.name, Value: textOfResult(result, l.Join)})
	}
	members, _ := result.(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(members)) {
		if name := s.name(l.name, key); name != "" {
			dst = append(dst, generators.Label{Name: name, Value: textOfResult(members[key], l.Join)})
		}
	}
	return dst
}

// textOfResult is textOf for the result of an expression.
func textOfResult(result any, join *string) string {
	list, isList := result.([]any)
	if !isList || join == nil {
		return fmt.Sprint(result)
	}
	var texts []string
	for _, element := range list {
		texts = append(texts, fmt.Sprint(element))
	}
	return strings.Join(texts, *join)
}

// name returns the label name of a map member; empty if prefix and key are.
func (s *scratch) name(prefix, key string) string {
	if prefix == "" && !isReserved(key) && !strings.ContainsFunc(key, isInvalid) {
		return key
	}
	start := len(s.text)
	s.text = append(append(s.text, '_'), prefix...)
	for _, r := range key {
		if isInvalid(r) {
			r = '_'
		}
		s.text = append(s.text, byte(r))
	}
	if name := s.since(start + 1); !isReserved(name) {
		return name
	}
	return s.since(start)
}

// textOf returns the text of a value as Go prints it. A non-nil join separates a list's elements.
func (s *scratch) textOf(v jsonobject.Value, join *string) string {
	if v.Kind() == jsonobject.String {
		return v.Text()
	}
	start := len(s.text)
	if join != nil && v.Kind() == jsonobject.Array {
		first := true
		for element := range v.Children() {
			if !first {
				s.text = append(s.text, *join...)
			}
			first = false
			s.print(element)
		}
		return s.since(start)
	}
	s.print(v)
	return s.since(start)
}

// print appends a value as Go prints it.
func (s *scratch) print(v jsonobject.Value) {
	switch v.Kind() {
	case jsonobject.True:
		s.text = append(s.text, "true"...)
	case jsonobject.False:
		s.text = append(s.text, "false"...)
	case jsonobject.String:
		s.text = append(s.text, v.Text()...)
	case jsonobject.Number:
		if n, ok := integer(v.Text()); ok {
			s.text = strconv.AppendInt(s.text, n, 10)
		} else {
			s.text = strconv.AppendFloat(s.text, numeral(v.Text()), 'g', -1, 64)
		}
	case jsonobject.Array:
		s.text = append(s.text, '[')
		first := true
		for element := range v.Children() {
			if !first {
				s.text = append(s.text, ' ')
			}
			first = false
			s.print(element)
		}
		s.text = append(s.text, ']')
	case jsonobject.Map:
		s.text = append(s.text, "map["...)
		start := len(s.members)
		s.members = slices.AppendSeq(s.members, v.Children())
		slices.SortFunc(s.members[start:], func(a, b jsonobject.Value) int { return strings.Compare(a.MapKey(), b.MapKey()) })
		for i := start; i < len(s.members); i++ { // print appends nested members, and truncates them
			member := s.members[i]
			if i > start {
				s.text = append(s.text, ' ')
			}
			s.text = append(append(s.text, member.MapKey()...), ':')
			s.print(member)
		}
		s.members = s.members[:start]
		s.text = append(s.text, ']')
	default:
		s.text = append(s.text, "<nil>"...)
	}
}
