// Package dashboards makes the Grafana dashboards of deploy/monitoring/dashboards: panels with
// their queries and words go in, the JSON that Grafana imports and a page that
// lists them come out.
package dashboards

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	tables "github.com/grafana/grafana-foundation-sdk/go/table"
)

// Dashboard is the classic form, the only one that Grafana 10 imports.
type Dashboard = dashboard.Dashboard //nolint:staticcheck // its successor is for later versions

// A File is a dashboard and the name of its file.
type File struct {
	Name      string
	Dashboard Dashboard
}

// All gives the dashboards in the order of the page that lists them.
func All() ([]File, error) {
	var all []File
	for _, s := range []spec{cluster(), workloads(), kubestate()} {
		d, err := s.build()
		if err != nil {
			return nil, fmt.Errorf("dashboard %s: %w", s.file, err)
		}
		all = append(all, File{s.file, d})
	}
	return all, nil
}

// JSON gives the file as Grafana imports it.
func (f File) JSON() ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // comparisons stay readable
	encoder.SetIndent("", "  ")
	err := encoder.Encode(f.Dashboard)
	return b.Bytes(), err
}

// Markdown lists the panels of the dashboard.
func (f File) Markdown() []byte {
	b := fmt.Appendf(nil, "\n## %s\n\n[%s](../deploy/monitoring/dashboards/%s). %s\n", *f.Dashboard.Title, f.Name, f.Name, *f.Dashboard.Description)
	for _, p := range f.Dashboard.Panels {
		if p.RowPanel != nil {
			b = fmt.Appendf(b, "\n%s\n\n| panel | content |\n| --- | --- |\n", *p.RowPanel.Title)
			continue
		}
		b = fmt.Appendf(b, "| %s | %s |\n", *p.Panel.Title, *p.Panel.Description)
	}
	return b
}

// spec is a dashboard as it is written down here.
type spec struct {
	file, uid, title, description string
	variables                     []cog.Builder[dashboard.VariableModel]
	rows                          []row
}

// row is a headline and the panels below it, from left to right.
type row struct {
	title  string
	panels []panel
}

// build lays the rows out and numbers the panels.
func (s spec) build() (Dashboard, error) {
	b := dashboard.NewDashboardBuilder(s.title) //nolint:staticcheck // as Dashboard
	b.Uid(s.uid).Description(s.description).Tags([]string{"kubestate"}).
		Tooltip(dashboard.DashboardCursorSyncCrosshair).Refresh("1m").Time("now-6h", "now").
		WithVariable(dashboard.NewDatasourceVariableBuilder("datasource").Label("Data source").Type("prometheus")).
		Link(dashboard.NewDashboardLinkBuilder("kubestate").Type(dashboard.DashboardLinkTypeDashboards).Tags([]string{"kubestate"}).AsDropdown(true).KeepTime(true).IncludeVars(true))
	for _, v := range s.variables {
		b.WithVariable(v)
	}
	for _, r := range s.rows {
		b.WithRow(dashboard.NewRowBuilder(r.title))
		for _, p := range r.panels {
			b.WithPanel(p)
		}
	}
	d, err := b.Build()
	if err != nil {
		return d, err
	}
	// Defaults of the builder that are not for every Grafana from 10 on.
	d.SchemaVersion = 38
	d.Links[0].Placement = nil
	for i := range d.Templating.List {
		d.Templating.List[i].Auto, d.Templating.List[i].AutoMin, d.Templating.List[i].AutoCount = nil, nil, nil
	}
	for i, p := range d.Panels {
		if id := uint32(i) + 1; p.RowPanel != nil {
			p.RowPanel.Id = id
		} else {
			p.Panel.Id = &id
			if o, ok := p.Panel.Options.(*tables.Options); ok {
				o.Footer = nil
			}
		}
	}
	return d, nil
}

// choice is a variable with the values of a label of what selector selects. All
// of them is a pattern that matches a label that is not there, too.
func choice(name, label, selector string) cog.Builder[dashboard.VariableModel] {
	all := func(s string) dashboard.StringOrArrayOfString {
		return dashboard.StringOrArrayOfString{ArrayOfString: []string{s}}
	}
	return dashboard.NewQueryVariableBuilder(name).Label(label).Datasource(source).
		Query(dashboard.StringOrMap{Map: map[string]any{"query": "label_values(" + matchers.Replace(selector) + ", " + name + ")", "refId": name}}).
		Refresh(dashboard.VariableRefreshOnTimeRangeChanged).Sort(dashboard.VariableSortAlphabeticalAsc).Multi(true).IncludeAll(true).AllValue(".*").
		Current(dashboard.VariableOption{Text: all("All"), Value: all("$__all")})
}
