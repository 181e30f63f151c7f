package dashboards

import (
	"regexp"
	"strings"
	"testing"
)

// known are the variables that queries may have: the dashboard's own, and those that Grafana fills in.
var known = regexp.MustCompile(`\$(cluster|namespace|job|instance|__rate_interval|1)\b`)

// TestDashboards holds what Grafana would take and show wrongly.
func TestDashboards(t *testing.T) {
	if len(order) != len(All()) {
		t.Errorf("%d dashboards, of which the page lists %d", len(All()), len(order))
	}
	uids := map[string]bool{}
	for name, d := range All() {
		if uids[d.UID] {
			t.Errorf("%s: uid %s is there twice", name, d.UID)
		}
		uids[d.UID] = true
		for i, p := range d.Panels {
			checkPlace(t, name, d.Panels[:i], p)
			if p.Type != "row" {
				checkPanel(t, name, p)
			}
		}
	}
}

// checkPlace wants a panel within the grid, with a number of its own, on no other.
func checkPlace(t *testing.T, name string, others []Panel, p Panel) {
	t.Helper()
	a := p.GridPos
	if a.W < 1 || a.H < 1 || a.X < 0 || a.X+a.W > columnsOfGrid {
		t.Errorf("%s: %s is outside of the grid: %+v", name, p.Title, a)
	}
	for _, other := range others {
		b := other.GridPos
		if a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H {
			t.Errorf("%s: %s is on %s", name, p.Title, other.Title)
		}
		if other.ID == p.ID {
			t.Errorf("%s: %s has the number of %s", name, p.Title, other.Title)
		}
	}
}

// checkPanel wants words, options, and queries of which every part was filled in.
func checkPanel(t *testing.T, name string, p Panel) {
	t.Helper()
	if p.Title == "" || p.Description == "" || p.Options == nil || len(p.Targets) == 0 {
		t.Errorf("%s: panel %d (%s) lacks words, options or queries", name, p.ID, p.Title)
	}
	if p.Datasource.UID != "${datasource}" {
		t.Errorf("%s: %s asks %s", name, p.Title, p.Datasource.UID)
	}
	for _, target := range p.Targets {
		rest := known.ReplaceAllString(target.Expr, "")
		if strings.ContainsRune(rest, '$') || strings.Contains(rest, "<") && !strings.Contains(rest, "< ") {
			t.Errorf("%s: %s has something in it that nobody fills in: %s", name, p.Title, target.Expr)
		}
		if len(p.Targets) > 1 && p.Type != "table" && target.LegendFormat == "" {
			t.Errorf("%s: %s has a line without a name: %s", name, p.Title, target.Expr)
		}
	}
}
