package generators

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubestate/kubestate/internal/exposition"
)

// An ExtraLabel is a constant label of all series.
type ExtraLabel struct{ Name, Value string }

// CheckExtra rejects extra labels with an invalid name, a repeated name or no value, and
// labels that series of the resources can have. An error names the label and, for a
// conflict, the family.
func (s Selection) CheckExtra(resources []Resource) error {
	for i, l := range s.Extra {
		switch {
		case !isName(l.Name):
			return fmt.Errorf("%q is not a label name", l.Name)
		case strings.HasPrefix(l.Name, "__"):
			return fmt.Errorf("label %s: names that begin with __ are Prometheus' own", l.Name)
		case l.Value == "":
			return fmt.Errorf("label %s has no value", l.Name)
		case slices.ContainsFunc(s.Extra[:i], func(other ExtraLabel) bool { return other.Name == l.Name }):
			return fmt.Errorf("duplicate label %s", l.Name)
		}
		for _, r := range resources {
			if family := s.familyWith(r.Describe(), l.Name); family != "" {
				return fmt.Errorf("label %s is a label of %s", l.Name, family)
			}
		}
	}
	return nil
}

// familyWith returns a selected family whose series can have the label, or an empty
// string.
func (s Selection) familyWith(d Description, label string) string {
	for _, f := range d.Families {
		if !s.Exports(f) {
			continue
		}
		for _, set := range f.Labels {
			if slices.Contains(f.IdentityIn(d), label) || slices.ContainsFunc(set, func(key string) bool { return names(key, label) }) {
				return f.Name
			}
		}
	}
	return ""
}

// names reports whether the key of a label set matches the label, by name or by prefix.
func names(key, label string) bool {
	prefix, dynamic := strings.CutSuffix(key, "*")
	return key == label || dynamic && strings.HasPrefix(label, prefix)
}

// extraText is the extra labels in the text format.
func (s Selection) extraText() []byte {
	var text []byte
	for _, l := range s.Extra {
		text = append(append(text, l.Name...), `="`...)
		text = append(exposition.AppendLabelValue(text, l.Value), `",`...)
	}
	return text
}
