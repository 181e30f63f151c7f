package generators

import (
	"slices"
	"strings"
)

// A Selection is the user's choice of families and labels. The zero value exports all
// families but opt-in ones, and no labels or annotations of objects.
type Selection struct {
	// Allow are patterns of families to export, all if empty. Deny are patterns of
	// families to drop from those.
	Allow, Deny []Pattern
	// OptIn are patterns of opt-in families to export, subject to Allow and Deny.
	OptIn []Pattern
	// Sparse are patterns of Sparse families to export without series of value 0.
	Sparse []Pattern
	// Groups are the groups of families to export, subject to the patterns.
	Groups []Group
	// Labels and Annotations select those of objects that become label_* and
	// annotation_* labels.
	Labels, Annotations Allowlist
	// Extra are constant labels of all series. They pass CheckExtra.
	Extra []ExtraLabel
	// OnlyDerived makes Compile take only derived families.
	OnlyDerived bool
}

// Derived is the selection of which Compile takes the derived families alone.
func (s Selection) Derived() Selection {
	s.OnlyDerived = true
	return s
}

// A Pattern matches a part of a family's name, in any pattern language.
type Pattern interface {
	MatchString(name string) bool
}

// Exports reports whether the family is part of the selection.
func (s Selection) Exports(f FamilyDescription) bool {
	return (len(s.Allow) == 0 || anyMatches(s.Allow, f.Name)) &&
		!anyMatches(s.Deny, f.Name) &&
		(!f.OptIn || anyMatches(s.OptIn, f.Name)) &&
		(f.Group == "" || slices.Contains(s.Groups, f.Group))
}

// Derives reports whether the selection exports derived families of a resource.
func (s Selection) Derives(d Description) bool {
	return slices.ContainsFunc(d.Families, func(f FamilyDescription) bool { return f.Derived && s.Exports(f) })
}

// Counts reports whether the selection exports counters of a resource.
func (s Selection) Counts(r Resource) bool {
	memo := r.Recipe().Memo
	return memo != nil && slices.ContainsFunc(memo.Counts.Describe().Families, s.Exports)
}

// compiles reports whether Compile takes the family.
func (s Selection) compiles(f FamilyDescription) bool {
	return f.Derived == s.OnlyDerived && s.Exports(f)
}

// thins says whether the selection drops the family's series of value 0.
func (s Selection) thins(f FamilyDescription) bool {
	return f.Sparse && anyMatches(s.Sparse, f.Name)
}

func anyMatches(patterns []Pattern, name string) bool {
	return slices.ContainsFunc(patterns, func(p Pattern) bool { return p.MatchString(name) })
}

// An Allowlist maps the Key of a resource, or * for every resource, to the keys
// that are allowed for it: exact ones, * for all, or with one * within.
type Allowlist map[string][]string

// AnyResource is the key of the Allowlist entry that holds for every resource. It
// overrides all other entries.
const AnyResource = "*"

// keysOf returns the allowed keys of a resource, nil if there are none.
func (a Allowlist) keysOf(resource string) *allowedKeys {
	keys, ok := a[AnyResource]
	if !ok {
		keys = a[resource]
	}
	if len(keys) == 0 {
		return nil
	}
	if keys[0] == "*" {
		return &allowedKeys{all: true}
	}
	var k allowedKeys
	for _, key := range keys {
		before, after, glob := strings.Cut(key, "*")
		switch {
		case key == "*": // counts only as the first
		case glob:
			k.globs = append(k.globs, keyGlob{before, after})
		default:
			k.exact = append(k.exact, key)
		}
	}
	return &k
}

// allowedKeys selects the entries of a map that become labels.
type allowedKeys struct {
	all   bool
	exact []string
	globs []keyGlob
}

// keyGlob matches keys with a prefix and a suffix that do not overlap, without a line
// feed between.
type keyGlob struct{ before, after string }

func (k *allowedKeys) allows(key string) bool {
	return k.all || slices.Contains(k.exact, key) ||
		slices.ContainsFunc(k.globs, func(g keyGlob) bool { return g.matches(key) })
}

func (g keyGlob) matches(key string) bool {
	rest, ok := strings.CutPrefix(key, g.before)
	if !ok {
		return false
	}
	rest, ok = strings.CutSuffix(rest, g.after)
	return ok && !strings.Contains(rest, "\n")
}

// An Effect is a selection reduced to one resource. Selections with equal effects
// compile its table to equal renderers.
type Effect struct {
	// families are the names of the exported families, in order.
	families []string
	// sparse are the names of those without series of value 0, in order.
	sparse []string
	// labels and annotations are the allowed keys, sorted, if an exported family uses
	// them.
	labels, annotations []string
	extra               []ExtraLabel
	definition          string
}

// Families are the names of the exported families, in order.
func (e Effect) Families() []string { return e.families }

// Equal reports whether the effects are the same.
func (e Effect) Equal(o Effect) bool {
	return slices.Equal(e.families, o.families) && slices.Equal(e.sparse, o.sparse) && slices.Equal(e.labels, o.labels) &&
		slices.Equal(e.annotations, o.annotations) && slices.Equal(e.extra, o.extra) && e.definition == o.definition
}

// EffectOn is the effect of the selection on the resource of d.
func (s Selection) EffectOn(d Description) Effect {
	e := Effect{extra: slices.Clone(s.Extra), definition: d.Definition}
	for _, f := range d.Families {
		if !s.Exports(f) {
			continue
		}
		e.families = append(e.families, f.Name)
		if s.thins(f) {
			e.sparse = append(e.sparse, f.Name)
		}
		switch dynamicPrefix(f.Labels) {
		case labelPrefix:
			e.labels = s.Labels.keysOf(d.Key).list()
		case annotationPrefix:
			e.annotations = s.Annotations.keysOf(d.Key).list()
		}
	}
	return e
}

// list returns the keys sorted and unique.
func (k *allowedKeys) list() []string {
	if k == nil {
		return nil
	}
	if k.all {
		return []string{"*"}
	}
	keys := slices.Clone(k.exact)
	for _, g := range k.globs {
		keys = append(keys, g.before+"*"+g.after)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
