package customresource

import (
	"maps"
	"slices"
	"strings"

	"github.com/kubestate/kubestate/internal/exposition"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/jsonobject"
)

// A definition is a Family compiled for one kind and version.
type definition struct {
	*Family
	entry    *Entry
	constant labels // sorted
	root     []labeler
	element  []labeler
	direct   string // the one key of Value: a map member of this key is the value itself; only if isDirect
	isDirect bool
	fault    string // of a value that does not convert
}

// newDefinition compiles a family. The forced labels override those of the entry.
func newDefinition(entry *Entry, family *Family, forced labels) *definition {
	d := &definition{Family: family, entry: entry, root: newLabelers(merged(entry.Labels, family.Labels)), element: newLabelers(family.ElementLabels)}
	for _, l := range entry.CommonLabels {
		d.constant = append(d.constant, generators.Label(l))
	}
	d.constant = append(d.constant, forced...)
	for _, l := range family.CommonLabels {
		d.constant = append(d.constant, generators.Label(l))
	}
	d.constant = d.constant.sorted()
	if p := family.Value.Path; len(p) == 1 && !strings.Contains(p[0].Text, ",") {
		d.direct, d.isDirect = p[0].Text, true
	}
	d.fault = "a value is no number, at " + d.Path.String()
	if d.Type == exposition.StateSet {
		d.fault = "a state is no text, at " + d.Path.String()
	}
	return d
}

// read adds the fields that the definition reads.
func (d *definition) read(fields *jsonobject.Fields) {
	if d.usesExpressions() {
		fields.Whole()
		return
	}
	for _, l := range d.root {
		l.Source.Path.add(fields, (*jsonobject.Fields).Whole)
	}
	d.Path.add(fields, func(at *jsonobject.Fields) {
		for _, element := range []*jsonobject.Fields{at, at.Every(), at.Element()} {
			d.Value.Path.add(element, func(*jsonobject.Fields) {})
			for _, l := range d.element {
				l.Source.Path.add(element, (*jsonobject.Fields).Whole)
			}
		}
	})
}

// An identity maps labels to the field that they certainly hold: fields of the metadata, and the
// kind.
type identity map[string]string

// forcedLabels are the labels of the kind.
var forcedLabels = []string{"customresource_group", "customresource_version", "customresource_kind"}

// identity returns the identity of the definition's series.
func (d *definition) identity() identity {
	id := identity{}
	if slices.ContainsFunc(d.element, func(l labeler) bool { return l.copies }) {
		return id
	}
	for _, name := range forcedLabels {
		if !slices.ContainsFunc(d.root, func(l labeler) bool { return l.copies }) && !hasCommonLabel(d.CommonLabels, name) {
			id[name] = name
		}
	}
	for _, l := range d.root {
		if l.copies {
			continue
		}
		delete(id, l.name) // the last label of a name counts
		if p := l.Source.Path; len(p) == 2 && p[0].Text == "metadata" {
			id[l.name] = "metadata." + p[1].Text
		}
	}
	maps.DeleteFunc(id, func(name, _ string) bool { return d.overrides(name) })
	return id
}

// intersect keeps the labels that o has too.
func (id identity) intersect(o identity) {
	maps.DeleteFunc(id, func(name, field string) bool { return o[name] != field })
}

// isUnique reports whether no two objects share the identity: it has the kind, and the uid or name
// and namespace.
func (id identity) isUnique(namespaced bool) bool {
	fields := slices.Collect(maps.Values(id))
	has := func(field string) bool { return slices.Contains(fields, field) }
	for _, name := range forcedLabels {
		if !has(name) {
			return false
		}
	}
	return has("metadata.uid") || has("metadata.name") && (!namespaced || has("metadata.namespace"))
}

// overrides reports whether the element has a label of the name.
func (d *definition) overrides(name string) bool {
	return name == d.KeyLabel || name == d.ListLabel || slices.Contains(d.PathKeys, name) ||
		slices.ContainsFunc(d.element, func(l labeler) bool { return l.name == name })
}
