package answers

import (
	"bytes"
	"slices"
	"strconv"
	"time"

	"github.com/kubestate/kubestate/internal/exposition"
	"github.com/kubestate/kubestate/internal/store"
)

// A sample is a series with its value.
type sample struct {
	labels []pair
	value  float64
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
	return sample{append(labels, pair{name, value}), s.value}
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

// has reports whether k has the labels of s.
func (k *keys) has(s *sample) bool { return k.set[s.key(k.on)] }

// A reader reads the series of a content.
type reader struct {
	Content
	time    time.Time // of the answers
	now     float64   // in Unix seconds
	sources map[string][]source
	// scanned has the samples of selectors that are read without keys.
	scanned    map[string][]sample
	requestsOf map[nodeResource]float64 // nil before they are counted
}

// A source is a family of a resource.
type source struct {
	resource *store.Resource
	view     store.View
	index    int // of the family
}

// newReader takes a view of each resource.
func newReader(c Content) *reader {
	r := &reader{Content: c, time: c.Now, sources: map[string][]source{}}
	for n, v := range store.Views(c.Resources, store.Selection{Namespaces: c.Namespaces}) {
		if ReadsAlways(c.Resources[n].Name()) {
			v = c.Resources[n].View()
		}
		for i, name := range c.Resources[n].Families() {
			r.sources[name] = append(r.sources[name], source{c.Resources[n], v, i})
		}
	}
	if r.time.IsZero() {
		r.time = r.newest()
	}
	r.now = float64(r.time.UnixNano()) / 1e9
	return r
}

// ReadsAlways reports whether answers about some namespaces read a resource without a namespace.
func ReadsAlways(resource string) bool { return resource == "storageclasses" }

// events are families whose values are times of what has happened.
var events = []string{"kube_lease_renew_time", "kube_pod_container_status_last_terminated_timestamp", "kube_pod_created", "kube_node_created"}

// newest returns the newest time of events in all namespaces.
func (r *reader) newest() time.Time {
	newest := 0.0
	for _, resource := range r.Resources {
		for index, name := range resource.Families() {
			if slices.Contains(events, name) {
				eachLineOf(resource.View(), index, func(line []byte) {
					if value, ok := valueOf(line); ok {
						newest = max(newest, value)
					}
				})
			}
		}
	}
	return time.Unix(int64(newest), 0)
}

// objects returns the number of objects of resources.
func (r *reader) objects(resources []string) (n int) {
	counted := map[*store.Resource]bool{}
	for _, all := range r.sources {
		for _, s := range all {
			if !counted[s.resource] && slices.ContainsFunc(resources, s.resource.Is) {
				counted[s.resource] = true
				n += s.view.Objects()
			}
		}
	}
	return n
}

// lacking returns what cannot be read of families; empty if all can.
func (r *reader) lacking(families []string) string {
	for _, name := range families {
		if r.sources[name] == nil {
			return "there is no family " + name
		}
		for _, s := range r.sources[name] {
			for _, u := range r.Unseen {
				if s.resource.Is(u.Resource) {
					return u.Resource + " cannot be read: " + u.Reason
				}
			}
		}
	}
	return ""
}

// lines calls yield with each line of a family. yield must not keep it.
func (r *reader) lines(family string, yield func(line []byte)) {
	for _, s := range r.sources[family] {
		eachLineOf(s.view, s.index, yield)
	}
}

// eachLineOf calls yield with each line of a family of a view. yield must not keep it.
func eachLineOf(v store.View, family int, yield func(line []byte)) {
	var text []byte
	for page := range v.Pages() {
		text = page.AppendText(text[:0], family)
		eachLine(text, yield)
	}
}

// eachLine calls yield with each line of a text, without its line feed.
func eachLine(text []byte, yield func(line []byte)) {
	for len(text) > 0 {
		end := bytes.IndexByte(text, '\n')
		if end < 0 {
			return
		}
		yield(text[:end])
		text = text[end+1:]
	}
}

// valueOf returns the value of a line.
func valueOf(line []byte) (value float64, ok bool) {
	value, err := strconv.ParseFloat(string(line[bytes.LastIndexByte(line, ' ')+1:]), 64)
	return value, err == nil
}

func (s selector) eval(r *reader, only *keys) (all []sample) {
	if all, ok := r.scanned[s.String()]; ok && only == nil {
		return slices.Clone(all)
	}
	if only != nil && len(only.set) == 0 {
		return nil
	}
	scan := newScan(s, r.now, only)
	r.lines(s.family, func(line []byte) {
		if found, ok := scan.sample(line); ok {
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
		r.lines(family, func(line []byte) {
			for text, scan := range all {
				if found, ok := scan.sample(line); ok {
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
			found := sample{value: value}
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
