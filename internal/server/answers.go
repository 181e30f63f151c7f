package server

import (
	"cmp"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/kubestate/kubestate/internal/answers"
	"github.com/kubestate/kubestate/internal/cardinality"
)

const (
	// refreshAfter is the time after which a browser loads the page of answers again, in seconds.
	refreshAfter = "30"
	// refreshOn and refreshOff are the values of the parameter refresh.
	refreshOn, refreshOff = "on", "off"
)

// An AnswerFilter selects the objects of answers.
type AnswerFilter struct {
	// Namespaces and Clusters are names, none for all. Clusters are known ones, of several.
	Namespaces, Clusters []string
}

// answersViews serve /answers.
type answersViews struct {
	// content returns the content about some objects.
	content func(AnswerFilter) answers.Content
	source  Source
}

func (v answersViews) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	format, err := parseFormat(query.Get("format"), r.Header.Values("Accept"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	refresh := cmp.Or(query.Get("refresh"), refreshOn)
	if refresh != refreshOn && refresh != refreshOff {
		http.Error(w, cardinality.Unknown("refresh", refresh, []string{refreshOn, refreshOff}).Error(), http.StatusBadRequest)
		return
	}
	asked, clusters := parseFilter(query), v.source.Clusters()
	filter := AnswerFilter{Namespaces: asked.namespaces}
	if clusters != nil {
		filter.Clusters = asked.clusters
	}
	for _, name := range filter.Clusters {
		if wrong := unknownCluster(name, clusters); wrong != "" {
			http.Error(w, wrong, http.StatusNotFound)
			return
		}
	}
	content := v.content(filter)
	report := answers.From(content)
	report.Shard = v.source.Shard()
	content.Now = report.Time // which is not looked for again
	header := w.Header()
	header.Set("Vary", "Accept")
	header.Set("Cache-Control", "no-store")
	switch format {
	case formatHTML:
		if refresh == refreshOn {
			header.Set("Refresh", refreshAfter)
		}
		page := newAnswersData(report, answers.Charts(content), answersLinks{filter, refresh == refreshOff})
		if len(filter.Clusters) == 0 {
			for _, c := range clusters {
				page.OneOf = append(page.OneOf, c.Name)
			}
		}
		writePage(w, answersPage, page)
	case formatJSON:
		header.Set("Content-Type", "application/json")
		_ = report.WriteJSON(w) // the client may be gone
	default:
		header.Set("Content-Type", "text/plain; charset=utf-8")
		_ = answers.Text{}.Write(w, report)
	}
}

var answersPage = template.Must(template.New("answers.html").Funcs(template.FuncMap{
	"count":        grouped,
	"refreshAfter": func() string { return refreshAfter },
	"shown":        answers.Shown,
	"symbol":       func(s answers.Severity) string { return symbols[s] },
}).ParseFS(pages, "answers.html", "style.html"))

// symbols are the marks of severities, for those who see no colours.
var symbols = map[answers.Severity]string{answers.OK: "✓", answers.Unknown: "?", answers.Warning: "▲", answers.Critical: "✖"}

// answersData is the data of the page of answers.
type answersData struct {
	answers.Report
	answersLinks
	// OneOf are the clusters of a page that is about several.
	OneOf []string
	// Counts are the numbers of answers by severity, worst first.
	Counts []severityCount
	// Found are the answers with findings, Lists have the others.
	Found  []answers.Answer
	Lists  []answerList
	Charts []barChart
}

// answersLinks are the parameters of a page, which its links keep.
type answersLinks struct {
	AnswerFilter
	// Paused pages are not refreshed.
	Paused bool
}

// As is the link of the page in another format.
func (l answersLinks) As(format string) string { return l.with("format", format) }

// Toggled is the link that pauses refreshes, or resumes them.
func (l answersLinks) Toggled() string {
	l.Paused = !l.Paused
	return l.with("", "")
}

// In is the link of the page about a namespace, empty for all.
func (l answersLinks) In(namespace string) string {
	l.Namespaces = nonempty(namespace)
	return l.with("", "")
}

// Of is the link of the page about a cluster, empty for all.
func (l answersLinks) Of(cluster string) string {
	l.Clusters = nonempty(cluster)
	return l.with("", "")
}

// InOf is the link of the page about a namespace of a cluster; without a cluster, of those of the page.
func (l answersLinks) InOf(namespace, cluster string) string {
	if cluster != "" {
		l.Clusters = nonempty(cluster)
	}
	return l.In(namespace)
}

// nonempty is a list of a name, empty without one.
func nonempty(name string) []string {
	return slices.DeleteFunc([]string{name}, func(n string) bool { return n == "" })
}

// with is the link with one more parameter, if that has a name.
func (l answersLinks) with(name, value string) string {
	query := url.Values{}
	if len(l.Clusters) > 0 {
		query.Set("cluster", strings.Join(l.Clusters, ","))
	}
	if len(l.Namespaces) > 0 {
		query.Set("namespace", strings.Join(l.Namespaces, ","))
	}
	if l.Paused {
		query.Set("refresh", refreshOff)
	}
	if name != "" {
		query.Set(name, value)
	}
	return "?" + query.Encode()
}

// An answerList is a list of answers without findings.
type answerList struct {
	Title    string
	Severity answers.Severity
	Answers  []answers.Answer
}

type severityCount struct {
	Severity answers.Severity
	Count    int
}

func newAnswersData(report answers.Report, charts []answers.Chart, links answersLinks) answersData {
	page := answersData{Report: report, answersLinks: links}
	unknown, fine := answerList{"Not known", answers.Unknown, nil}, answerList{"No findings", answers.OK, nil}
	for _, a := range report.Answers {
		if n := len(page.Counts); n == 0 || page.Counts[n-1].Severity != a.Severity {
			page.Counts = append(page.Counts, severityCount{Severity: a.Severity})
		}
		page.Counts[len(page.Counts)-1].Count++
		switch {
		case len(a.Rows) > 0:
			page.Found = append(page.Found, a)
		case a.Severity == answers.Unknown:
			unknown.Answers = append(unknown.Answers, a)
		default:
			fine.Answers = append(fine.Answers, a)
		}
	}
	for _, list := range []answerList{unknown, fine} {
		if len(list.Answers) > 0 {
			page.Lists = append(page.Lists, list)
		}
	}
	for _, c := range charts {
		page.Charts = append(page.Charts, newBarChart(c))
	}
	return page
}

// A cell of a row. Age is the time since Text, if that is a time.
type answerCell struct{ Column, Text, Age string }

// Cells are those of a row.
func (d answersData) Cells(columns []string, row answers.Row) []answerCell {
	cells := make([]answerCell, len(columns))
	for i, column := range columns {
		cells[i] = answerCell{Column: column, Text: answers.Shown(row.Cells[i])}
		if age := d.Age(row.Cells[i]); age != row.Cells[i] {
			cells[i].Age = age
		}
	}
	return cells
}
