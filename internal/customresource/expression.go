package customresource

import (
	"slices"

	"github.com/kubestate/kubestate/internal/celexpr"
	"github.com/kubestate/kubestate/internal/jsonobject"
)

// A value is the value of a Source: a value of the object, or the result of an expression.
type value struct {
	json     jsonobject.Value
	result   any
	computed bool
}

// missing reports whether there is no value.
func (v value) missing() bool {
	if v.computed {
		return v.result == nil
	}
	return v.json.Kind() == jsonobject.None || v.json.Kind() == jsonobject.Null
}

// text returns the string of the value; not ok if it is none.
func (v value) text() (text string, ok bool) {
	if v.computed {
		text, ok = v.result.(string)
		return text, ok
	}
	return v.json.Text(), v.json.Kind() == jsonobject.String
}

// number converts the value to a number.
func (v value) number(parse Parsing) (n float64, ok bool) {
	if text, isText := v.text(); isText && parse == ParseDuration {
		return parseDuration(text)
	}
	if !v.computed {
		return number(v.json)
	}
	switch of := v.result.(type) {
	case bool:
		if of {
			return 1, true
		}
		return 0, true
	case int64:
		return float64(of), true
	case float64:
		return of, true
	case string:
		return parseNumber(of)
	}
	return 0, false
}

// value reads a source from an element. An expression that fails has no value.
func (e *evaluator) value(d *definition, s *Source, self jsonobject.Value) value {
	if s.CEL.Program == nil {
		return value{json: s.Path.from(self)}
	}
	result, err := s.CEL.Program.Eval(e.variables(self))
	if err != nil {
		e.report.failed(reasonExpression, d.Name, e.object, "expression at "+s.CEL.Position+": "+err.Error())
	}
	return value{result: result, computed: true}
}

// selects reports whether a Where expression is true for an element, or empty. A failed evaluation
// selects nothing.
func (e *evaluator) selects(family string, where *Expression, self jsonobject.Value) bool {
	if where.Program == nil {
		return true
	}
	selected, err := where.Program.Bool(e.variables(self))
	if err != nil {
		e.report.failed(reasonExpression, family, e.object, "expression at "+where.Position+": "+err.Error())
	}
	return selected
}

// selected reports whether an entry selects the object for a family.
func (e *evaluator) selected(entry *Entry, family string) bool {
	if entry.Where.Program == nil {
		return true
	}
	if i := slices.IndexFunc(e.selections, func(s selection) bool { return s.entry == entry }); i >= 0 {
		return e.selections[i].selected
	}
	selected := e.selects(family, &entry.Where, e.root)
	e.selections = append(e.selections, selection{entry, selected})
	return selected
}

// A selection caches whether an entry selects the present object.
type selection struct {
	entry    *Entry
	selected bool
}

// variables returns the variables of an expression.
func (e *evaluator) variables(self jsonobject.Value) celexpr.Variables {
	if e.decoded == nil {
		e.decoded = plain(e.root)
	}
	v := celexpr.Variables{Object: e.decoded, Self: e.decoded}
	if self != e.root {
		v.Self = plain(self)
	}
	return v
}

// plain returns a value as celexpr.Decode does.
func plain(v jsonobject.Value) any {
	switch v.Kind() {
	case jsonobject.True, jsonobject.False:
		return v.Kind() == jsonobject.True
	case jsonobject.String:
		return v.Text()
	case jsonobject.Number:
		if n, ok := integer(v.Text()); ok {
			return n
		}
		return numeral(v.Text())
	case jsonobject.Array:
		list := []any{}
		for element := range v.Children() {
			list = append(list, plain(element))
		}
		return list
	case jsonobject.Map:
		members := map[string]any{}
		for member := range v.Children() {
			members[member.MapKey()] = plain(member)
		}
		return members
	}
	return nil
}

// usesExpressions reports whether the definition has an expression, which may read any field.
func (d *definition) usesExpressions() bool {
	has := func(l labeler) bool { return l.Source.CEL.Program != nil }
	return d.entry.Where.Program != nil || d.Where.Program != nil || d.Value.CEL.Program != nil ||
		slices.ContainsFunc(d.root, has) || slices.ContainsFunc(d.element, has)
}
