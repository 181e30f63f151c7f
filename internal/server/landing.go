package server

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/kubestate/kubestate/internal/store"
	"github.com/kubestate/kubestate/internal/version"
)

//go:embed landing.html
var landingText string

var landingPage = template.Must(template.New("landing").Funcs(template.FuncMap{"count": grouped}).Parse(landingText))

// topFamilies is how many families the page lists.
const topFamilies = 10

// landing is what the page of a port shows.
type landing struct {
	Description string
	Links       []landingLink
	Version     version.Info
	Resources   []landingResource
	Families    []familyCount
	// Shard is which part of all objects that is, empty for all.
	Shard string
	// Open says whether the page may tell what the objects come to.
	Open bool
	// Series and Objects are in all, Waiting are the resources that have not been
	// complete once.
	Series, Objects, Waiting int
}

type landingLink struct{ Path, About string }

type landingResource struct {
	Name, State            string
	Waiting                bool
	Objects, Series, Bytes int
}

// landingOf is a page that links to the paths of its port and tells what is
// served. It is plain HTML, for browsers as for curl. It needs no credentials: where
// what is served is not for everybody, it tells only how each resource stands.
func landingOf(source Source, description string, links ...landingLink) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		page := landing{Description: description, Links: links, Version: version.Get(), Open: source.Open()}
		page.fill(source)
		var text bytes.Buffer
		if err := landingPage.Execute(&text, page); err != nil {
			panic("BUG: landing page: " + err.Error())
		}
		header := w.Header()
		header.Set("Content-Type", "text/html; charset=UTF-8")
		header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
		header.Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(text.Bytes()) // the client may be gone
	})
}

func (p *landing) fill(source Source) {
	p.Shard = source.Shard()
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
	p.Families = mostSeries(p.Families)
	p.Families = p.Families[:min(topFamilies, len(p.Families))]
	p.Families = slices.DeleteFunc(p.Families, func(f familyCount) bool { return f.Series == 0 })
}

// count adds the statistics of the row's resource.
func (p *landing) count(row *landingResource, stats store.Stats) {
	row.Objects = stats.Objects
	for _, f := range stats.Families {
		row.Series, row.Bytes = row.Series+f.Series, row.Bytes+f.Bytes
		p.Families = append(p.Families, familyCount{Family: f.Name, Resource: row.Name, Series: f.Series, Bytes: f.Bytes})
	}
	p.Series, p.Objects = p.Series+row.Series, p.Objects+row.Objects
}

// stateOf tells how a resource stands, and whether it is waited for. Checks are of
// resources, or of resources in namespaces.
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

// grouped is n in groups of three digits.
func grouped(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "\u202f" + digits[i:]
	}
	return digits
}

// A Source is what there is to serve, as it is at the moment of asking.
type Source interface {
	// Resources gives the store, in the order of serving.
	Resources() []*store.Resource
	// Checks are of each resource, or of a resource and, after a space, where.
	Checks() []Check
	// Shard says which part of all objects that is, and nothing if it is all.
	Shard() string
	// Open says whether what is served is for everybody who can reach the port.
	Open() bool
}
