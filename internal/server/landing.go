package server

import (
	"bytes"
	"cmp"
	"embed"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/kubestate/kubestate/internal/store"
	"github.com/kubestate/kubestate/internal/version"
)

//go:embed *.html
var pages embed.FS

var landingPage = template.Must(template.New("landing.html").Funcs(template.FuncMap{"count": grouped}).ParseFS(pages, "landing.html", "style.html"))

// topFamilies is the number of families on the page.
const topFamilies = 10

// landing is the data of the start page.
type landing struct {
	Description string
	Links       []landingLink
	Version     version.Info
	// Clusters are those of several, in whose place Resources are for one.
	Clusters  []landingCluster
	Resources []landingResource
	Families  []familyCount
	// Shard describes the shard, empty for all objects.
	Shard string
	// Open enables sizes of the content.
	Open bool
	// Series and Objects are totals, and Waiting the number of resources without a complete list.
	Series, Objects, Waiting int
}

type landingLink struct{ Path, About string }

type familyCount struct {
	Family, Resource string
	Series, Bytes    int
}

// A landingCluster is a cluster, whose Name is a path segment.
type landingCluster struct {
	Name, State            string
	Waiting                bool // or down
	Objects, Series, Bytes int
}

type landingResource struct {
	Name, State            string
	Waiting                bool
	Objects, Series, Bytes int
}

// landingOf is the start page of a port, with links to its paths and the state of each resource. It is
// static HTML that needs no credentials. Without Source.Open it has no sizes.
func landingOf(source Source, description string, links ...landingLink) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		page := landing{Description: description, Links: links, Version: version.Get(), Open: source.Open()}
		page.fill(source)
		writePage(w, landingPage, page)
	})
}

// writePage writes static HTML.
func writePage(w http.ResponseWriter, t *template.Template, data any) {
	var text bytes.Buffer
	if err := t.Execute(&text, data); err != nil {
		panic("BUG: " + t.Name() + ": " + err.Error())
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=UTF-8")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(text.Bytes()) // the client may be gone
}

func (p *landing) fill(source Source) {
	p.Shard = source.Shard()
	defer p.sortFamilies()
	if clusters := source.Clusters(); clusters != nil {
		p.fillClusters(clusters)
		return
	}
	checks, resources := source.Checks(), source.Resources()
	for _, r := range resources {
		row := landingResource{Name: r.Name()}
		row.State, row.Waiting = stateOf(checks, r.Name())
		if row.Waiting {
			p.Waiting++
		}
		if p.Open {
			p.count(&row, r.Stats())
		}
		p.Resources = append(p.Resources, row)
	}
}

// fillClusters is fill for several clusters. Families are summed over all.
func (p *landing) fillClusters(clusters []Cluster) {
	families := map[[2]string]int{} // indexes, by family and resource
	for _, c := range clusters {
		row := landingCluster{Name: c.Name, State: c.State, Waiting: c.Waiting || c.Down}
		if c.Waiting {
			p.Waiting++
		}
		for _, r := range c.Resources {
			if !p.Open {
				break
			}
			stats := r.Stats()
			row.Objects += stats.Objects
			for _, f := range stats.Families {
				row.Series, row.Bytes = row.Series+f.Series, row.Bytes+f.Bytes
				key := [2]string{f.Name, r.Name()}
				i, known := families[key]
				if !known {
					i = len(p.Families)
					families[key] = i
					p.Families = append(p.Families, familyCount{Family: f.Name, Resource: r.Name()})
				}
				p.Families[i].Series += f.Series
				p.Families[i].Bytes += f.Bytes
			}
		}
		p.Series, p.Objects = p.Series+row.Series, p.Objects+row.Objects
		p.Clusters = append(p.Clusters, row)
	}
}

// sortFamilies leaves the families with the most series.
func (p *landing) sortFamilies() {
	slices.SortStableFunc(p.Families, func(a, b familyCount) int { return cmp.Compare(b.Series, a.Series) })
	p.Families = p.Families[:min(topFamilies, len(p.Families))]
	p.Families = slices.DeleteFunc(p.Families, func(f familyCount) bool { return f.Series == 0 })
}

// count adds the statistics of a resource.
func (p *landing) count(row *landingResource, stats store.Stats) {
	row.Objects = stats.Objects
	for _, f := range stats.Families {
		row.Series, row.Bytes = row.Series+f.Series, row.Bytes+f.Bytes
		p.Families = append(p.Families, familyCount{Family: f.Name, Resource: row.Name, Series: f.Series, Bytes: f.Bytes})
	}
	p.Series, p.Objects = p.Series+row.Series, p.Objects+row.Objects
}

// stateOf is the state of a resource by its checks, or by those of its namespaces, and whether readiness
// waits for it.
func stateOf(checks []Check, resource string) (state string, waiting bool) {
	var said []string
	for _, c := range checks {
		where, ok := strings.CutPrefix(c.Name, resource)
		if !ok || where != "" && where[0] != ' ' {
			continue
		}
		if where != "" {
			where = where[1:] + ": "
		}
		said = append(said, where+c.Detail)
		waiting = waiting || !c.Passed && !c.Excluded
	}
	return strings.Join(said, ", "), waiting
}

// grouped formats n in groups of three digits.
func grouped(n int) string {
	if n < 0 {
		return "-" + grouped(-n)
	}
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "\u202f" + digits[i:]
	}
	return digits
}
