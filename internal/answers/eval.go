package answers

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/kubestate/kubestate/internal/exposition"
	"github.com/kubestate/kubestate/internal/store"
)

// A sample is a series with its value.
type sample struct {
	labels []pair
	value  float64
}

type pair struct{ name, value string }

// get returns the value of a label; empty if there is none.
func (s *sample) get(label string) string {
	for _, p := range s.labels {
		if p.name == label {
			return p.value
		}
	}
	return ""
}

// with returns s with one more label, in place of that of the same name.
func (s sample) with(name, value string) sample {
	labels := slices.DeleteFunc(slices.Clone(s.labels), func(p pair) bool { return p.name == name })
	return sample{append(labels, pair{name, value}), s.value}
}

// key joins the values of labels.
func (s *sample) key(on []string) string {
	var b strings.Builder
	for _, label := range on {
		b.WriteString(s.get(label))
		b.WriteByte(separator)
	}
	return b.String()
}

// separator is a byte that UTF-8 text does not have.
const separator = 0xff

// keys are the values of some labels.
type keys struct {
	on  []string
	set map[string]bool
}

// keysOf returns the values that samples have of labels.
func keysOf(all []sample, on []string) *keys {
	k := &keys{on, make(map[string]bool, len(all))}
	for i := range all {
		k.set[all[i].key(on)] = true
	}
	return k
}

// has reports whether k, nil for all, has the labels of s.
func (k *keys) has(s *sample) bool { return k == nil || k.set[s.key(k.on)] }

// A reader reads the series of views.
type reader struct {
	now   float64 // Unix seconds
	views map[string][]familyView
	text  []byte
}

// A familyView is a family of a view.
type familyView struct {
	view  store.View
	index int
}

// newReader takes a view of each resource.
func newReader(c Content) *reader {
	r := &reader{views: map[string][]familyView{}}
	for n, v := range store.Views(c.Resources, store.Selection{Namespaces: c.Namespaces}) {
		for i, name := range c.Resources[n].Families() {
			r.views[name] = append(r.views[name], familyView{v, i})
		}
	}
	return r
}

// lines calls yield with each line of a family. yield must not keep it.
func (r *reader) lines(family string, yield func(line []byte)) {
	for _, f := range r.views[family] {
		for page := range f.view.Pages() {
			r.text = page.AppendText(r.text[:0], f.index)
			for text := r.text; len(text) > 0; {
				end := bytes.IndexByte(text, '\n')
				if end < 0 {
					break
				}
				yield(text[:end])
				text = text[end+1:]
			}
		}
	}
}

func (s selector) eval(r *reader, only *keys) (all []sample) {
	compare := s.comparison(r.now)
	r.lines(s.family, func(line []byte) {
		end := bytes.LastIndexByte(line, ' ')
		if end < 0 || !s.mayMatch(line) {
			return
		}
		value, err := strconv.ParseFloat(string(line[end+1:]), 64)
		if err != nil || !compare(value) || !only.hasLine(line) {
			return
		}
		found := sample{value: value}
		for name, value := range exposition.Labels(line) {
			found.labels = append(found.labels, pair{name, value})
		}
		if s.matches(&found) && only.has(&found) {
			all = append(all, found)
		}
	})
	return all
}

// comparison returns the comparison of a value at a time.
func (s selector) comparison(now float64) func(float64) bool {
	compare := comparison(s.op)
	if s.age {
		return func(v float64) bool { return compare(now-v, s.value) }
	}
	return func(v float64) bool { return compare(v, s.value) }
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

// mayMatch reports whether a line has one of the values of each matcher somewhere. Most lines have not, and
// need not be parsed.
func (s selector) mayMatch(line []byte) bool {
	for _, m := range s.matchers {
		if !m.not && !slices.ContainsFunc(m.values, func(v string) bool { return bytes.Contains(line, []byte(`"`+v+`"`)) }) {
			return false
		}
	}
	return true
}

func (s selector) matches(found *sample) bool {
	for _, m := range s.matchers {
		if slices.Contains(m.values, found.get(m.label)) == m.not {
			return false
		}
	}
	return true
}

// hasLine reports whether k may have the labels of a line.
func (k *keys) hasLine([]byte) bool { return k == nil || len(k.set) > 0 }

func (s setOperation) eval(r *reader, only *keys) []sample {
	left := s.left.eval(r, only)
	if len(left) == 0 {
		return nil
	}
	right := keysOf(s.right.eval(r, keysOf(left, s.on)), s.on)
	return slices.DeleteFunc(left, func(l sample) bool { return right.has(&l) == s.not })
}

func (u union) eval(r *reader, only *keys) (all []sample) {
	for _, e := range u {
		all = append(all, e.eval(r, only)...)
	}
	return all
}

func (a arithmetic) eval(r *reader, only *keys) (all []sample) {
	left := a.left.eval(r, only)
	right := map[string]float64{}
	for _, s := range a.right.eval(r, keysOf(left, a.on)) {
		right[s.key(a.on)] = s.value
	}
	compare := comparison(a.compare)
	for i := range left {
		value, ok := right[left[i].key(a.on)]
		if !ok {
			continue
		}
		if a.op == "/" {
			value = left[i].value / value
		} else {
			value = left[i].value - value
		}
		if compare(value, a.value) {
			found := sample{value: value}
			for _, label := range a.on {
				if v := left[i].get(label); v != "" {
					found.labels = append(found.labels, pair{label, v})
				}
			}
			all = append(all, found)
		}
	}
	return all
}

func (l labelled) eval(r *reader, only *keys) []sample {
	all := l.expr.eval(r, only)
	for i := range all {
		value := l.value
		if l.from != "" {
			value = all[i].get(l.from)
		}
		all[i] = all[i].with(l.label, value)
	}
	return all
}
