package server

import (
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/kubestate/kubestate/internal/cardinality"
	"github.com/kubestate/kubestate/internal/store"
)

var cardinalityPage = template.Must(template.New("cardinality.html").Funcs(template.FuncMap{
	"count": grouped,
	"shown": cardinality.Shown,
	"parts": func(name string) []string { return strings.SplitAfter(name, "_") }, // between which a line may break
}).ParseFS(pages, "cardinality.html", "style.html"))

// cardinalityViews serve /debug/cardinality.
type cardinalityViews struct {
	source       Source
	sparse, kept func(family string) bool
}

// A cardinalityRequest is the query of a request.
type cardinalityRequest struct {
	cardinality.Query
	filter filter
	format string
	// order is the parameter sort, and links has the parameters that links keep.
	order string
	links url.Values
	// several says that there are several clusters.
	several bool
}

// split serves the views that read the text of series by the second handler.
func (c cardinalityViews) split(cheap, reading http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q, err := parseCardinality(r)
		if err == nil && q.NeedsText(q.filter.namespaces) {
			reading.ServeHTTP(w, r)
			return
		}
		cheap.ServeHTTP(w, r)
	})
}

func (c cardinalityViews) serve(w http.ResponseWriter, r *http.Request) {
	q, err := parseCardinality(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	clusters := c.source.Clusters()
	if wrong := q.wrongCluster(clusters); wrong != "" {
		http.Error(w, wrong, http.StatusBadRequest)
		return
	}
	present, clusterOf := c.present(q.filter, clusters)
	if wrong := notServed(q.filter, present); wrong != "" {
		http.Error(w, wrong, http.StatusBadRequest)
		return
	}
	q.several = clusters != nil
	content := cardinality.Content{Cluster: clusterOf, Namespaces: q.filter.namespaces, Sparse: c.sparse, Kept: c.kept}
	for _, resource := range present {
		if q.filter.includes(resource.Is) {
			content.Resources = append(content.Resources, resource)
		}
	}
	t, err := cardinality.Count(r.Context(), q.Query, content)
	if err != nil {
		return // the client is gone
	}
	w.Header().Set("Vary", "Accept")
	q.write(w, t)
}

// wrongCluster describes a query of unknown clusters, or of clusters where there is only one; empty if it is valid.
func (q cardinalityRequest) wrongCluster(clusters []Cluster) string {
	if clusters == nil && q.By == cardinality.ByCluster {
		return cardinality.Unknown("by", q.By, cardinality.Views).Error()
	}
	for _, name := range q.filter.clusters {
		if wrong := unknownCluster(name, clusters); wrong != "" && clusters != nil {
			return wrong
		}
	}
	return ""
}

// present returns the resources of the clusters that a filter selects, and the names of their clusters.
func (c cardinalityViews) present(f filter, clusters []Cluster) (all []*store.Resource, clusterOf func(*store.Resource) string) {
	if clusters == nil {
		return c.source.Resources(), nil
	}
	of := map[*store.Resource]string{}
	for _, cluster := range clusters {
		if !f.includesCluster(cluster.Name) {
			continue
		}
		for _, r := range cluster.Resources {
			of[r] = cluster.Name
			all = append(all, r)
		}
	}
	return all, func(r *store.Resource) string { return of[r] }
}

// write writes a table in the format of the request. The client may be gone.
func (q cardinalityRequest) write(w http.ResponseWriter, t cardinality.Table) {
	switch q.format {
	case formatHTML:
		writePage(w, cardinalityPage, newCardinalityTable(q, t))
	case formatJSON:
		w.Header().Set("Content-Type", "application/json")
		_ = t.WriteJSON(w)
	default:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_ = t.WriteText(w)
	}
}

// parseCardinality parses a request. The error names the parameter and the allowed values.
func parseCardinality(r *http.Request) (cardinalityRequest, error) {
	query := r.URL.Query()
	q := cardinalityRequest{filter: parseFilter(query), order: query.Get("sort"), links: url.Values{}}
	var err error
	if q.Query, err = cardinality.ParseQuery(query.Get("by"), query.Get("sort")); err != nil {
		return q, err
	}
	if q.format, err = parseFormat(query.Get("format"), r.Header.Values("Accept")); err != nil {
		return q, err
	}
	for _, kept := range []string{"resources", "exclude_resources", "namespace", "cluster"} {
		if values, ok := query[kept]; ok {
			q.links[kept] = values
		}
	}
	return q, nil
}

// notServed describes the first name of a filter that no resource has, empty if there is none.
func notServed(f filter, resources []*store.Resource) string {
	var known []string
	for _, r := range resources {
		known = append(known, r.Name())
	}
	for _, name := range slices.Concat(f.only, f.excluded) {
		if !slices.ContainsFunc(resources, func(r *store.Resource) bool { return r.Is(name) }) {
			return unknown([]string{name}, known)
		}
	}
	return ""
}

// A cardinalityTable is the data of a page.
type cardinalityTable struct {
	cardinality.Table
	Views, Columns []cardinalityLink
	Text           string
}

// A cardinalityLink is the link of a view, or of the heading of a column.
type cardinalityLink struct {
	Name, Href string
	// Sorted is ascending or descending if the rows are sorted by the column.
	Sorted  string
	Current bool
	Numeric bool
}

// newCardinalityTable links the headings of a table to its other orders, and the views to each other.
func newCardinalityTable(q cardinalityRequest, t cardinality.Table) cardinalityTable {
	page := cardinalityTable{Table: t}
	link := func(by, sort string) string {
		parameters := maps.Clone(q.links)
		parameters.Set("by", by)
		if sort != "" {
			parameters.Set("sort", sort)
		}
		return "?" + parameters.Encode()
	}
	views := cardinality.Views
	if q.several {
		views = append([]string{cardinality.ByCluster}, views...)
	}
	for _, view := range views {
		page.Views = append(page.Views, cardinalityLink{Name: view, Href: link(view, ""), Current: view == t.By})
	}
	page.Text = link(t.By, q.order) + "&format=" + formatText
	for i, c := range slices.Concat(t.Texts, t.Numbers) {
		column := cardinalityLink{Name: strings.NewReplacer("_percent", " %", "_", " ").Replace(c.Name), Numeric: i >= len(t.Texts)}
		descending := column.Numeric
		if c.Name == t.Sort {
			column.Sorted, descending = "ascending", true
			if t.Descending {
				column.Sorted, descending = "descending", false
			}
		}
		order := c.Name
		if descending {
			order = "-" + order
		}
		if c.Sortable() {
			column.Href = link(t.By, order)
		}
		page.Columns = append(page.Columns, column)
	}
	return page
}

// Cells are those of a row, in the order of the headings.
func (t cardinalityTable) Cells(r cardinality.Row) []string {
	var cells []string
	for _, text := range r.Texts {
		cells = append(cells, cardinality.Shown(text))
	}
	return append(cells, t.numbers(r)...)
}

// Sums are the cells of the total.
func (t cardinalityTable) Sums() []string { return t.numbers(cardinality.Row{Numbers: t.Total}) }

// numbers are the cells of the numbers of a row.
func (t cardinalityTable) numbers(r cardinality.Row) []string {
	var cells []string
	for i, c := range t.Numbers {
		text := c.Format(r.Numbers[i])
		if !c.Percent {
			text = grouped(int(r.Numbers[i]))
		}
		if r.Estimated && i == 0 {
			text = "~" + text
		}
		cells = append(cells, text)
	}
	return cells
}
