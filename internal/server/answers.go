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

// answersViews serve /answers.
type answersViews struct {
	// content returns the content about some namespaces, none for all.
	content func(namespaces []string) answers.Content
	// shard describes the shard, empty for all objects.
	shard func() string
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
	content := v.content(parseFilter(query).namespaces)
	report := answers.From(content)
	report.Shard = v.shard()
	header := w.Header()
	header.Set("Vary", "Accept")
	header.Set("Cache-Control", "no-store")
	switch format {
	case formatHTML:
		if refresh == refreshOn {
			header.Set("Refresh", refreshAfter)
		}
		page := newAnswersData(report, answers.Charts(content), answersLinks{content.Namespaces, refresh == refreshOff})
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
	// Counts are the numbers of answers by severity, worst first.
	Counts []severityCount
	// Found are the answers with findings, Lists have the others.
	Found  []answers.Answer
	Lists  []answerList
	Charts []barChart
}

// answersLinks are the parameters of a page, which its links keep.
type answersLinks struct {
	Namespaces []string
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
	l.Namespaces = slices.DeleteFunc([]string{namespace}, func(n string) bool { return n == "" })
	return l.with("", "")
}

// with is the link with one more parameter, if that has a name.
func (l answersLinks) with(name, value string) string {
	query := url.Values{}
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
