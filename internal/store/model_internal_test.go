package store

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// A model has the content of a store as text.
type model struct {
	resources  []*modelResource
	partitions []*modelPartition
	held       []string
}

type modelResource struct {
	families   []Family
	partitions []*modelPartition
}

// A modelPartition has objects by slot, nil for a free slot.
type modelPartition struct {
	resource         *modelResource
	prefix           string // of uids
	objects, staging []*modelObject
	staged           bool
}

// A modelObject is immutable.
type modelObject struct {
	uid, namespace string
	fingerprint    uint64
	lines          []string // by family
	seen           bool     // since Begin
}

// newModel draws resources whose families have few names.
func newModel(rnd *rand.Rand) *model {
	m := &model{}
	for n := range 1 + rnd.IntN(3) {
		r := &modelResource{}
		for _, i := range rnd.Perm(12)[:1+rnd.IntN(12)] {
			r.families = append(r.families, Family{
				Name:      fmt.Sprint("f", i),
				Header:    fmt.Appendf(nil, "# f%d of %d\n", i, n),
				Typed:     fmt.Appendf(nil, "# typed f%d of %d\n", i, n),
				MayRepeat: i < 6 && rnd.IntN(4) == 0,
			})
		}
		for range 1 + rnd.IntN(2) {
			p := &modelPartition{resource: r, prefix: string(rune('a' + len(m.partitions)))}
			r.partitions, m.partitions = append(r.partitions, p), append(m.partitions, p)
		}
		m.resources = append(m.resources, r)
	}
	return m
}

func (m *model) run(o operation) (result string) {
	p := m.partitions[o.partition]
	switch o.kind {
	case "set":
		objects := &p.objects
		if p.staged {
			objects = &p.staging
		}
		for _, r := range o.objects {
			result += fmt.Sprintln(set(objects, r))
		}
	case "delete":
		p.objects = remove(p.objects, func(x *modelObject) bool { return slices.Contains(o.uids, x.uid) })
	case "find":
		for _, uid := range o.uids {
			x := cmp.Or(find(p.objects, uid), &modelObject{})
			result += fmt.Sprintln(x.uid != "", x.fingerprint, count(p.objects))
		}
	case "retain":
		p.objects = remove(p.objects, func(x *modelObject) bool { return !o.keep(x.uid) })
	case "begin":
		p.staging, p.staged = nil, true
		for _, x := range p.objects {
			p.staging = append(p.staging, x.marked(false))
		}
	case "retain staging":
		for i, x := range p.staging {
			p.staging[i] = x.marked(x != nil && x.seen && o.keep(x.uid))
		}
	case "finish", "replace", "finish, retain and replace":
		p.staging = remove(p.staging, func(x *modelObject) bool {
			return !x.seen || o.kind == "finish, retain and replace" && !o.keep(x.uid)
		})
		if o.kind != "finish" {
			p.objects, p.staged = p.staging, false
		}
	case "abandon":
		p.staged = false
	case "stats":
		for _, r := range m.resources {
			result += r.stats()
		}
	case "response":
		var views []*modelResource
		for _, n := range o.views {
			views = append(views, m.resources[n])
		}
		result = m.respond(views, o)
	case "merge":
		from := m.resources[o.views[0]]
		p := &modelPartition{}
		for _, q := range from.partitions {
			p.objects = append(p.objects, q.objects...)
		}
		var added []*modelObject
		for _, r := range o.added {
			set(&added, r)
		}
		p.objects = append(p.objects, remove(added, func(x *modelObject) bool { return !o.keep(x.uid) })...)
		for _, r := range o.objects {
			set(&p.objects, r)
		}
		p.objects = remove(p.objects, func(x *modelObject) bool { return slices.Contains(o.uids, x.uid) || !o.keep(x.uid) })
		p.objects = remove(p.objects, func(x *modelObject) bool { return o.gone[x.namespace] })
		merged := &modelResource{from.families, []*modelPartition{p}}
		result = m.respond([]*modelResource{merged}, o)
	case "held":
		result = m.held[o.held]
	}
	return result
}

func find(objects []*modelObject, uid string) *modelObject {
	if i := slices.IndexFunc(objects, func(x *modelObject) bool { return x != nil && x.uid == uid }); i >= 0 {
		return objects[i]
	}
	return nil
}

func count(objects []*modelObject) (n int) {
	for _, x := range objects {
		if x != nil {
			n++
		}
	}
	return n
}

func remove(objects []*modelObject, drop func(*modelObject) bool) []*modelObject {
	left := slices.Clone(objects)
	for i, x := range left {
		if x != nil && drop(x) {
			left[i] = nil
		}
	}
	return left
}

func (x *modelObject) marked(seen bool) *modelObject {
	if x == nil {
		return nil
	}
	c := *x
	c.seen = seen
	return &c
}

// set puts an object into its slot or the first free one.
func set(objects *[]*modelObject, r Rendered) bool {
	old := find(*objects, r.UID)
	if r.Unchanged != nil && (old == nil || r.Fingerprint == 0 || r.Fingerprint != old.fingerprint) {
		return false
	}
	x := &modelObject{uid: r.UID, namespace: r.Namespace, fingerprint: r.Fingerprint, seen: true}
	start := 0
	for i, end := range r.Ends {
		lines := string(r.Text[start:end])
		if r.Unchanged != nil && r.Unchanged[i] {
			lines = old.lines[i]
		}
		x.lines, start = append(x.lines, lines), end
	}
	slot := slices.Index(*objects, old) // the first nil for a new object
	if slot < 0 {
		slot = len(*objects)
		*objects = append(*objects, nil)
	}
	(*objects)[slot] = x
	return true
}

// all returns the objects of the resource in any of the namespaces, or in all.
func (r *modelResource) all(namespaces []string) (objects []*modelObject) {
	for _, p := range r.partitions {
		for _, x := range p.objects {
			if x != nil && (len(namespaces) == 0 || slices.Contains(namespaces, x.namespace)) {
				objects = append(objects, x)
			}
		}
	}
	return objects
}

func (r *modelResource) stats() string {
	objects, families := r.all(nil), []FamilyStats{}
	for i, f := range r.families {
		s := FamilyStats{Name: f.Name}
		for _, x := range objects {
			s.Series += strings.Count(x.lines[i], "\n")
			s.Bytes += len(x.lines[i])
		}
		families = append(families, s)
	}
	return fmt.Sprintln(len(objects), families)
}

// respond returns the text of a response and the numbers of repeated series, and holds the text.
func (m *model) respond(views []*modelResource, o operation) string {
	var names []string
	headers, lines, repeated := map[string]string{}, map[string]string{}, map[string]int{}
	for _, r := range views {
		objects := r.all(o.namespaces)
		for i, f := range r.families {
			if len(objects) == 0 {
				break
			}
			if headers[f.Name] == "" {
				names = append(names, f.Name)
				headers[f.Name] = string(f.Header)
				if o.typed {
					headers[f.Name] = string(f.Typed)
				}
			}
			if f.MayRepeat {
				repeated[f.Name] = 0
			}
			for _, x := range objects {
				lines[f.Name] += x.lines[i]
			}
		}
	}
	var b strings.Builder
	for _, name := range names {
		b.WriteString(headers[name])
		seen := map[string]bool{}
		for line := range strings.Lines(lines[name]) {
			series, _, _ := strings.Cut(line, " ")
			if _, may := repeated[name]; may && seen[series] {
				repeated[name]++
				continue
			}
			seen[series] = true
			b.WriteString(line)
		}
	}
	b.WriteString(trailer)
	m.held = append(m.held, b.String())
	return b.String() + fmt.Sprintln(repeated)
}
