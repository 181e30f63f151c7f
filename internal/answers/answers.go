package answers

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A question is what an answer is computed from.
type question struct {
	name, title string
	// resources are the keys of the resources with the objects that are asked about; noun is their plural.
	resources []string
	noun      string
	// namespaced objects are asked about in some namespaces too.
	namespaced bool
	// identity are the labels of an object.
	identity []string
	// good and bad are the verdicts without and with findings: "All 25 pods run", "2 of 25 pods do not run".
	good, bad string
	causes    []cause
	columns   []column
	// by is the column whose values the verdict counts; empty for none.
	by string
	// order is the column by which rows are ordered within a severity: times from the earliest, numbers from
	// the largest. Equal rows are ordered by their cells.
	order string
}

// A cause selects findings.
type cause struct {
	expr     expr
	severity Severity
	// critical reports whether a finding is worse than that; nil for never.
	critical func(cells map[string]string) bool
}

// A column is a column of an answer: a label of the finding, its value, or what lookups tell of its object.
type column struct {
	name    string
	value   func(float64) string
	lookups []lookup // the first one with a series counts
}

// A lookup finds a series with the labels of a finding.
type lookup struct {
	series selector
	on     []string
	// format returns the cell.
	format func(*sample) string
}

// From returns the report of a content.
func From(c Content) Report {
	r := newReader(c)
	now := c.Now
	if now.IsZero() {
		now = r.newest()
	}
	r.now = float64(now.UnixNano()) / 1e9
	report := Report{Time: now.UTC().Truncate(time.Second)}
	for _, q := range questions {
		if len(c.Namespaces) == 0 || q.namespaced {
			report.Answers = append(report.Answers, q.answer(r, c))
		}
	}
	slices.SortStableFunc(report.Answers, func(a, b Answer) int { return cmp.Compare(b.Severity.rank(), a.Severity.rank()) })
	return report
}

// query returns the PromQL of all causes.
func (q question) query() string {
	var all union
	for _, c := range q.causes {
		all = append(all, c.expr)
	}
	return all.String()
}

// families returns the families that are needed.
func (q question) families() (all []string) {
	for _, c := range q.causes {
		c.expr.families(func(name string) { all = append(all, name) })
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// A finding is a row before it is cut and formatted.
type finding struct {
	sample
	severity Severity
	cells    map[string]string
}

func (q question) answer(r *reader, c Content) Answer {
	a := Answer{Name: q.name, Title: q.title, Severity: OK, Query: q.query()}
	if why := q.unseen(r, c); why != "" {
		a.Severity, a.Verdict = Unknown, "Not known: "+why
		return a
	}
	all := q.findings(r)
	total := 0
	for _, resource := range c.Resources {
		if slices.Contains(q.resources, resource.Name()) {
			total += resource.View(c.Namespaces...).Objects()
		}
	}
	a.Verdict = q.verdict(all, total)
	if len(all) == 0 {
		return a
	}
	q.sort(all)
	a.Severity = all[0].severity
	a.More = max(0, len(all)-MaxRows)
	columns := q.shown(all)
	for _, c := range columns {
		a.Columns = append(a.Columns, c.name)
	}
	for _, f := range all[:len(all)-a.More] {
		row := Row{Severity: f.severity}
		for _, c := range columns {
			row.Cells = append(row.Cells, f.cells[c.name])
		}
		a.Rows = append(a.Rows, row)
	}
	return a
}

// unseen returns what cannot be read; empty if all can.
func (q question) unseen(r *reader, c Content) string {
	for _, u := range c.Unseen {
		if slices.Contains(q.resources, u.Resource) {
			return u.Resource + " cannot be read: " + u.Reason
		}
	}
	for _, name := range q.families() {
		if r.views[name] == nil {
			return "there are no series " + name
		}
	}
	return ""
}

// shown returns the columns with a cell, behind that of the cluster if series have one.
func (q question) shown(all []finding) []column {
	columns := slices.Insert(slices.Clone(q.columns), 0, column{name: "cluster"})
	return slices.DeleteFunc(columns, func(c column) bool {
		return !slices.ContainsFunc(all, func(f finding) bool { return f.cells[c.name] != "" })
	})
}

// findings returns the findings of all causes, with their cells.
func (q question) findings(r *reader) (all []finding) {
	for _, c := range q.causes {
		found := c.expr.eval(r, nil)
		cells := make([]map[string]string, len(found))
		for i := range found {
			cells[i] = map[string]string{"cluster": found[i].get("cluster")}
		}
		for _, column := range q.columns {
			column.fill(r, found, cells)
		}
		for i, s := range found {
			severity := c.severity
			if c.critical != nil && c.critical(cells[i]) {
				severity = Critical
			}
			all = append(all, finding{s, severity, cells[i]})
		}
	}
	return all
}

// fill sets the cells of the column.
func (c column) fill(r *reader, found []sample, cells []map[string]string) {
	for i := range found {
		switch {
		case c.value != nil:
			cells[i][c.name] = c.value(found[i].value)
		case c.lookups == nil:
			cells[i][c.name] = found[i].get(c.name)
		}
	}
	for _, l := range c.lookups {
		if len(found) == 0 {
			break
		}
		values := map[string]string{}
		for _, s := range l.series.eval(r, keysOf(found, l.on)) {
			values[s.key(l.on)] = l.format(&s)
		}
		for i := range found {
			if v := values[found[i].key(l.on)]; v != "" && cells[i][c.name] == "" {
				cells[i][c.name] = v
			}
		}
	}
}

// sort sorts findings, the worst first.
func (q question) sort(all []finding) {
	slices.SortStableFunc(all, func(a, b finding) int {
		if n := cmp.Compare(b.severity.rank(), a.severity.rank()); n != 0 {
			return n
		}
		if n := compareCells(a.cells[q.order], b.cells[q.order]); n != 0 {
			return n
		}
		for _, c := range q.columns {
			if n := strings.Compare(a.cells[c.name], b.cells[c.name]); n != 0 {
				return n
			}
		}
		return 0
	})
}

// compareCells compares times or numbers: the earliest time, the largest number first, cells without one
// last.
func compareCells(a, b string) int {
	m, errA := strconv.ParseFloat(a, 64)
	n, errB := strconv.ParseFloat(b, 64)
	if errA == nil && errB == nil {
		return cmp.Compare(n, m)
	}
	if a == "" || b == "" {
		return strings.Compare(b, a)
	}
	return strings.Compare(a, b)
}

// verdict returns the line of the verdict. total is the number of objects.
func (q question) verdict(all []finding, total int) string {
	if total == 0 {
		return "No " + q.noun + "."
	}
	if len(all) == 0 {
		return fmt.Sprintf(q.good, total)
	}
	objects := map[string]bool{}
	counts := map[string]int{}
	for i := range all {
		objects[all[i].key(q.identity)] = true
		counts[all[i].cells[q.by]]++
	}
	verdict := fmt.Sprintf(q.bad, len(objects), total)
	if q.by == "" {
		return verdict + "."
	}
	var parts []string
	for value := range counts {
		parts = append(parts, value)
	}
	slices.SortFunc(parts, func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b)) })
	for i, value := range parts {
		parts[i] = fmt.Sprintf("%d %s", counts[value], value)
	}
	return verdict + ": " + strings.Join(parts, ", ") + "."
}

// newest returns the newest time of the series that have times of events.
func (r *reader) newest() time.Time {
	newest := 0.0
	for _, family := range events {
		for _, s := range series(family).eval(r, nil) {
			newest = max(newest, s.value)
		}
	}
	return time.Unix(int64(newest), 0)
}

// events are families whose values are times of what has happened.
var events = []string{"kube_lease_renew_time", "kube_pod_container_status_last_terminated_timestamp", "kube_pod_created", "kube_node_created"}
