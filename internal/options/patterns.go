package options

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/dlclark/regexp2/v2"

	"github.com/kubestate/kubestate/internal/generators"
)

// matchTimeout bounds the matching of one name: ECMAScript patterns can backtrack exponentially.
const matchTimeout = time.Second

// ecmaScript is a pattern of --metric-allowlist, --metric-denylist, --metric-sparse and
// --finished-keep.
type ecmaScript struct{ *regexp2.Regexp }

// MatchString reports whether name matches. It does not time out: every name has been tried
// before the pattern is accepted.
func (p ecmaScript) MatchString(name string) bool {
	matches, err := p.Regexp.MatchString(name)
	return err == nil && matches
}

// compileECMAScript compiles the patterns of a flag.
func compileECMAScript(flag string, sources []string, registry *generators.Registry) ([]generators.Pattern, error) {
	var patterns []generators.Pattern
	for _, source := range sources {
		p, err := regexp2.Compile(source, regexp2.ECMAScript)
		if err != nil {
			return nil, fmt.Errorf("%s: pattern %q: %w", flag, source, err)
		}
		p.MatchTimeout = matchTimeout
		if err := tryOnFamilies(p, registry); err != nil {
			return nil, fmt.Errorf("%s: pattern %q: %w", flag, source, err)
		}
		patterns = append(patterns, ecmaScript{p})
	}
	return patterns, nil
}

// sparsePatterns compiles the patterns of --metric-sparse, each of which has to match a Sparse
// family.
func (v *values) sparsePatterns() ([]generators.Pattern, error) {
	patterns, err := compileECMAScript("--metric-sparse", v.sparse, v.registry)
	if err != nil {
		return nil, err
	}
	families := sparseFamilies(v.registry.Resources())
	for i, p := range patterns {
		if !matchesFamily(p, families) {
			var names []string
			for _, f := range families {
				names = append(names, f.Name)
			}
			return nil, fmt.Errorf("--metric-sparse: pattern %q matches no sparse family; there are %s", v.sparse[i], strings.Join(names, ", "))
		}
	}
	return patterns, nil
}

// sparseFamilies are the Sparse families of the resources.
func sparseFamilies(resources []generators.Resource) []generators.FamilyDescription {
	var all []generators.FamilyDescription
	for _, r := range resources {
		for _, f := range r.Describe().Families {
			if f.Sparse {
				all = append(all, f)
			}
		}
	}
	return all
}

// tryOnFamilies matches a pattern with every family, and returns the timeout if there is one.
func tryOnFamilies(p *regexp2.Regexp, registry *generators.Registry) error {
	for _, r := range append(registry.Resources(), generators.OwnTables()...) {
		for _, f := range r.Describe().Families {
			if _, err := p.MatchString(f.Name); err != nil {
				return fmt.Errorf("on %s: %w", f.Name, err)
			}
		}
	}
	return nil
}

// compileRE2 compiles the patterns of a flag.
func compileRE2(flag string, sources []string) ([]generators.Pattern, error) {
	var patterns []generators.Pattern
	for _, source := range sources {
		p, err := regexp.Compile(source)
		if err != nil {
			return nil, fmt.Errorf("%s: pattern %q: %w", flag, source, err)
		}
		patterns = append(patterns, p)
	}
	return patterns, nil
}

// selection compiles the choice of families and labels.
func (v *values) selection() (generators.Selection, error) {
	s := generators.Selection{Extra: v.extraLabels}
	var errs [7]error
	s.Allow, errs[0] = compileECMAScript("--metric-allowlist", v.allow, v.registry)
	s.Deny, errs[1] = compileECMAScript("--metric-denylist", v.deny, v.registry)
	s.OptIn, errs[2] = compileRE2("--metric-opt-in-list", v.optIn)
	s.Sparse, errs[3] = v.sparsePatterns()
	s.Labels, errs[4] = v.labelsAllowlist.resolve("--metric-labels-allowlist", v.registry)
	s.Annotations, errs[5] = v.annotationsAllowlist.resolve("--metric-annotations-allowlist", v.registry)
	s.Groups, errs[6] = v.groups()
	return s, errors.Join(errs[:]...)
}
