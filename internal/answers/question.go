package answers

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A question defines an answer.
type question struct {
	name, title string
	// resources are the resources whose objects the verdict counts.
	resources []string
	// inNamespaces says that the question is about objects with a namespace.
	inNamespaces bool
	// identity are the labels of an object.
	identity []string
	// none is the verdict without objects. bad is the verdict with findings, with the numbers of objects
	// found and of all objects.
	none, bad string
	causes    []cause
	// active selects objects that are no findings; counted, with their number, is a sentence of the verdict.
	active  expr
	counted string
	columns []column
	// by is the column whose values the verdict counts; empty for none.
	by string
	// order is the column by which rows of one severity are ordered: the earliest time or the largest number
	// first.
	order string
}

// A cause selects findings.
type cause struct {
	severity Severity
	expr     expr
	// critical reports which findings are critical, whatever the severity; nil for none.
	critical func(r *reader, found []sample) []bool
}

// From returns the report of a content.
func From(c Content) Report {
	r := newReader(c)
	report := Report{Time: r.time.UTC().Truncate(time.Second), Limits: c.Limits}
	asked := slices.DeleteFunc(slices.Clone(questions), func(q question) bool { return len(c.Namespaces) > 0 && !q.inNamespaces })
	var expressions []expr
	for _, q := range asked {
		for _, cause := range q.causes {
			expressions = append(expressions, cause.expr)
		}
		if q.active != nil {
			expressions = append(expressions, q.active)
		}
	}
	r.scan(expressions)
	for _, q := range asked {
		report.Answers = append(report.Answers, q.answer(r))
	}
	report.Answers = append(report.Answers, unseen(c))
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

// needed returns the families without which the question cannot be answered.
func (q question) needed() (all []string) {
	for _, c := range q.causes {
		c.expr.families(func(name string, optional bool) {
			if !optional && !slices.Contains(all, name) {
				all = append(all, name)
			}
		})
	}
	return all
}

// A finding is a row before it is cut.
type finding struct {
	sample
	severity Severity
	order    ordinal
	by       string // cell of the column of this name
}

func (q question) answer(r *reader) Answer {
	a := Answer{Name: q.name, Title: q.title, Severity: OK, Query: q.query()}
	all := q.findings(r)
	why := r.lacking(q.needed())
	if len(all) == 0 && why != "" {
		a.Severity, a.Verdict = Unknown, "Not known: "+why+"."
		return a
	}
	a.Verdict = q.verdict(all, r.objects(q.resources))
	if q.active != nil {
		if n := len(q.active.eval(r, nil)); n > 0 {
			a.Verdict += " " + fmt.Sprintf(q.counted, n)
		}
	}
	if len(all) == 0 {
		return a
	}
	if why != "" {
		a.Verdict += " Not all is known: " + why + "."
	}
	q.sort(all)
	a.Severity, a.More = all[0].severity, max(0, len(all)-MaxRows)
	q.addRows(&a, r, all[:len(all)-a.More])
	return a
}

// clusterLabel is the label of several clusters in one store, and its column.
const clusterLabel = "cluster"

// addRows adds rows with the columns that have a cell, behind that of the cluster.
func (q question) addRows(a *Answer, r *reader, all []finding) {
	found := samplesOf(all)
	a.Rows = make([]Row, len(all))
	for i, f := range all {
		a.Rows[i].Severity = f.severity
	}
	for _, c := range append(labels(clusterLabel), q.columns...) {
		cells := c.cells(r, found)
		if !slices.ContainsFunc(cells, func(cell string) bool { return cell != "" }) {
			continue
		}
		a.Columns = append(a.Columns, c.name)
		for i, cell := range cells {
			a.Rows[i].Cells = append(a.Rows[i].Cells, cell)
		}
	}
}

func samplesOf(all []finding) []sample {
	found := make([]sample, len(all))
	for i := range all {
		found[i] = all[i].sample
	}
	return found
}

// findings returns the findings of all causes, with the cells that order and count them.
func (q question) findings(r *reader) (all []finding) {
	for _, c := range q.causes {
		found := c.expr.eval(r, nil)
		critical := make([]bool, len(found))
		if c.critical != nil {
			critical = c.critical(r, found)
		}
		for i, s := range found {
			f := finding{sample: s, severity: c.severity}
			if critical[i] {
				f.severity = Critical
			}
			all = append(all, f)
		}
	}
	found := samplesOf(all)
	order, by := q.column(q.order, r, found), q.column(q.by, r, found)
	for i := range all {
		all[i].order, all[i].by = ordinalOf(order[i]), by[i]
	}
	return all
}

// column returns the cells of the column of a name; empty ones if there is none.
func (q question) column(name string, r *reader, found []sample) []string {
	for _, c := range q.columns {
		if c.name == name && len(found) > 0 {
			return c.cells(r, found)
		}
	}
	return make([]string, len(found))
}

// sort sorts findings, the worst first.
func (q question) sort(all []finding) {
	slices.SortStableFunc(all, func(a, b finding) int {
		order := cmp.Or(cmp.Compare(b.severity.rank(), a.severity.rank()), a.order.compare(b.order))
		for i := 0; order == 0 && i < len(q.identity); i++ {
			order = strings.Compare(a.get(q.identity[i]), b.get(q.identity[i]))
		}
		return order
	})
}

// An ordinal orders findings by a cell, which is a number or a time.
type ordinal struct {
	cell     string
	number   float64
	isNumber bool
}

func ordinalOf(cell string) ordinal {
	if cell == "" || strings.Contains(cell, "T") { // a time; errors of numbers allocate
		return ordinal{cell: cell}
	}
	number, err := strconv.ParseFloat(strings.TrimSuffix(cell, "%"), 64)
	return ordinal{cell, number, err == nil}
}

// compare orders the earliest time or the largest number first, and empty cells last.
func (o ordinal) compare(other ordinal) int {
	switch {
	case o.isNumber && other.isNumber:
		return cmp.Compare(other.number, o.number)
	case o.cell == "" || other.cell == "":
		return strings.Compare(other.cell, o.cell)
	}
	return strings.Compare(o.cell, other.cell)
}

// verdict returns the line of the verdict. total is the number of objects.
func (q question) verdict(all []finding, total int) string {
	if len(all) == 0 && total == 0 {
		return q.none
	}
	objects, counts := map[string]bool{}, map[string]int{}
	for i := range all {
		objects[all[i].key(q.identity)] = true
		counts[all[i].by]++
	}
	verdict := fmt.Sprintf(q.bad, len(objects), total)
	if q.by == "" || len(all) == 0 {
		return verdict + "."
	}
	parts := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b))
	})
	for i, value := range parts {
		parts[i] = fmt.Sprintf("%d %s", counts[value], cmp.Or(Shown(value), "other"))
	}
	return verdict + ": " + strings.Join(parts, ", ") + "."
}
