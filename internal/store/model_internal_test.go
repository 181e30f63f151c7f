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
	classes    int
	resources  []*modelResource
	partitions []*modelPartition
	held       []string
}

type modelResource struct {
	families   []Family
	partitions []*modelPartition
	budget     modelBudget
}

type modelPartition struct {
	resource         *modelResource
	prefix           string // of uids
	objects, staging slots
	staged           bool
}

// slots have objects by class and slot, nil for a free slot. The group behind the classes has withheld
// objects.
type slots struct {
	classes int
	groups  [][]*modelObject
}

func newSlots(classes int) slots { return slots{classes, make([][]*modelObject, classes+1)} }

// A modelObject is immutable.
type modelObject struct {
	uid, namespace string
	note           Note
	created        int64
	lines          []string // by family
	counts         []int    // of lines, by family
	seen           bool     // since Begin
}

// newModel draws resources whose families have few names, and perhaps budgets.
func newModel(rnd *rand.Rand, budgets bool) *model {
	m := &model{classes: []int{1, 1, 2, 3, 8, MaxParts}[rnd.IntN(6)]}
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
			p := &modelPartition{resource: r, prefix: string(rune('a' + len(m.partitions))), objects: newSlots(m.classes)}
			r.partitions, m.partitions = append(r.partitions, p), append(m.partitions, p)
		}
		if budgets {
			r.budget.limit(r.randomBudgets(rnd, nil))
		}
		m.resources = append(m.resources, r)
	}
	return m
}

func (m *model) run(o operation) (result string) {
	p := m.partitions[o.partition]
	switch o.kind {
	case "set":
		objects := p.objects
		if p.staged {
			objects = p.staging
		}
		for _, r := range o.objects {
			result += fmt.Sprintln(objects.set(r, p.fits(objects)))
		}
	case "limit":
		r := m.resources[o.views[0]]
		r.budget.limit(o.budgets)
	case "balance":
		m.resources[o.views[0]].balance()
	case "delete":
		p.objects.remove(func(x *modelObject) bool { return slices.Contains(o.uids, x.uid) })
	case "find":
		for _, uid := range o.uids {
			x := cmp.Or(p.objects.find(uid), &modelObject{})
			result += fmt.Sprintln(x.uid != "", x.note.Input, len(p.objects.all())) + textOf(x.note, x.uid != "")
			if p.staged {
				x = cmp.Or(p.staging.find(uid), &modelObject{})
				result += textOf(x.note, x.uid != "")
			}
		}
	case "notes":
		result = p.objects.notes(func(*modelObject) bool { return true })
	case "leaving":
		result = p.objects.notes(func(x *modelObject) bool {
			next := p.staging.find(x.uid)
			return next == nil || !next.seen
		})
	case "retain":
		p.objects.remove(func(x *modelObject) bool { return !o.keep(x.uid) })
	case "cut":
		p.objects.cut(o)
	case "cut staging":
		p.staging.cut(o)
	case "update":
		p.objects.update(o.objects)
	case "update staging":
		p.staging.update(o.objects)
	case "rewrite":
		p.objects.rewrite(o)
	case "rewrite staging":
		p.staging.rewrite(o)
	case "begin":
		p.staging, p.staged = p.objects.marked(func(*modelObject) bool { return false }), true
	case "retain staging":
		p.staging = p.staging.marked(func(x *modelObject) bool { return x.seen && o.keep(x.uid) })
	case "finish", "replace", "finish, retain and replace":
		p.staging.remove(func(x *modelObject) bool { return !x.seen })
		p.balanceStaging()
		if o.kind == "finish, retain and replace" {
			p.staging.remove(func(x *modelObject) bool { return !o.keep(x.uid) })
			p.balanceStaging()
		}
		if o.kind != "finish" {
			p.objects, p.staged = p.staging, false
		}
	case "abandon":
		p.staged = false
	case "stats":
		for _, r := range m.resources {
			result += r.stats() + r.reportBudgets()
		}
	case "response":
		var views []*modelResource
		for _, n := range o.views {
			views = append(views, m.resources[n])
		}
		result = m.respond(views, o)
	case "merge":
		from := m.resources[o.views[0]]
		p := &modelPartition{objects: newSlots(m.classes)}
		merged := &modelResource{from.families, []*modelPartition{p}, modelBudget{Budgets: from.budget.Budgets}}
		p.resource = merged
		for _, q := range from.partitions {
			for group := range q.objects.groups {
				p.objects.groups[group] = append(p.objects.groups[group], q.objects.groups[group]...)
			}
		}
		if merged.budget.Budgets != nil {
			merged.budget.cutAll()
		}
		merged.balance()
		p.add(o.added, o.keep)
		for _, r := range o.objects {
			p.objects.set(r, p.fits(p.objects))
		}
		merged.balance()
		p.objects.remove(func(x *modelObject) bool {
			return slices.Contains(o.uids, x.uid) || !o.keep(x.uid) || o.gone[x.namespace]
		})
		if merged.budget.Budgets != nil { // the place of an object that is admitted depends on options
			return merged.stats() + merged.reportBudgets() + p.objects.notes(func(*modelObject) bool { return true })
		}
		result = m.respond([]*modelResource{merged}, o) + p.objects.notes(func(*modelObject) bool { return true })
	case "held":
		result = m.held[o.held]
	}
	return result
}

func (s slots) find(uid string) *modelObject {
	for _, x := range s.all() {
		if x.uid == uid {
			return x
		}
	}
	return nil
}

// fits returns whether a new object fits into content of p; nil without budgets.
func (p *modelPartition) fits(content slots) func(*modelObject) bool {
	if p.resource.budget.Budgets == nil {
		return func(*modelObject) bool { return true }
	}
	return func(x *modelObject) bool { return p.resource.fits(x, p.resource.admitted(p, content)) }
}

// served returns the admitted objects in the order of slots.
func (s slots) served() []*modelObject { return objectsOf(s.groups[:s.classes]) }

// all returns all objects.
func (s slots) all() []*modelObject { return objectsOf(s.groups) }

func objectsOf(groups [][]*modelObject) (objects []*modelObject) {
	for _, group := range groups {
		for _, x := range group {
			if x != nil {
				objects = append(objects, x)
			}
		}
	}
	return objects
}

func (s slots) remove(drop func(*modelObject) bool) {
	for _, group := range s.groups {
		for i, x := range group {
			if x != nil && drop(x) {
				group[i] = nil
			}
		}
	}
}

// cut deletes the lines of objects from the families that are not kept.
func (s slots) cut(o operation) {
	for _, class := range s.groups {
		for i, x := range class {
			if x == nil || !slices.Contains(o.uids, x.uid) {
				continue
			}
			c := *x
			c.note.Input, c.lines, c.counts = 0, slices.Clone(x.lines), slices.Clone(x.counts)
			for family, kept := range o.kept {
				if !kept {
					c.lines[family], c.counts[family] = "", 0
				}
			}
			class[i] = &c
		}
	}
}

// marked returns a copy whose objects are marked as seen if seen returns true.
func (s slots) marked(seen func(*modelObject) bool) slots {
	c := newSlots(s.classes)
	for n := range s.groups {
		c.groups[n] = slices.Clone(s.groups[n])
		for i, x := range c.groups[n] {
			if x != nil {
				copied := *x
				copied.seen = seen(x)
				c.groups[n][i] = &copied
			}
		}
	}
	return c
}

// set puts an object into its slot or the first free one of its class, or of the withheld objects if
// it is new and does not fit.
func (s slots) set(r Rendered, fits func(*modelObject) bool) bool {
	old := s.find(r.UID)
	if r.Unchanged != nil && (old == nil || r.Note.Input == 0 || r.Note.Input != old.note.Input) {
		return false
	}
	x := &modelObject{uid: r.UID, namespace: r.Namespace, note: r.Note, created: r.Created, seen: true}
	x.render(r, old)
	if old != nil {
		s.replace(old, x)
		return true
	}
	k := keyOf(r.UID)
	group := k.class(s.classes)
	if !fits(x) {
		group = s.classes
	}
	s.put(group, x)
	return true
}

// render sets the lines of x, of which old has those that r leaves out.
func (x *modelObject) render(r Rendered, old *modelObject) {
	x.lines, x.counts = nil, nil
	start := 0
	for i, end := range r.Ends {
		lines := string(r.Text[start:end])
		if r.Unchanged != nil && r.Unchanged[i] {
			lines = old.lines[i]
		}
		x.lines, x.counts, start = append(x.lines, lines), append(x.counts, strings.Count(lines, "\n")), end
	}
}

// update replaces the lines of present objects.
func (s slots) update(objects []Rendered) {
	for _, r := range objects {
		if old := s.find(r.UID); old != nil {
			x := *old
			x.render(r, old)
			s.replace(old, &x)
		}
	}
}

// replace puts x into the slot of old.
func (s slots) replace(old, x *modelObject) {
	for _, group := range s.groups {
		if slot := slices.Index(group, old); slot >= 0 {
			group[slot] = x
		}
	}
}

// put puts an object into the first free slot of a group.
func (s slots) put(n int, x *modelObject) {
	group := &s.groups[n]
	slot := slices.Index(*group, nil)
	if slot < 0 {
		slot = len(*group)
		*group = append(*group, nil)
	}
	(*group)[slot] = x
}

// all returns the admitted objects of the resource in any of the namespaces, or in all.
func (r *modelResource) all(namespaces []string) (objects []*modelObject) {
	for _, p := range r.partitions {
		for _, x := range p.objects.served() {
			if len(namespaces) == 0 || slices.Contains(namespaces, x.namespace) {
				objects = append(objects, x)
			}
		}
	}
	return objects
}

// of reports whether an object belongs to a part.
func (p Part) of(x *modelObject) bool {
	k := keyOf(x.uid)
	return k.class(p.Of) == p.Index
}

// respond returns the text of a response and the numbers of repeated series, and holds the text. A
// part has the lines of the whole that are of its objects.
func (m *model) respond(views []*modelResource, o operation) string {
	var names []string
	headers, repeated := map[string]string{}, map[string]int{}
	mayRepeat := map[string]bool{}
	for _, r := range views {
		if len(r.all(o.namespaces)) == 0 {
			continue
		}
		present := slices.ContainsFunc(r.all(o.namespaces), o.part.of)
		for i, f := range r.families {
			mayRepeat[f.Name] = mayRepeat[f.Name] || f.MayRepeat
			if present && headers[f.Name] == "" {
				names = append(names, f.Name)
				headers[f.Name] = string(r.families[i].Header)
				if o.typed {
					headers[f.Name] = string(f.Typed)
				}
			}
		}
	}
	var b strings.Builder
	for _, name := range names {
		b.WriteString(headers[name])
		if mayRepeat[name] {
			repeated[name] = 0
		}
		seen := map[string]bool{}
		for _, r := range views {
			for i, f := range r.families {
				if f.Name != name {
					continue
				}
				for _, x := range r.all(o.namespaces) {
					for line := range strings.Lines(x.lines[i]) {
						series, _, _ := strings.Cut(line, " ")
						switch again := mayRepeat[name] && seen[series]; {
						case again:
							repeated[name]++
						case o.part.of(x):
							b.WriteString(line)
						}
						seen[series] = true
					}
				}
			}
		}
	}
	b.WriteString(trailer)
	m.held = append(m.held, b.String())
	return b.String() + fmt.Sprintln(repeated)
}
