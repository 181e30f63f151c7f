// Package dashboards makes the Grafana dashboards of deploy/monitoring/dashboards: panels with
// their queries and words go in, the JSON that Grafana imports and a page that
// lists them come out.
package dashboards

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// All gives the dashboards by the name of their file.
func All() map[string]Dashboard {
	return map[string]Dashboard{
		"cluster.json":   cluster().build(),
		"workloads.json": workloads().build(),
		"kubestate.json": kubestate().build(),
	}
}

// order is how the dashboards are listed.
var order = []string{"cluster.json", "workloads.json", "kubestate.json"}

// JSON gives the files by name, as Grafana imports them.
func JSON() (map[string][]byte, error) {
	files := map[string][]byte{}
	for name, dashboard := range All() {
		var b bytes.Buffer
		encoder := json.NewEncoder(&b)
		encoder.SetEscapeHTML(false) // comparisons stay readable
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(dashboard); err != nil {
			return nil, fmt.Errorf("encode dashboard %s: %w", name, err)
		}
		files[name] = b.Bytes()
	}
	return files, nil
}

// Markdown lists the panels of all dashboards, in the order of the page.
func Markdown() []byte {
	var b bytes.Buffer
	all := All()
	for _, name := range order {
		d := all[name]
		fmt.Fprintf(&b, "\n## %s\n\n[%s](../deploy/monitoring/dashboards/%s). %s\n", d.Title, name, name, d.Description)
		for _, p := range d.Panels {
			if p.Type == "row" {
				fmt.Fprintf(&b, "\n%s\n\n| panel | content |\n| --- | --- |\n", p.Title)
				continue
			}
			fmt.Fprintf(&b, "| %s | %s |\n", p.Title, p.Description)
		}
	}
	return b.Bytes()
}

// spec is a dashboard as it is written down here.
type spec struct {
	uid, title, description string
	variables               []Variable
	rows                    []row
}

// row is a headline and the panels below it, from left to right.
type row struct {
	title  string
	panels []panel
}

// panel is what its kind needs; the rest of a Panel follows from that.
type panel struct {
	kind          string // stat, timeseries, bargauge or table
	title         string
	description   string
	unit          string
	width, height int
	stacked       bool
	thresholds    []Threshold
	columns       map[string]string // of a table: what the columns are called
	hidden        []string          // of a table: columns not to show
	queries       []query
}

// query is PromQL and, but for tables, what its series are called. In the PromQL
// <cluster>, <namespace> and <exporter> stand for the matchers of the variables.
type query struct{ expr, legend string }

var matchers = strings.NewReplacer(
	"<cluster>", `cluster=~"$cluster"`,
	"<namespace>", `cluster=~"$cluster", namespace=~"$namespace"`,
	"<exporter>", `job=~"$job", instance=~"$instance"`,
)

// columnsOfGrid is how wide Grafana's grid is.
const columnsOfGrid = 24

// build lays the rows out and numbers the panels.
func (s spec) build() Dashboard {
	d := Dashboard{
		UID: s.uid, Title: s.title, Description: s.description, Tags: []string{"kubestate"},
		SchemaVersion: 38, Editable: true, GraphTooltip: 1, Refresh: "1m", Timezone: "browser",
		Time:       TimeRange{From: "now-6h", To: "now"},
		Templating: Templating{List: append([]Variable{datasource()}, s.variables...)},
		Links: []Link{{
			Title: "kubestate", Type: "dashboards", Tags: []string{"kubestate"}, AsDropdown: true, KeepTime: true, IncludeVars: true,
		}},
	}
	y := 0
	for _, r := range s.rows {
		d.add(Panel{Type: "row", Title: r.title, GridPos: Position{H: 1, W: columnsOfGrid, Y: y}, Collapsed: new(bool), Panels: []Panel{}})
		y++
		x, tallest := 0, 0
		for _, p := range r.panels {
			if x+p.width > columnsOfGrid {
				x, y, tallest = 0, y+tallest, 0
			}
			built := p.build()
			built.GridPos = Position{X: x, Y: y, W: p.width, H: p.height}
			d.add(built)
			x, tallest = x+p.width, max(tallest, p.height)
		}
		y += tallest
	}
	return d
}

// add appends a panel with the next number, which is one within the dashboard only.
func (d *Dashboard) add(p Panel) {
	p.ID = len(d.Panels) + 1
	d.Panels = append(d.Panels, p)
}

func (p panel) build() Panel {
	built := Panel{
		Type: p.kind, Title: p.title, Description: p.description, Datasource: source(),
		FieldConfig: &FieldConfig{Defaults: Defaults{Unit: p.unit, Thresholds: thresholds(p.thresholds)}, Overrides: []Override{}},
		Options:     options[p.kind],
	}
	for i, q := range p.queries {
		target := Target{
			RefID: string(rune('A' + i)), Datasource: source(), EditorMode: "code",
			Expr: matchers.Replace(q.expr), LegendFormat: q.legend, Instant: true, Format: "time_series",
		}
		switch p.kind {
		case "table":
			target.Format = "table"
		case "timeseries":
			target.Instant, target.Range = false, true
		}
		built.Targets = append(built.Targets, target)
	}
	switch p.kind {
	case "table":
		built.Transformations = p.transformations()
	case "timeseries":
		built.FieldConfig.Defaults.Custom = lines(p.stacked)
	}
	return built
}

// transformations make one table of the answers to several queries, and name its columns.
func (p panel) transformations() []Transformation {
	hidden := map[string]bool{"Time": true}
	for _, column := range p.hidden {
		hidden[column] = true
	}
	return []Transformation{
		{ID: "merge", Options: map[string]any{}},
		{ID: "organize", Options: map[string]any{"excludeByName": hidden, "indexByName": map[string]int{}, "renameByName": p.columns}},
	}
}

// thresholds colour a value from each step on; without steps it has no colour of its own.
func thresholds(steps []Threshold) Thresholds {
	return Thresholds{Mode: "absolute", Steps: append([]Threshold{{Color: "green"}}, steps...)}
}

func from(value float64, color string) Threshold { return Threshold{Color: color, Value: &value} }
