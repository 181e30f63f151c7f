package customresource

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/version"

	"github.com/kubestate/kubestate/internal/exposition"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/jsonobject"
)

// A Scale has the JSON paths of a scale subresource, such as .spec.replicas: keys of maps alone.
type Scale struct{ SpecReplicas, StatusReplicas string }

// WorkloadReplicas is the family of the replicas of built-in workloads. Tables of kinds with a scale
// subresource have it too.
var WorkloadReplicas = generators.FamilyDescription{
	Name: "kubestate_workload_replicas", Type: exposition.Gauge, Stability: generators.Alpha, Group: generators.Attribution,
	Identity: []string{"namespace", "workload_kind", "workload"}, Labels: [][]string{{"state"}},
	Help: "Replicas of the workload, by state.",
}

// replicas has the paths of the WorkloadReplicas of a table.
type replicas struct {
	desired, current Path
	shared           bool // another table may have equal series, at least while tables are rebuilt
}

// addReplicas adds the family of replicas to the tables of namespaced kinds with a scale subresource:
// to one table of a kind if it has all objects, otherwise to all tables. Tables are rebuilt one after
// the other, so that two may have the family for a while.
func addReplicas(tables []*table, exported []generators.Resource) {
	scaled := slices.DeleteFunc(slices.Clone(tables), func(t *table) bool { _, ok := t.scale(); return !ok })
	if len(scaled) == 0 {
		return
	}
	kinds := map[string]int{} // the number of resources that have or may have the family, by kind
	for _, t := range scaled {
		kinds[t.kind.Kind]++
	}
	for _, r := range exported {
		if d := r.Describe(); slices.ContainsFunc(d.Families, isReplicas) {
			kinds[d.Kind.Kind]++
		}
	}
	for _, t := range scaled {
		if slices.ContainsFunc(scaled, func(o *table) bool { return o.replaces(t) }) {
			continue
		}
		scale, _ := t.scale()
		t.replicas = &replicas{desired: scalePath(scale.SpecReplicas), current: scalePath(scale.StatusReplicas), shared: kinds[t.kind.Kind] > 1}
	}
}

func isReplicas(f generators.FamilyDescription) bool { return f.Name == WorkloadReplicas.Name }

// scale returns the scale subresource of the table's objects; not ok if there is none, or if the
// configuration has the family.
func (t *table) scale() (scale Scale, ok bool) {
	if _, configured := t.indexes[WorkloadReplicas.Name]; configured || !t.kind.Namespaced {
		return scale, false
	}
	scale, ok = t.kind.Scales[t.description.Resource.Version]
	return scale, ok
}

// replaces reports whether the table has all objects of another table of its kind; of two such tables,
// whether it has the preferred version.
func (t *table) replaces(o *table) bool {
	if t.kind != o.kind || t == o || !t.hasAll() {
		return false
	}
	return !o.hasAll() || version.CompareKubeAwareVersionStrings(t.description.Resource.Version, o.description.Resource.Version) > 0
}

// hasAll reports whether an entry of the table selects all objects.
func (t *table) hasAll() bool {
	return cmp.Or(t.entries[0].LabelSelector, t.entries[0].FieldSelector) == "" &&
		slices.ContainsFunc(t.entries, func(e *Entry) bool { return e.Where.Program == nil })
}

// scalePath returns the path of a scale subresource.
func scalePath(text string) Path {
	return at(strings.Split(strings.TrimPrefix(text, "."), ".")...).Path
}

// mayRepeat reports whether several objects may have equal series.
func (r *replicas) mayRepeat(extra []generators.ExtraLabel) bool {
	return r.shared || slices.ContainsFunc(extra, func(l generators.ExtraLabel) bool { return slices.Contains(WorkloadReplicas.Identity, l.Name) })
}

// read adds the fields that the family reads.
func (r *replicas) read(fields *jsonobject.Fields) {
	value := func(*jsonobject.Fields) {}
	r.desired.add(fields, value)
	r.current.add(fields, value)
	fields.Key("metadata").Key("ownerReferences").Element().Key("controller")
}

// replicas adds the replicas of an object of the entries that has no controller: others are part of
// their controller. As in the scale subresource, missing current replicas are 0.
func (e *evaluator) replicas(r *replicas, entries []*Entry, to *generators.Samples) {
	if e.root.Kind() != jsonobject.Map || e.isControlled() ||
		!slices.ContainsFunc(entries, func(of *Entry) bool { return e.selected(of, WorkloadReplicas.Name) }) {
		return
	}
	e.replicasOf("desired", r.desired.from(e.root), to)
	current := r.current.from(e.root)
	if (value{json: current}).missing() {
		e.series(e.replicaLabels("current"), 0, to)
		return
	}
	e.replicasOf("current", current, to)
}

// replicasOf adds the replicas of a state if the value is an integer.
func (e *evaluator) replicasOf(state string, v jsonobject.Value, to *generators.Samples) {
	if v.Kind() != jsonobject.Number {
		return
	}
	if n, ok := integer(v.Text()); ok {
		e.series(e.replicaLabels(state), float64(n), to)
	}
}

// replicaLabels returns the labels of a state, which share memory.
func (e *evaluator) replicaLabels(state string) labels {
	e.both = append(e.both[:0],
		generators.Label{Name: "namespace", Value: e.object.GetNamespace()}, generators.Label{Name: "workload_kind", Value: e.kind.Kind},
		generators.Label{Name: "workload", Value: e.object.GetName()}, generators.Label{Name: "state", Value: state})
	return e.both
}

// isControlled reports whether the object has a controller.
func (e *evaluator) isControlled() bool {
	for owner := range e.root.Key("metadata").Key("ownerReferences").Children() {
		if owner.Key("controller").Kind() == jsonobject.True {
			return true
		}
	}
	return false
}
