package customresource

import (
	"strconv"

	"github.com/kubestate/kubestate/internal/jsonobject"
)

// from returns the value at the path from v; none if it is missing, or the path has a step [*].
func (p Path) from(v jsonobject.Value) jsonobject.Value {
	for i := range p {
		if v.Kind() == jsonobject.None {
			break
		}
		v = p[i].from(v)
	}
	return v
}

// from returns the value at the step from v.
func (s *Step) from(v jsonobject.Value) jsonobject.Value {
	switch v.Kind() {
	case jsonobject.Map:
		if s.Kind == EqualStep {
			if of := v.Key(s.Key); of.Kind() == jsonobject.String && of.Text() == s.Value {
				return of
			}
		}
		if s.Kind != LookupStep && s.Kind != EachStep {
			return v.Key(s.Text)
		}
	case jsonobject.Array:
		switch {
		case s.isIndex:
			return v.Index(s.index)
		case s.Kind == LookupStep:
			return s.lookup(v)
		}
	}
	return jsonobject.Value{}
}

// lookup returns the first map of a list whose value at the key equals that of the step: as a
// string, number or boolean.
func (s *Step) lookup(list jsonobject.Value) jsonobject.Value {
	for element := range list.Children() {
		if s.matches(element.Key(s.Key)) {
			return element
		}
	}
	return jsonobject.Value{}
}

func (s *Step) matches(v jsonobject.Value) bool {
	switch v.Kind() {
	case jsonobject.None:
		return false
	case jsonobject.String:
		if v.Text() == s.Value {
			return true
		}
	case jsonobject.True, jsonobject.False:
		if s.isTruth && s.truth == (v.Kind() == jsonobject.True) {
			return true
		}
	}
	if !s.isNumber {
		return false
	}
	n, ok := number(v)
	return ok && n == s.number
}

// each calls yield with every value at the path, and with the keys that the steps [*] matched, whose
// text is in s.
func (p Path) each(v jsonobject.Value, matched []string, s *scratch, yield func(v jsonobject.Value, matched []string)) {
	for i := range p {
		if p[i].Kind != EachStep {
			v = p[i].from(v)
			continue
		}
		n := 0
		for child := range v.Children() {
			key := child.MapKey()
			if v.Kind() == jsonobject.Array {
				start := len(s.text)
				s.text = strconv.AppendInt(s.text, int64(n), 10)
				key = s.since(start)
			}
			n++
			p[i+1:].each(child, append(matched, key), s, yield)
		}
		return
	}
	yield(v, matched)
}

// add adds the fields that the path reads, and calls last with the fields of the value at its end.
func (p Path) add(fields *jsonobject.Fields, last func(*jsonobject.Fields)) {
	if len(p) == 0 {
		last(fields)
		return
	}
	s, rest := p[0], p[1:]
	switch s.Kind {
	case EachStep:
		rest.add(fields.Every(), last)
		rest.add(fields.Element(), last)
	case LookupStep:
		fields.Element().Key(s.Key)
		rest.add(fields.Element(), last)
	case EqualStep:
		rest.add(fields.Key(s.Key), last)
		rest.add(fields.Key(s.Text), last)
	default:
		rest.add(fields.Key(s.Text), last)
		if s.isIndex {
			rest.add(fields.Element(), last)
		}
	}
}
