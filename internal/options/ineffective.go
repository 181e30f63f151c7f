package options

import (
	"fmt"
	"maps"
	"slices"

	"github.com/kubestate/kubestate/internal/generators"
)

// Ineffective describes the settings that match nothing in the enabled resources, one line each, in
// the order of the flags. With other resources or versions they may match.
func (o Options) Ineffective() []string {
	var all []string
	custom := o.customFamilies()
	for _, list := range []struct {
		flag     string
		patterns []generators.Pattern
	}{
		{"--metric-allowlist", o.Selection.Allow},
		{"--metric-denylist", o.Selection.Deny},
		{"--metric-opt-in-list", o.Selection.OptIn},
	} {
		for _, p := range list.patterns {
			if !slices.ContainsFunc(o.counted(), func(r generators.Resource) bool { return matchesFamily(p, o.families(r)) }) && !matchesFamily(p, custom) {
				all = append(all, fmt.Sprintf("%s: %q matches no family of the enabled resources", list.flag, fmt.Sprint(p)))
			}
		}
	}
	for _, p := range o.Selection.Sparse {
		if !matchesFamily(p, sparseFamilies(o.Resources)) {
			all = append(all, fmt.Sprintf("--metric-sparse: %q matches no sparse family of the enabled resources", fmt.Sprint(p)))
		}
	}
	all = append(all, o.ineffectiveKeep()...)
	for _, g := range o.Selection.Groups {
		isOf := func(f generators.FamilyDescription) bool { return f.Group == g }
		hasAny := func(r generators.Resource) bool { return slices.ContainsFunc(r.Describe().Families, isOf) }
		if !slices.ContainsFunc(o.counted(), hasAny) && !slices.ContainsFunc(custom, isOf) {
			all = append(all, fmt.Sprintf("--workload-metrics: %s has no family of the enabled resources", g))
		} else if g == generators.Counters && o.files() {
			all = append(all, "--workload-metrics: counters count changes, which a snapshot does not have")
		}
	}
	all = append(all, o.unmatched("--metric-labels-allowlist", "label_*", o.Selection.Labels)...)
	all = append(all, o.unmatched("--metric-annotations-allowlist", "annotation_*", o.Selection.Annotations)...)
	all = append(all, o.unusedSelectors()...)
	if o.NamespaceSelector != "" && o.Custom.Config == nil && !slices.ContainsFunc(o.Resources, func(r generators.Resource) bool { return r.Describe().Namespaced }) {
		all = append(all, "--namespace-selector: no enabled resource is namespaced")
	}
	all = append(all, o.unusedBudgets()...)
	all = append(all, o.unusedClusters()...)
	for _, r := range o.Resources {
		if d := r.Describe(); o.explicit && len(o.Selection.EffectOn(d).Families()) == 0 {
			all = append(all, fmt.Sprintf("--resources: %s has no families left by the metric lists", d.Name))
		}
	}
	return all
}

// families returns the families of a resource, of groups only those that are selected.
func (o Options) families(r generators.Resource) []generators.FamilyDescription {
	return slices.DeleteFunc(slices.Clone(r.Describe().Families), func(f generators.FamilyDescription) bool {
		return f.Group != "" && !slices.Contains(o.Selection.Groups, f.Group)
	})
}

func matchesFamily(p generators.Pattern, families []generators.FamilyDescription) bool {
	return slices.ContainsFunc(families, func(f generators.FamilyDescription) bool { return p.MatchString(f.Name) })
}

// unmatched describes the entries of an allowlist whose resource is not enabled, or has no family
// with the label.
func (o Options) unmatched(flag, label string, list generators.Allowlist) []string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(list)) {
		r, known := o.registry.Lookup(key)
		if !known || len(list[key]) == 0 {
			continue // matches any resource, or no label
		}
		d := r.Describe()
		switch {
		case !slices.ContainsFunc(o.Resources, func(r generators.Resource) bool { return r.Describe().Key == key }):
			all = append(all, fmt.Sprintf("%s: resource %s is not enabled", flag, d.Name))
		case !o.exportsLabel(d, label):
			all = append(all, fmt.Sprintf("%s: %s exports no family with these labels", flag, d.Name))
		}
	}
	return all
}

// exportsLabel reports whether an exported family of the resource has the label.
func (o Options) exportsLabel(d generators.Description, label string) bool {
	exported := o.Selection.EffectOn(d).Families()
	return slices.ContainsFunc(d.Families, func(f generators.FamilyDescription) bool {
		return slices.Contains(exported, f.Name) && slices.ContainsFunc(f.Labels, func(keys []string) bool { return slices.Contains(keys, label) })
	})
}
