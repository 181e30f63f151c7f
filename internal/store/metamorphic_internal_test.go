package store

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzMetamorphic runs a random sequence of operations on a model and on stores with random
// options and random times of compaction. All results are equal, byte by byte.
func FuzzMetamorphic(f *testing.F) {
	for seed := range randomSeeds(10) {
		f.Add(seed)
	}
	f.Add(uint64(100)) // a compaction that frees no buffer
	f.Fuzz(func(t *testing.T, seed uint64) { runMetamorphic(t, seed, false) })
}

// FuzzBudgets is FuzzMetamorphic with budgets, whose limits change.
func FuzzBudgets(f *testing.F) {
	for seed := range randomSeeds(20) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) { runMetamorphic(t, seed, true) })
}

// randomSeeds returns how many of n seeds to run.
func randomSeeds(n uint64) uint64 {
	if testing.Short() {
		return 1
	}
	return n
}

func runMetamorphic(t *testing.T, seed uint64, budgets bool) {
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	m := newModel(rnd, budgets)
	o := defaults
	o.classes = m.classes
	instances := []*instance{newInstance(m, &o, 0)}
	for n := range 2 {
		instances = append(instances, newInstance(m, randomOptions(rnd, m.classes), seed+uint64(n)))
	}
	for n := range 250 {
		o := m.next(rnd)
		if budgets && rnd.IntN(4) == 0 {
			o = m.nextOfBudgets(rnd)
		}
		want := m.run(o)
		for _, i := range instances {
			if got := i.run(t, o); got != want {
				t.Fatalf("operation %d, %v, %+v, compaction in %d %% (-want +got):\n%s",
					n, o, *i.options, i.compaction, cmp.Diff(want, got))
			}
		}
	}
	for _, i := range instances {
		for _, s := range i.stagings {
			if s != nil {
				s.Abandon()
			}
		}
	}
}

// randomOptions draws options with the given classes, which determine the order of responses.
func randomOptions(rnd *rand.Rand, classes int) *options {
	one := func(of ...int) int { return of[rnd.IntN(len(of))] }
	return &options{
		slots: one(1, 2, 3, 7, 20, pageSlots), classes: classes,
		maxDeltas: one(0, 1, 4, 100), maxDeltasOverBudget: one(0, 2, 16), tinyText: one(0, 500, 2<<10),
		idleTicks: uint64(one(0, 1, 5)), idleDeltaTicks: uint64(one(0, 1, 15)), largeText: one(0, 1<<10, 64<<10),
		minBudget: one(0, 4<<10, 64<<10, 24<<20), budgetShare: one(1, 4, 1<<20),
		freePages: one(0, 1, 2, 10),
		deadShare: one(1, 8, 100), smallExtent: one(0, 200, 4<<10),
		oneRound: one(1, 5, 16<<10),
		text:     segments{bytes: one(1, 1<<10, 256<<10), ahead: one(0, 1, 4), buffers: bufferPool(0)},
		gzip:     segments{bytes: one(1, 1<<10, 64<<10), ahead: one(0, 1, 2), buffers: bufferPool(1 << 10)},
	}
}

const trailer = "# EOF\n"

// An instance is a store under test.
type instance struct {
	options    *options
	compaction int // percentage of operations with a compaction
	rnd        *rand.Rand
	resources  []*Resource
	partitions []*Partition
	stagings   []*Staging
	held       []*Response
}

func newInstance(m *model, o *options, seed uint64) *instance {
	i := &instance{options: o, rnd: rand.New(rand.NewPCG(seed, 1))}
	i.compaction = i.rnd.IntN(100)
	for n, r := range m.resources {
		i.resources = append(i.resources, newResource(fmt.Sprint("r", n), r.families, len(r.partitions), nil, o))
		i.partitions = append(i.partitions, i.resources[n].partitions...)
		if b := r.budget.Budgets; b != nil {
			i.resources[n].LimitSeries(*b)
		}
	}
	i.stagings = make([]*Staging, len(i.partitions))
	return i
}

func (i *instance) run(t *testing.T, o operation) (result string) {
	if i.rnd.IntN(100) < i.compaction {
		for _, p := range i.resources[i.rnd.IntN(len(i.resources))].partitions {
			p.Compact()
		}
	}
	p, s := i.partitions[o.partition], i.stagings[o.partition]
	switch o.kind {
	case "set":
		set := p.Set
		if s != nil {
			set = s.Set
		}
		for _, r := range o.objects {
			result += fmt.Sprintln(set(r))
		}
	case "limit":
		i.resources[o.views[0]].LimitSeries(*o.budgets)
	case "balance":
		i.resources[o.views[0]].Balance()
	case "delete":
		for _, uid := range o.uids {
			p.Delete(uid)
		}
	case "find":
		for _, uid := range o.uids {
			result += fmt.Sprintln(p.Has(uid), p.Input([]byte(uid)), p.Len())
			note, found := p.Note(uid)
			result += textOf(note, found)
			if s != nil {
				note, found = s.Note(uid)
				result += textOf(note, found)
			}
		}
	case "notes":
		result = listOf(p.Notes())
	case "leaving":
		result = listOf(s.Leaving())
	case "retain":
		p.Retain(o.keep)
	case "cut":
		p.Cut(o.uids, o.kept)
		p.CompactExcess()
	case "cut staging":
		s.Cut(o.uids, o.kept)
	case "update":
		for _, r := range o.objects {
			p.Update(r)
		}
	case "update staging":
		for _, r := range o.objects {
			s.Update(r)
		}
	case "rewrite":
		p.Rewrite(o.family, o.owners, o.rewrite)
	case "rewrite staging":
		s.Rewrite(o.family, o.owners, o.rewrite)
	case "begin":
		i.stagings[o.partition] = p.Begin()
	case "retain staging":
		s.Retain(func(_, uid string) bool { return o.keep(uid) })
	case "finish":
		s.Finish()
	case "replace", "finish, retain and replace":
		if o.kind != "replace" {
			s.Finish()
			s.Retain(func(_, uid string) bool { return o.keep(uid) })
		}
		p.Replace(s)
		i.stagings[o.partition] = nil
	case "abandon":
		s.Abandon()
		i.stagings[o.partition] = nil
	case "stats":
		for _, r := range i.resources {
			s := r.Stats()
			result += fmt.Sprintln(s.Objects, s.Families) + reportOf(r)
			if err := r.CheckInvariants(); err != nil {
				t.Fatal(err)
			}
		}
	case "response":
		var resources []*Resource
		for _, n := range o.views {
			resources = append(resources, i.resources[n])
		}
		result = i.respond(t, Views(resources, Selection{o.namespaces, o.part}), o.typed)
	case "merge":
		from := i.resources[o.views[0]]
		r := newResource("merged", from.families, 1, nil, i.options)
		p := r.partitions[0]
		if o.budgets != nil {
			r.LimitSeries(*o.budgets)
		}
		p.Merge(from.partitions...)
		r.Balance()
		a := p.BeginAddition()
		for _, o := range o.added {
			a.Set(o)
		}
		if o.typed { // before or in Add
			a.Finish()
		}
		a.Retain(func(_, uid string) bool { return o.keep(uid) })
		p.Add(a)
		for _, o := range o.objects {
			p.Set(o)
		}
		r.Compact()
		for _, uid := range o.uids {
			p.Delete(uid)
		}
		p.Retain(o.keep)
		p.RemoveNamespaces(o.gone)
		if o.budgets != nil {
			s := r.Stats()
			result = fmt.Sprintln(s.Objects, s.Families) + reportOf(r)
		} else {
			result = i.respond(t, []View{r.View(o.namespaces...)}, o.typed)
		}
		result += listOf(p.Notes())
		if err := r.CheckInvariants(); err != nil {
			t.Fatal(err)
		}
	case "held":
		result = CheckResponse(t, i.held[o.held])
	}
	return result
}

// respond writes a response and holds it.
func (i *instance) respond(t *testing.T, views []View, typed bool) string {
	r := NewResponse(views, trailer)
	if typed {
		r = NewTypedResponse(views, trailer)
	}
	i.held = append(i.held, r)
	return CheckResponse(t, r) + fmt.Sprintln(r.Repeated())
}

// next draws an operation.
func (m *model) next(rnd *rand.Rand) operation {
	o := operation{partition: rnd.IntN(len(m.partitions)), typed: rnd.IntN(2) == 0, remainder: rnd.Uint32N(8)}
	p := m.partitions[o.partition]
	switch n := rnd.IntN(100); {
	case n < 45:
		o.kind = "set"
		for range 1 + rnd.IntN(20) {
			o.objects = append(o.objects, p.render(rnd, p.uid(rnd)))
		}
	case n < 55 && !p.staged:
		o.kind, o.uids = "delete", []string{p.uid(rnd), p.uid(rnd)}
	case n < 56:
		if o.kind = "notes"; p.staged {
			o.kind = "leaving"
		}
	case n < 58:
		o.kind, o.uids = "find", []string{p.uid(rnd), p.uid(rnd)}
	case n < 60:
		if o.kind = "update"; p.staged && rnd.IntN(2) == 0 {
			o.kind = "update staging"
		}
		for range 1 + rnd.IntN(20) {
			o.objects = append(o.objects, p.render(rnd, p.uid(rnd)))
		}
	case n < 61:
		if o.kind = "rewrite"; p.staged && rnd.IntN(2) == 0 {
			o.kind = "rewrite staging"
		}
		o.family, o.owners = rnd.IntN(len(p.resource.families)), Owners{someOwners[2]: true, someOwners[rnd.IntN(len(someOwners))]: true}
	case n < 63:
		o.kind = "retain"
	case n < 66:
		if o.kind = "cut"; p.staged && rnd.IntN(2) == 0 {
			o.kind = "cut staging"
		}
		for range 1 + rnd.IntN(10) {
			o.uids = append(o.uids, p.uid(rnd))
		}
		for range p.resource.families {
			o.kept = append(o.kept, rnd.IntN(4) == 0)
		}
	case n < 70 && p.staged:
		o.kind = []string{"replace", "finish, retain and replace", "finish", "retain staging", "abandon"}[rnd.IntN(5)]
	case n < 70:
		o.kind = "begin"
	case n < 75 && p.staged: // most of a list, in order or not
		o.kind = "set"
		for _, x := range p.objects.all() {
			if rnd.IntN(10) > 0 {
				o.objects = append(o.objects, p.render(rnd, x.uid))
			}
		}
		if rnd.IntN(2) == 0 {
			rnd.Shuffle(len(o.objects), func(a, b int) { o.objects[a], o.objects[b] = o.objects[b], o.objects[a] })
		}
	case n < 80:
		o.kind = "stats"
	case n < 84:
		r := rnd.IntN(len(m.resources))
		o.kind, o.views, o.budgets = "merge", []int{r}, m.resources[r].budget.Budgets
		for _, p := range m.resources[r].partitions {
			for _, x := range p.objects.all() {
				switch {
				case rnd.IntN(5) == 0: // only objects of the merge: the place of another depends on options
					o.objects = append(o.objects, p.render(rnd, x.uid))
				case rnd.IntN(5) == 0:
					o.uids = append(o.uids, x.uid)
				}
			}
		}
		for n := range rnd.IntN(100) {
			o.added = append(o.added, m.resources[r].partitions[0].render(rnd, fmt.Sprint("added ", n%70)))
		}
		o.gone = [...]map[string]bool{{}, {"two": true}, {"one": true, "none": true}}[rnd.IntN(3)]
		o.namespaces = []string{"one", "two"}[:rnd.IntN(3)]
	case n < 88 && len(m.held) > 0:
		o.kind, o.held = "held", rnd.IntN(len(m.held))
	default:
		o.kind, o.views = "response", rnd.Perm(len(m.resources))[:1+rnd.IntN(len(m.resources))]
		o.namespaces = []string{"one", "two", "none"}[:rnd.IntN(4)]
		if of := []int{1, 1, 2, 3, 7, 8, MaxParts}[rnd.IntN(7)]; of > 1 {
			o.part = Part{rnd.IntN(of), of}
		}
		rnd.Shuffle(len(o.namespaces), func(a, b int) { o.namespaces[a], o.namespaces[b] = o.namespaces[b], o.namespaces[a] })
	}
	return o
}

// render renders a version of an object, of which there are few, perhaps without some families.
func (p *modelPartition) render(rnd *rand.Rand, uid string) Rendered {
	r := Rendered{UID: uid, Namespace: []string{"one", "one", "two", "three"}[rnd.IntN(4)], Note: randomNote(rnd)}
	version, unchanged := rnd.Uint64N(3), rnd.IntN(3) == 0
	if unchanged {
		r.Unchanged = make([]bool, len(p.resource.families))
	}
	h := fnv.New64()
	h.Write([]byte(uid))
	r.Created = int64(h.Sum64() % 20)
	for i, f := range p.resource.families {
		if unchanged && rnd.IntN(2) == 0 {
			r.Unchanged[i] = true
		} else {
			lines := rand.New(rand.NewPCG(h.Sum64(), version<<8+uint64(i)))
			count, width := lines.IntN(4), 20+lines.IntN(80)
			if lines.IntN(400) == 0 {
				count, width = 1, longLength-len(f.Name)-11+lines.IntN(4) // lengths about longLength
			}
			for range count {
				r.Text = fmt.Appendf(r.Text, "%s{n=\"%0*d\"} %02d\n", f.Name, width, lines.IntN(300), lines.IntN(100))
			}
		}
		r.Ends = append(r.Ends, len(r.Text))
	}
	return r
}
