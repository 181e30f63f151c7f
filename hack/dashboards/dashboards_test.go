package dashboards

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
)

// known are the variables of queries: the dashboards' own, and Grafana's.
var known = regexp.MustCompile(`\$(cluster|namespace|job|instance|__rate_interval|1)\b`)

// TestDashboards checks for mistakes that Grafana would import and show wrongly.
func TestDashboards(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	uids := map[string]bool{}
	for _, f := range all {
		if uids[*f.Dashboard.Uid] {
			t.Errorf("%s: duplicate uid %s", f.Name, *f.Dashboard.Uid)
		}
		uids[*f.Dashboard.Uid] = true
		taken := map[[2]uint32]string{}
		for _, p := range f.Dashboard.Panels {
			if p.RowPanel != nil {
				checkPlace(t, taken, *p.RowPanel.Title, *p.RowPanel.GridPos)
				continue
			}
			checkPlace(t, taken, *p.Panel.Title, *p.Panel.GridPos)
			checkPanel(t, f.Name, *p.Panel)
		}
	}
}

// totals are the labels by which a query may aggregate or join without the label cluster: totals of the
// selected clusters, and properties of a process.
var totals = map[string]bool{
	"": true, "job, instance": true, "encoding": true, "instance": true, "job, instance, version, revision, goversion, client_go_version": true, "le": true,
	"owner_kind": true, "phase": true, "qos_class": true, "reason": true, "result": true, "state": true,
}

// grouping matches the labels of an aggregation or a join.
var grouping = regexp.MustCompile(`\b(?:by|on) \(([^)]*)\)`)

// TestDashboardsKeepClusters holds that queries do not mix up objects of equal names in several clusters,
// and that legends tell them apart.
func TestDashboardsKeepClusters(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		for _, p := range f.Dashboard.Panels {
			if p.RowPanel != nil {
				continue
			}
			for _, target := range p.Panel.Targets {
				query := target.(prometheus.Dataquery)
				groups := grouping.FindAllStringSubmatch(query.Expr, -1)
				keeps := func(labels string) bool { return slices.Contains(strings.Split(labels, ", "), "cluster") }
				for _, g := range groups {
					if labels := g[1]; !keeps(labels) && !totals[labels] {
						t.Errorf("%s: %s groups by (%s), without cluster: %s", f.Name, *p.Panel.Title, labels, query.Expr)
					}
				}
				// The first grouping is that of the result.
				if legend := query.LegendFormat; legend != nil && len(groups) > 0 && keeps(groups[0][1]) && strings.Contains(*legend, "{{") && !strings.Contains(*legend, "{{cluster}}") {
					t.Errorf("%s: the legend %q of %s has no cluster: %s", f.Name, *legend, *p.Panel.Title, query.Expr)
				}
			}
		}
	}
}

// checkPlace checks that a panel is within the grid and overlaps no other. taken has the cells of
// the others.
func checkPlace(t *testing.T, taken map[[2]uint32]string, title string, at dashboard.GridPos) {
	t.Helper()
	if at.W < 1 || at.H < 1 || at.X+at.W > 24 {
		t.Errorf("%s is outside the grid: %+v", title, at)
	}
	for x := at.X; x < at.X+at.W; x++ {
		for y := at.Y; y < at.Y+at.H; y++ {
			if other := taken[[2]uint32{x, y}]; other != "" {
				t.Fatalf("%s overlaps %s", title, other)
			}
			taken[[2]uint32{x, y}] = title
		}
	}
}

// checkPanel checks titles, descriptions and queries, in which all placeholders must be replaced.
func checkPanel(t *testing.T, name string, p dashboard.Panel) {
	t.Helper()
	if *p.Title == "" || *p.Description == "" || len(p.Targets) == 0 {
		t.Errorf("%s: panel %d (%s) lacks a description or queries", name, *p.Id, *p.Title)
	}
	for _, target := range p.Targets {
		target := target.(prometheus.Dataquery)
		rest := known.ReplaceAllString(target.Expr, "")
		if strings.ContainsRune(rest, '$') || strings.Contains(rest, "<") && !strings.Contains(rest, "< ") {
			t.Errorf("%s: %s has an unknown variable: %s", name, *p.Title, target.Expr)
		}
		if len(p.Targets) > 1 && p.Type != "table" && target.LegendFormat == nil {
			t.Errorf("%s: %s has a series without a legend: %s", name, *p.Title, target.Expr)
		}
	}
}
