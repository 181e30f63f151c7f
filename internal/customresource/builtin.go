package customresource

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/kubestate/kubestate/internal/generators"
)

// Append adds the entries, faults and warnings of another configuration.
func (c *Config) Append(o *Config) {
	c.Entries = append(c.Entries, o.Entries...)
	c.Invalid += o.Invalid
	c.Faults = append(c.Faults, o.Faults...)
	c.Warnings = append(c.Warnings, o.Warnings...)
	for _, conflict := range typeConflicts(c.Entries) {
		if !slices.Contains(c.Warnings, conflict) {
			c.Warnings = append(c.Warnings, conflict)
		}
	}
}

// CheckBuiltin drops entries whose family conflicts with a family of a built-in resource: with
// another type, or without its labels.
func (c *Config) CheckBuiltin(builtin []generators.Resource) {
	kept := c.Entries[:0]
	for _, e := range c.Entries {
		if err := e.checkBuiltin(builtin); err != nil {
			c.Invalid++
			c.Faults = append(c.Faults, err)
			continue
		}
		kept = append(kept, e)
	}
	c.Entries = kept
}

func (e *Entry) checkBuiltin(builtin []generators.Resource) error {
	for i := range e.Families {
		f := &e.Families[i]
		for _, r := range builtin {
			d := r.Describe()
			at := slices.IndexFunc(d.Families, func(o generators.FamilyDescription) bool { return o.Name == f.Name })
			if at < 0 {
				continue
			}
			of := d.Families[at]
			if of.Type != f.Type {
				return fmt.Errorf("%s: family %s is a %s of resource %s: give it the type %s, or another name", f.Position, f.Name, of.Type, d.Name, of.Type)
			}
			for _, name := range slices.Concat(append(slices.Clip(of.Labels), d.Identity)...) {
				if !f.has(name) && !hasPathLabel(e.Labels, name) && !hasCommonLabel(e.CommonLabels, name) {
					return fmt.Errorf("%s: family %s of resource %s has the label %s: give it that label, or another name", f.Position, f.Name, d.Name, name)
				}
			}
		}
	}
	return nil
}

// FamilyWith returns the name and the position of an exported family whose series can have the label, or
// empty strings. It does not know labels of copied maps.
func (c *Config) FamilyWith(label string, exported func(family string) bool) (name, position string) {
	has := func(labels []PathLabel) bool {
		return slices.ContainsFunc(labels, func(l PathLabel) bool { return labelName(l.Name) == label })
	}
	for _, e := range c.Entries {
		families := e.Families
		if e.Conditions {
			families = slices.Concat(families, conditions())
		}
		for i := range families {
			f := &families[i]
			found := slices.Contains(forcedLabels, label) || f.has(label) || has(f.Labels) || has(f.ElementLabels) || has(e.Labels) || hasCommonLabel(e.CommonLabels, label)
			if found && exported(f.Name) {
				return f.Name, cmp.Or(f.Position, e.Position)
			}
		}
	}
	return "", ""
}

// has reports whether the family has a label of the name.
func (f *Family) has(name string) bool {
	return name == f.KeyLabel || name == f.ListLabel || slices.Contains(f.PathKeys, name) ||
		hasPathLabel(f.Labels, name) || hasPathLabel(f.ElementLabels, name) || hasCommonLabel(f.CommonLabels, name)
}

func hasPathLabel(labels []PathLabel, name string) bool {
	return slices.ContainsFunc(labels, func(l PathLabel) bool { return l.Name == name })
}

func hasCommonLabel(labels []CommonLabel, name string) bool {
	return slices.ContainsFunc(labels, func(l CommonLabel) bool { return l.Name == name })
}
