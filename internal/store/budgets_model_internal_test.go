package store

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// A modelBudget has the budgets of a resource, nil for none, and those that were lowered since the
// last balance.
type modelBudget struct {
	*Budgets
	cut           map[string]bool // by family, "" for the resource
	cutNamespaces bool
}

// randomBudgets draws budgets of a resource. Without before it draws the budgeted families too.
func (r *modelResource) randomBudgets(rnd *rand.Rand, before *Budgets) *Budgets {
	limit := func(of int) int {
		if rnd.IntN(3) == 0 {
			return 0
		}
		return 1 + rnd.IntN(of)
	}
	b := &Budgets{Series: limit(60 * len(r.families)), Namespace: limit(40 * len(r.families)), Families: map[string]int{}}
	for _, f := range r.families {
		budgeted := rnd.IntN(3) == 0
		if before != nil {
			_, budgeted = before.Families[f.Name]
		}
		if budgeted {
			b.Families[f.Name] = limit(60)
		}
	}
	return b
}

// limit sets the limits, of which lower ones are applied by the next balance.
func (b *modelBudget) limit(now *Budgets) {
	first := b.Budgets == nil
	lowered := func(old, now int) bool { return !first && now > 0 && (old == 0 || now < old) }
	before := b.Budgets
	if before == nil {
		before = &Budgets{}
		b.cut = map[string]bool{}
	}
	b.cut[""] = b.cut[""] || lowered(before.Series, now.Series)
	for name, limit := range now.Families {
		b.cut[name] = b.cut[name] || lowered(before.Families[name], limit)
	}
	b.cutNamespaces = b.cutNamespaces || lowered(before.Namespace, now.Namespace)
	b.Budgets = now
}

// cutAll has the next balance apply all limits.
func (b *modelBudget) cutAll() {
	b.cutNamespaces = true
	b.cut = map[string]bool{"": true}
	for name := range b.Families {
		b.cut[name] = true
	}
}

// series returns the series of objects, of a family unless it is empty.
func (r *modelResource) series(objects []*modelObject, family string) (n int) {
	for _, x := range objects {
		for i, f := range r.families {
			if family == "" || f.Name == family {
				n += x.counts[i]
			}
		}
	}
	return n
}

func in(namespace string, objects []*modelObject) (all []*modelObject) {
	for _, x := range objects {
		if x.namespace == namespace {
			all = append(all, x)
		}
	}
	return all
}

// exceeded reports whether objects exceed a budget in cut of which x has series.
func (r *modelResource) exceeded(x *modelObject, objects []*modelObject, cut map[string]bool, cutNamespaces bool) bool {
	own := []*modelObject{x}
	over := func(limit int, family string, objects []*modelObject) bool {
		return limit > 0 && r.series(own, family) > 0 && r.series(objects, family) > limit
	}
	if cut[""] && over(r.budget.Series, "", objects) || cutNamespaces && over(r.budget.Namespace, "", in(x.namespace, objects)) {
		return true
	}
	for name, limit := range r.budget.Families {
		if cut[name] && over(limit, name, objects) {
			return true
		}
	}
	return false
}

// fits reports whether x fits beside the admitted objects.
func (r *modelResource) fits(x *modelObject, admitted []*modelObject) bool {
	all := modelBudget{Budgets: r.budget.Budgets}
	all.cutAll()
	return !r.exceeded(x, append(slices.Clone(admitted), x), all.cut, true)
}

// admitted returns the admitted objects of all partitions, with those of next in place of those of p.
func (r *modelResource) admitted(p *modelPartition, next slots) (all []*modelObject) {
	for _, q := range r.partitions {
		if q == p {
			all = append(all, next.served()...)
		} else {
			all = append(all, q.objects.served()...)
		}
	}
	return all
}

func olderModel(a, b *modelObject) int {
	return cmp.Or(cmp.Compare(a.created, b.created), strings.Compare(a.uid, b.uid))
}

// choose returns the objects to admit: those of admitted, and the oldest of others that fit.
func (r *modelResource) choose(admitted, others []*modelObject) map[*modelObject]bool {
	slices.SortFunc(others, olderModel)
	for _, x := range others {
		if r.fits(x, admitted) {
			admitted = append(admitted, x)
		}
	}
	return setOf(admitted)
}

func setOf(objects []*modelObject) map[*modelObject]bool {
	set := map[*modelObject]bool{}
	for _, x := range objects {
		set[x] = true
	}
	return set
}

// balance cuts by limits that were lowered, and admits what fits.
func (r *modelResource) balance() {
	if r.budget.Budgets == nil {
		return
	}
	var all []*modelObject
	for _, p := range r.partitions {
		all = append(all, p.objects.all()...)
	}
	admitted := r.admitted(nil, slots{})
	for _, x := range slices.Backward(slices.SortedFunc(slices.Values(slices.Clone(admitted)), olderModel)) {
		if r.exceeded(x, admitted, r.budget.cut, r.budget.cutNamespaces) {
			admitted = slices.DeleteFunc(admitted, func(y *modelObject) bool { return x == y })
		}
	}
	r.budget.cut, r.budget.cutNamespaces = map[string]bool{}, false
	kept := setOf(admitted)
	want := r.choose(admitted, slices.DeleteFunc(all, func(x *modelObject) bool { return kept[x] }))
	for _, p := range r.partitions {
		p.objects.withhold(want)
	}
	for _, p := range r.partitions {
		p.objects.admit(want)
	}
}

// balanceStaging has the objects compete that are not admitted in the present content.
func (p *modelPartition) balanceStaging() {
	r := p.resource
	if r.budget.Budgets == nil {
		return
	}
	admitted := r.admitted(p, slots{})
	var others []*modelObject
	for _, x := range p.staging.all() {
		if old := p.objects.find(x.uid); old != nil && slices.Contains(p.objects.served(), old) {
			admitted = append(admitted, x)
		} else {
			others = append(others, x)
		}
	}
	want := r.choose(admitted, others)
	p.staging.withhold(want)
	p.staging.admit(want)
}

// add adds objects in one step, but those for which keep returns false. They compete by age for what the
// budgets leave.
func (p *modelPartition) add(objects []Rendered, keep func(uid string) bool) {
	added := newSlots(p.objects.classes)
	for _, r := range objects {
		added.set(r, func(*modelObject) bool { return true })
	}
	added.remove(func(x *modelObject) bool { return !keep(x.uid) })
	if p.resource.budget.Budgets != nil {
		added.withhold(p.resource.choose(p.resource.admitted(nil, slots{}), added.all()))
	}
	for group := range added.groups {
		p.objects.groups[group] = append(p.objects.groups[group], added.groups[group]...)
	}
}

// withhold moves the objects that are not in want behind the classes.
func (s slots) withhold(want map[*modelObject]bool) {
	for class := range s.classes {
		for i, x := range s.groups[class] {
			if x != nil && !want[x] {
				s.groups[class][i] = nil
				s.put(s.classes, x)
			}
		}
	}
}

// admit moves the withheld objects of want to their classes.
func (s slots) admit(want map[*modelObject]bool) {
	for i, x := range s.groups[s.classes] {
		if want[x] {
			s.groups[s.classes][i] = nil
			k := keyOf(x.uid)
			s.put(k.class(s.classes), x)
		}
	}
}

// reportBudgets returns the report of the budgets.
func (r *modelResource) reportBudgets() string {
	b := r.budget
	if b.Budgets == nil {
		return ""
	}
	admitted := r.admitted(nil, slots{})
	known := setOf(admitted)
	var withheld []*modelObject
	for _, p := range r.partitions {
		withheld = append(withheld, slices.DeleteFunc(p.objects.all(), func(x *modelObject) bool { return known[x] })...)
	}
	var report BudgetReport
	use := func(u BudgetUse, always bool) {
		if always || u.Limit > 0 && u.Used*5 >= u.Limit*4 {
			report.Uses = append(report.Uses, u)
		}
	}
	use(BudgetUse{Limit: b.Series, Used: r.series(admitted, "")}, b.Series > 0)
	seen := map[string]bool{}
	for _, f := range r.families {
		if limit := b.Families[f.Name]; limit > 0 && !seen[f.Name] {
			seen[f.Name] = true
			use(BudgetUse{Family: f.Name, Limit: limit, Used: r.series(admitted, f.Name)}, true)
		}
	}
	others := Withheld{Objects: len(withheld), Series: r.series(withheld, "")}
	var all []Withheld
	namespaces := map[string]bool{}
	for _, x := range slices.Concat(admitted, withheld) {
		namespaces[x.namespace] = true
	}
	for _, namespace := range slices.Sorted(maps.Keys(namespaces)) {
		used, held := r.series(in(namespace, admitted), ""), Withheld{namespace, len(in(namespace, withheld)), r.series(in(namespace, withheld), "")}
		withholds := b.Namespace > 0 && held.Objects > 0 && used+held.Series > b.Namespace
		use(BudgetUse{Namespace: namespace, Limit: b.Namespace, Used: used}, withholds)
		if withholds {
			all = append(all, held)
			others.Objects -= held.Objects
			others.Series -= held.Series
		}
	}
	report.Withheld = append([]Withheld{others}, all...)
	return fmt.Sprintln(report)
}

// nextOfBudgets draws an operation on budgets.
func (m *model) nextOfBudgets(rnd *rand.Rand) operation {
	n := rnd.IntN(len(m.resources))
	if rnd.IntN(3) == 0 {
		return operation{kind: "limit", views: []int{n}, budgets: m.resources[n].randomBudgets(rnd, m.resources[n].budget.Budgets)}
	}
	return operation{kind: "balance", views: []int{n}}
}

// reportOf returns the report of a resource's budgets.
func reportOf(r *Resource) string {
	if report, limited := r.Budgets(); limited {
		return fmt.Sprintln(report)
	}
	return ""
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

// uid draws the uid of an object, which is a UUID or not.
func (p *modelPartition) uid(rnd *rand.Rand) string {
	if n := rnd.IntN(60); n%3 > 0 {
		return fmt.Sprintf("%08x-0000-4000-8000-%012x", n, p.prefix)
	}
	return fmt.Sprint(p.prefix, rnd.IntN(60))
}
