package options

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/nearest"
)

const seriesBudget = "--series-budget"

// budgets is a flag of the form name=N,name=N. A repeated flag appends.
type budgets []budget

type budget struct {
	name   string // of a resource or a family
	series int
}

func (b *budgets) Set(s string) error { return eachPair(s, "resource=N or family=N", b.add) }

func (b *budgets) add(name, n string) error {
	series, err := strconv.Atoi(n)
	if err != nil || series < 1 {
		return fmt.Errorf("%s: want a positive number of series, not %q", name, n)
	}
	if slices.ContainsFunc(*b, func(other budget) bool { return other.name == name }) {
		return fmt.Errorf("%s has two budgets", name)
	}
	*b = append(*b, budget{name, series})
	return nil
}

func (b *budgets) String() string { return "" }
func (b *budgets) Type() string   { return "budgets" }

func (b *budgets) setYAML(node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return errors.New("want a mapping of resources or families to numbers of series")
	}
	var parsed budgets
	for name, value := range entries(node) {
		if err := parsed.add(name.Value, value.Value); err != nil {
			return err
		}
	}
	if len(parsed) > 0 {
		*b = parsed
	}
	return nil
}

// seriesBudgets returns the budgets of --series-budget by keys of resources and names of families.
// Custom resources may appear later: any name with a dot is one if they are configured.
func (v *values) seriesBudgets(o Options) (map[string]int, error) {
	if len(v.budgets) == 0 {
		return nil, nil
	}
	families := familyNames(v.registry.Resources())
	for _, f := range o.customFamilies() {
		families = append(families, f.Name)
	}
	resolved := map[string]int{}
	for _, b := range v.budgets {
		key := b.name
		if r, ok := v.registry.Lookup(b.name); ok {
			key = r.Describe().Key
		} else if !slices.Contains(families, b.name) && !o.mayBeCustom(b.name) {
			known := append(generators.Names(v.registry.Resources()), families...)
			near, _ := nearest.To(b.name, known)
			return nil, fmt.Errorf("%s: there is no resource or family %q; the nearest is %q", seriesBudget, b.name, near)
		}
		if _, twice := resolved[key]; twice {
			return nil, fmt.Errorf("%s: %s has two budgets", seriesBudget, key)
		}
		resolved[key] = b.series
	}
	return resolved, nil
}

// mayBeCustom reports whether a name may be that of a custom resource, or of a family of a configuration
// that cannot be read yet.
func (o Options) mayBeCustom(name string) bool {
	return o.Custom.Config != nil && strings.Contains(name, ".") || o.Custom.Config == nil && o.Custom.Path != ""
}

func familyNames(resources []generators.Resource) (names []string) {
	for _, r := range resources {
		for _, f := range r.Describe().Families {
			names = append(names, f.Name)
		}
	}
	return names
}

// unusedBudgets describes the budgets of known resources and families that are not exported.
func (o Options) unusedBudgets() []string {
	var exported []string
	for _, r := range o.Resources {
		d := r.Describe()
		exported = append(append(exported, d.Key), o.Selection.EffectOn(d).Families()...)
	}
	for _, f := range o.customFamilies() {
		exported = append(exported, f.Name)
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(o.SeriesBudget)) {
		if !slices.Contains(exported, name) && !o.mayBeCustom(name) {
			all = append(all, fmt.Sprintf("%s: %s is not exported", seriesBudget, name))
		}
	}
	return all
}
