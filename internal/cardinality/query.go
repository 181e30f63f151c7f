package cardinality

import (
	"fmt"
	"slices"
	"strings"
)

// A Query chooses a view and the order of its rows.
type Query struct {
	By string
	// Sort is the column to sort by, empty for the order of the view. Descending reverses it.
	Sort       string
	Descending bool
}

// The views.
const (
	ByFamily    = "family"
	ByResource  = "resource"
	ByNamespace = "namespace"
	ByLabel     = "label"
	ByOption    = "option"
	ByCluster   = "cluster"
)

// Views are the names of the views. Content of several clusters has ByCluster, too.
var Views = []string{ByFamily, ByResource, ByNamespace, ByLabel, ByOption}

// A Column is a column of a view, of text or numbers.
type Column struct {
	Name string
	// Percent columns have a fraction.
	Percent bool
}

// Sortable reports whether a view can be sorted by the column.
func (c Column) Sortable() bool { return c.Name != "note" }

// A layout is the columns of a view: texts, numbers, and the default order.
type layout struct {
	texts, numbers []Column
	sort           string
}

func columns(names ...string) []Column {
	var all []Column
	for _, name := range names {
		all = append(all, Column{Name: name, Percent: strings.HasSuffix(name, "_percent")})
	}
	return all
}

var layouts = map[string]layout{
	ByFamily:    {columns("family", "resource"), columns("series", "bytes"), "-series"},
	ByResource:  {columns("resource"), columns("objects", "series", "bytes"), "-series"},
	ByCluster:   {columns("cluster"), columns("objects", "series", "bytes"), "-series"},
	ByNamespace: {columns("namespace"), columns("series", "bytes"), "-series"},
	ByLabel:     {columns("label"), columns("values", "series", "bytes"), "-values"},
	ByOption: {columns("option", "note"),
		columns("series", "bytes", "saved_series", "saved_bytes", "series_percent", "bytes_percent"), ""},
}

// sortable are the names of a view's columns.
func (l layout) sortable() []string {
	var names []string
	for _, c := range slices.Concat(l.texts, l.numbers) {
		if c.Sortable() {
			names = append(names, c.Name)
		}
	}
	return names
}

// ParseQuery returns the query of a view and a column, with a minus for descending order. Both may be
// empty. The error begins with the name of the wrong one, by or sort.
func ParseQuery(by, sort string) (Query, error) {
	if by == "" {
		by = ByFamily
	}
	l, ok := layouts[by]
	if !ok {
		return Query{}, Unknown("by", by, Views)
	}
	if sort == "" {
		sort = l.sort
	}
	q := Query{By: by}
	q.Sort, q.Descending = strings.CutPrefix(sort, "-")
	if sort != "" && !slices.Contains(l.sortable(), q.Sort) {
		return Query{}, fmt.Errorf("%w, or one of them after a minus", Unknown("sort", sort, l.sortable()))
	}
	return q, nil
}

// Unknown is the error of a setting that is none of the allowed ones.
func Unknown(setting, value string, allowed []string) error {
	last := len(allowed) - 1
	return fmt.Errorf("%s=%.64q: want %s or %s", setting, value, strings.Join(allowed[:last], ", "), allowed[last])
}

// NeedsText reports whether a view of some namespaces, or of all, reads the text of the series. Such views
// take up to a second per million series.
func (q Query) NeedsText(namespaces []string) bool {
	return len(namespaces) > 0 || q.By != ByFamily && q.By != ByResource && q.By != ByCluster
}
