package answers

import (
	"slices"

	"github.com/kubestate/kubestate/internal/exposition"
	"github.com/kubestate/kubestate/internal/store"
)

// A sample is a series with its value.
type sample struct {
	labels []pair
	value  float64
	at     place
}

// A pair is a label, with the escapes that its value has in a line.
type pair struct{ name, value string }

// raw returns the value of a label with escapes; empty if there is none.
func (s *sample) raw(label string) string {
	for _, p := range s.labels {
		if p.name == label {
			return p.value
		}
	}
	return ""
}

// get returns the value of a label; empty if there is none.
func (s *sample) get(label string) string { return exposition.Unescape(s.raw(label)) }

// with returns s with one more label, in place of that of the same name. The value has escapes.
func (s *sample) with(name, value string) sample {
	labels := slices.DeleteFunc(slices.Clone(s.labels), func(p pair) bool { return p.name == name })
	return sample{append(labels, pair{name, value}), s.value, s.at}
}

// key joins the values of labels.
func (s *sample) key(on []string) string {
	var b [128]byte
	key := b[:0]
	for _, label := range on {
		key = append(append(key, s.raw(label)...), separator)
	}
	return string(key)
}

// separator is a byte that UTF-8 text does not have.
const separator = 0xff

// keys are the values of some labels, which name an object: all series of the resource that has them are of
// that object, and in its page.
type keys struct {
	on    []string
	set   map[string]bool
	pages map[place]bool
	of    map[*store.Resource]bool // the resources of the pages
}

// keysOf returns the values that samples have of labels.
func keysOf(all []sample, on []string) *keys {
	k := &keys{on, make(map[string]bool, len(all)), map[place]bool{}, map[*store.Resource]bool{}}
	for i := range all {
		k.set[all[i].key(on)] = true
		k.pages[all[i].at] = true
		k.of[all[i].at.resource] = true
	}
	return k
}

// mayBeIn reports whether a page may have the labels; nil stands for all.
func (k *keys) mayBeIn(p place) bool { return k == nil || !k.of[p.resource] || k.pages[p] }

// has reports whether k has the labels of s.
func (k *keys) has(s *sample) bool { return k.set[s.key(k.on)] }

func (s selector) eval(r *reader, only *keys) (all []sample) {
	if all, ok := r.scanned[s.String()]; ok {
		return slices.DeleteFunc(slices.Clone(all), func(l sample) bool { return only != nil && !only.has(&l) })
	}
	if only != nil && len(only.set) == 0 {
		return nil
	}
	scan := newScan(s, r.now, only)
	r.lines(s.family, only, func(at place, line []byte) {
		if found, ok := scan.sample(line); ok {
			found.at = at
			all = append(all, found)
		}
	})
	return all
}

// scan reads the selectors that expressions read without keys, each family once.
func (r *reader) scan(expressions []expr) {
	scans := map[string]map[string]*scan{} // by family and selector
	for _, e := range expressions {
		e.scans(func(s selector) {
			if scans[s.family] == nil {
				scans[s.family] = map[string]*scan{}
			}
			scans[s.family][s.String()] = newScan(s, r.now, nil)
		})
	}
	r.scanned = map[string][]sample{}
	for family, all := range scans {
		for text := range all {
			r.scanned[text] = nil
		}
		r.lines(family, nil, func(at place, line []byte) {
			for text, scan := range all {
				if found, ok := scan.sample(line); ok {
					found.at = at
					r.scanned[text] = append(r.scanned[text], found)
				}
			}
		})
	}
}

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
			found := sample{value: value, at: left[i].at}
			for _, label := range a.on {
				if v := left[i].raw(label); v != "" {
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
			value = all[i].raw(l.from)
		}
		all[i] = all[i].with(l.label, value)
	}
	return all
}
