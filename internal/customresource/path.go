package customresource

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A Path leads from a value to a value within.
type Path []Step

// A Step leads from a value to one within. On a map it is a key; on a list it is an index, or a
// lookup of the first matching element.
type Step struct {
	Text string
	// Key and Value are the parts of a step such as k=v or [k=v].
	Key, Value string
	Kind       StepKind
	index      int  // in a list, from the end if negative
	isIndex    bool // Text is an integer
	number     float64
	isNumber   bool // Value is the number
	truth      bool
	isTruth    bool // Value is the boolean
}

// StepKind is the form of a step.
type StepKind string

// The forms of steps.
const (
	KeyStep    StepKind = "key"    // name, or an index such as 0 or -1
	EqualStep  StepKind = "equal"  // k=v: the value v of key k, or else the value of the key "k=v"
	LookupStep StepKind = "lookup" // [k=v]: the first element whose k is v
	EachStep   StepKind = "each"   // [*]: every member of a map, and element of a list
)

// ParsePath parses the steps of a path. An error names the step.
func ParsePath(steps []string) (Path, error) {
	var p Path
	for _, text := range steps {
		s, err := parseStep(text)
		if err != nil {
			return nil, err
		}
		p = append(p, s)
	}
	return p, nil
}

func parseStep(text string) (Step, error) {
	s := Step{Text: text, Kind: KeyStep}
	inner, lookup := strings.CutPrefix(text, "[")
	if lookup {
		inner, lookup = strings.CutSuffix(inner, "]")
	}
	if lookup && inner == "*" {
		s.Kind = EachStep
		return s, nil
	}
	if lookup {
		var ok bool
		if s.Key, s.Value, ok = strings.Cut(inner, "="); !ok {
			return s, fmt.Errorf("step %q: %w", text, errLookup)
		}
		s.Kind = LookupStep
		s.number, s.isNumber = parseNumber(s.Value)
		truth, err := strconv.ParseBool(s.Value)
		s.truth, s.isTruth = truth, err == nil
		return s, nil
	}
	if strings.Count(text, "=") == 1 {
		s.Key, s.Value, _ = strings.Cut(text, "=")
		s.Kind = EqualStep
		return s, nil
	}
	index, err := strconv.Atoi(text)
	s.index, s.isIndex = index, err == nil
	return s, nil
}

var errLookup = errors.New("a lookup in a list is written [key=value]")

// String returns the steps joined by dots, such as "status.conditions".
func (p Path) String() string {
	var steps []string
	for _, s := range p {
		steps = append(steps, s.Text)
	}
	return strings.Join(steps, ".")
}
