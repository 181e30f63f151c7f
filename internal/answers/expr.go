package answers

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An expr is an expression over series: the part of PromQL that answers need.
type expr interface {
	// String is the expression in PromQL.
	String() string
	// families calls yield with the families that the expression reads.
	families(yield func(name string, optional bool))
	// scans calls yield with the selectors that eval reads without keys.
	scans(yield func(selector))
	// eval returns the series of the expression whose labels are in only; nil for all.
	eval(r *reader, only *keys) []sample
}

// A selector selects the series of a family whose labels match and whose value compares.
type selector struct {
	family   string
	matchers []matcher
	op       string // a comparison, or empty
	value    float64
	// optional families may be missing.
	optional bool
	// age compares the time since the value instead.
	age bool
}

// A matcher compares a label with some values.
type matcher struct {
	label  string
	not    bool
	values []string
}

// series selects all series of a family.
func series(family string) selector { return selector{family: family} }

// with selects the series with one of the values of a label.
func (s selector) with(label string, values ...string) selector {
	s.matchers = append(slices.Clip(s.matchers), matcher{label, false, values})
	return s
}

// without selects the series with none of the values of a label.
func (s selector) without(label string, values ...string) selector {
	s.matchers = append(slices.Clip(s.matchers), matcher{label, true, values})
	return s
}

// is selects by the value.
func (s selector) is(op string, value float64) selector {
	s.op, s.value = op, value
	return s
}

// before selects times that are longer ago than a duration, and within those that are not.
func (s selector) before(d time.Duration) selector {
	s.age = true
	return s.is(">", d.Seconds())
}

func (s selector) within(d time.Duration) selector {
	s.age = true
	return s.is("<", d.Seconds())
}

// ifAny lets the family be missing.
func (s selector) ifAny() selector {
	s.optional = true
	return s
}

func (s selector) String() string {
	var b strings.Builder
	if s.age {
		b.WriteString("time() - ")
	}
	b.WriteString(s.family)
	for i, m := range s.matchers {
		b.WriteString([]string{"{", ", "}[min(i, 1)] + m.String())
	}
	if len(s.matchers) > 0 {
		b.WriteByte('}')
	}
	if s.op != "" {
		b.WriteString(" " + s.op + " " + number(s.value))
	}
	return b.String()
}

// operand is the selector as an operand of arithmetic.
func (s selector) operand() string {
	if s.op != "" || s.age {
		return "(" + s.String() + ")"
	}
	return s.String()
}

func (m matcher) String() string {
	op := "="
	if m.not {
		op = "!="
	}
	if len(m.values) > 1 {
		op = strings.TrimSuffix(op, "=") + "=~"
		if m.not {
			op = "!~"
		}
	}
	return m.label + op + strconv.Quote(strings.Join(m.values, "|"))
}

func (s selector) scans(yield func(selector)) { yield(s) }

func (s selector) families(yield func(string, bool)) { yield(s.family, s.optional) }

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// A set operation keeps the series of the left side for which the right side has a series of equal
// labels, or for which it has none.
type setOperation struct {
	left, right expr
	not         bool
	on          []string
}

func and(left expr, on []string, right expr) expr    { return setOperation{left, right, false, on} }
func unless(left expr, on []string, right expr) expr { return setOperation{left, right, true, on} }

func (s setOperation) String() string {
	op := "and"
	if s.not {
		op = "unless"
	}
	return fmt.Sprintf("%s\n%s on (%s) %s", operand(s.left, true), op, strings.Join(s.on, ", "), operand(s.right, false))
}

func (s setOperation) scans(yield func(selector)) { s.left.scans(yield) }

func (s setOperation) families(yield func(string, bool)) {
	s.left.families(yield)
	s.right.families(yield)
}

// operand returns an operand of a set operation. Set operations associate to the left.
func operand(e expr, left bool) string {
	switch e.(type) {
	case setOperation:
		if !left {
			return "(\n" + indented(e.String()) + "\n)"
		}
	case union:
		return "(\n" + indented(e.String()) + "\n)"
	}
	return e.String()
}

func indented(s string) string { return "  " + strings.ReplaceAll(s, "\n", "\n  ") }

// A union has the series of all its parts.
type union []expr

func (u union) String() string {
	var all []string
	for _, e := range u {
		all = append(all, e.String())
	}
	return strings.Join(all, "\nor\n")
}

func (u union) scans(yield func(selector)) {
	for _, e := range u {
		e.scans(yield)
	}
}

func (u union) families(yield func(string, bool)) {
	for _, e := range u {
		e.families(yield)
	}
}

// An arithmetic has the result of an operation on the values of two sides with equal labels, and compares it
// with a number. It has no other labels.
type arithmetic struct {
	left, right selector
	op          string // - or /
	on          []string
	compare     string
	value       float64
}

func (a arithmetic) String() string {
	return fmt.Sprintf("%s %s on (%s) %s %s %s", a.left.operand(), a.op, strings.Join(a.on, ", "), a.right.operand(), a.compare, number(a.value))
}

func (a arithmetic) scans(yield func(selector)) { a.left.scans(yield) }

func (a arithmetic) families(yield func(string, bool)) {
	a.left.families(yield)
	a.right.families(yield)
}

// A labelled adds a label: a constant, or that of another label.
type labelled struct {
	expr
	label, value, from string
}

// label adds a label with a value.
func label(name, value string, e expr) expr { return labelled{e, name, value, ""} }

// copyLabel adds a label with the value of another one.
func copyLabel(name, from string, e expr) expr { return labelled{e, name, "", from} }

func (l labelled) String() string {
	inner := l.expr.String()
	if _, ok := l.expr.(setOperation); ok {
		inner = "\n" + indented(inner) + "\n"
	}
	if l.from != "" {
		return fmt.Sprintf("label_replace(%s, %q, \"$1\", %q, \"(.*)\")", inner, l.label, l.from)
	}
	return fmt.Sprintf("label_replace(%s, %q, %q, \"\", \"\")", inner, l.label, l.value)
}
