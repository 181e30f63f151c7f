// Package dashboards builds the Grafana dashboards of deploy/monitoring/dashboards: panels and
// queries in, Grafana's JSON and a page of docs out.
package dashboards

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	tables "github.com/grafana/grafana-foundation-sdk/go/table"
)

// Dashboard is the classic schema, the only one that Grafana 10 imports.
type Dashboard = dashboard.Dashboard //nolint:staticcheck // the v2 schema needs later versions

// A File is a dashboard and the name of its file.
type File struct {
	Name      string
	Dashboard Dashboard
}

// All returns the dashboards in the order of their page.
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

// JSON returns the file as Grafana imports it.
func (f File) JSON() ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // keeps < and > in queries readable
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

// spec is the source of a dashboard.
type spec struct {
	file, uid, title, description string
	variables                     []cog.Builder[dashboard.VariableModel]
	rows                          []row
}

// row is a heading and its panels, from left to right.
type row struct {
	title  string
	panels []panel
}

// build places the rows and numbers the panels.
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
	// Remove defaults of the builder that older Grafana versions lack.
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

// choice returns a variable with the values of a label of the selected series. All is a pattern
// that matches a missing label, too.
func choice(name, label, selector string) cog.Builder[dashboard.VariableModel] {
	all := func(s string) dashboard.StringOrArrayOfString {
		return dashboard.StringOrArrayOfString{ArrayOfString: []string{s}}
	}
	return dashboard.NewQueryVariableBuilder(name).Label(label).Datasource(source).
		Query(dashboard.StringOrMap{Map: map[string]any{"query": "label_values(" + matchers.Replace(selector) + ", " + name + ")", "refId": name}}).
		Refresh(dashboard.VariableRefreshOnTimeRangeChanged).Sort(dashboard.VariableSortAlphabeticalAsc).Multi(true).IncludeAll(true).AllValue(".*").
		Current(dashboard.VariableOption{Text: all("All"), Value: all("$__all")})
}
