package answers

import (
	"bytes"
	"slices"

	"github.com/kubestate/kubestate/internal/exposition"
)

// A scan finds the samples of a selector in lines. Lines that are not selected allocate nothing.
type scan struct {
	selector
	now     float64
	compare func(a, b float64) bool
	only    *keys
	end     []byte   // of lines with the value, nil if any line may have it
	texts   [][]byte // values of the first matcher, one of which a line has; nil if any line may match
	labels  []rawPair
	values  []byte
	key     []byte
	names   map[string]string // of labels, so that samples share them
}

// A rawPair is a label of a line.
type rawPair struct{ name, value []byte }

func newScan(s selector, now float64, only *keys) *scan {
	c := &scan{selector: s, now: now, compare: comparison(s.op), only: only, names: map[string]string{}}
	if s.op == "==" && !s.age {
		c.end = []byte(" " + number(s.value))
	}
	for _, m := range s.matchers {
		if !m.not && c.texts == nil {
			for _, v := range m.values {
				c.texts = append(c.texts, []byte(`="`+v+`"`))
			}
		}
	}
	return c
}

func comparison(op string) func(a, b float64) bool {
	switch op {
	case "":
		return func(float64, float64) bool { return true }
	case "==":
		return func(a, b float64) bool { return a == b }
	case ">":
		return func(a, b float64) bool { return a > b }
	case ">=":
		return func(a, b float64) bool { return a >= b }
	case "<":
		return func(a, b float64) bool { return a < b }
	}
	panic("BUG: comparison " + op)
}

// sample returns the sample of a line, and whether it is selected.
func (c *scan) sample(line []byte) (s sample, ok bool) {
	if !bytes.HasSuffix(line, c.end) || c.texts != nil && !slices.ContainsFunc(c.texts, func(text []byte) bool { return bytes.Contains(line, text) }) {
		return s, false
	}
	s.value, ok = valueOf(line)
	if c.age {
		s.value = c.now - s.value
	}
	if !ok || !c.compare(s.value, c.value) {
		return s, false
	}
	c.labels = c.labels[:0]
	for name, value := range exposition.RawLabels(line) {
		c.labels = append(c.labels, rawPair{name, value})
	}
	if !c.matches() || !c.isWanted() {
		return s, false
	}
	c.values = c.values[:0]
	for _, p := range c.labels {
		c.values = append(c.values, p.value...)
	}
	values := string(c.values) // all of them in one allocation
	s.labels = make([]pair, len(c.labels))
	for i, p := range c.labels {
		name, known := c.names[string(p.name)]
		if !known {
			name = string(p.name)
			c.names[name] = name
		}
		s.labels[i] = pair{name, values[:len(p.value)]}
		values = values[len(p.value):]
	}
	return s, true
}

// get returns the value of a label of the line.
func (c *scan) get(label string) []byte {
	for _, p := range c.labels {
		if string(p.name) == label {
			return p.value
		}
	}
	return nil
}

// matches reports whether the line has the labels of the matchers.
func (c *scan) matches() bool {
	for _, m := range c.matchers {
		value := c.get(m.label)
		if slices.ContainsFunc(m.values, func(v string) bool { return v == string(value) }) == m.not {
			return false
		}
	}
	return true
}

// isWanted reports whether the line has wanted keys.
func (c *scan) isWanted() bool {
	if c.only == nil {
		return true
	}
	c.key = c.key[:0]
	for _, label := range c.only.on {
		c.key = append(append(c.key, c.get(label)...), separator)
	}
	return c.only.set[string(c.key)]
}
