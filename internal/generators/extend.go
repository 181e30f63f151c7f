package generators

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Extendable reports whether Extend takes a resource: its objects are fetched, not only their
// metadata or columns.
func Extendable(r Resource) bool {
	recipe := r.Recipe()
	return recipe.GoType != nil && len(recipe.Columns) == 0 && !slices.Equal(recipe.Reads, []string{"metadata"})
}

// Extend adds the families of another table to a resource. All rows get the same objects, which are
// then fetched with all fields.
func Extend(r, with Resource) Resource { return extended{r, with} }

type extended struct {
	Resource
	with Resource
}

// Describe returns the catalogue entry.
func (e extended) Describe() Description {
	d, with := e.Resource.Describe(), e.with.Describe()
	d.Families = slices.Concat(d.Families, with.Families)
	d.Definition = with.Definition
	return d
}

// Recipe returns the fetch recipe.
func (e extended) Recipe() Recipe {
	r := e.Resource.Recipe()
	r.Reads, r.Mixed, r.Reset = nil, nil, nil
	return r
}

// Compile binds both tables to a selection.
func (e extended) Compile(selection Selection) *Renderer {
	first, then := e.Resource.Compile(selection), e.with.Compile(selection)
	n := len(first.families)
	if len(then.families) == 0 {
		return first
	}
	return &Renderer{
		identity: first.identity,
		families: slices.Concat(first.families, then.families),
		prepare:  then.prepare,
		row: func(object metav1.Object, i int, s *Samples) {
			if i < n {
				first.row(object, i, s)
				return
			}
			s.identity = s.identity[:0] // rows of the other table have no identity labels
			then.row(object, i-n, s)
		},
	}
}
