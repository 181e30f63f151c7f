package server

import (
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/kubestate/kubestate/internal/answers"
)

// refreshAfter is the time after which a browser loads the page of answers again, in seconds.
const refreshAfter = "30"

// answersViews serve /answers.
type answersViews struct {
	// content is what is asked about some namespaces, none for all.
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
	content := v.content(parseFilter(query).namespaces)
	report := answers.From(content)
	header := w.Header()
	header.Set("Vary", "Accept")
	header.Set("Cache-Control", "no-store")
	switch format {
	case formatHTML:
		header.Set("Refresh", refreshAfter)
		writePage(w, answersPage, newAnswersData(report, answers.Charts(content), content.Namespaces, v.shard()))
	case formatJSON:
		header.Set("Content-Type", "application/json")
		_ = report.WriteJSON(w) // the client may be gone
	default:
		header.Set("Content-Type", "text/plain; charset=utf-8")
		_ = answers.Text{}.Write(w, report)
	}
}

var answersPage = template.Must(template.New("answers.html").Funcs(template.FuncMap{
	"count":  grouped,
	"symbol": func(s answers.Severity) string { return symbols[s] },
}).ParseFS(pages, "answers.html", "style.html"))

// symbols are the marks of severities, for those who see no colours.
var symbols = map[answers.Severity]string{answers.OK: "✓", answers.Unknown: "?", answers.Warning: "▲", answers.Critical: "✖"}

// answersData is the data of the page of answers.
type answersData struct {
	answers.Report
	Namespaces []string
	Shard      string
	// Query has the parameters of the page, for links to other formats.
	Query url.Values
	// Counts are the numbers of answers by severity, worst first.
	Counts []severityCount
	// Found are the answers with findings, Lists have the others.
	Found  []answers.Answer
	Lists  []answerList
	Charts []barChart
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

func newAnswersData(report answers.Report, charts []answers.Chart, namespaces []string, shard string) answersData {
	page := answersData{Report: report, Namespaces: namespaces, Shard: shard, Query: url.Values{}}
	if len(namespaces) > 0 {
		page.Query.Set("namespace", strings.Join(namespaces, ","))
	}
	unknown, fine := answerList{"Not known", answers.Unknown, nil}, answerList{"As it should be", answers.OK, nil}
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

// As is the link of the page in another format.
func (d answersData) As(format string) string {
	return "?" + url.Values{"format": {format}}.Encode() + strings.TrimSuffix("&"+d.Query.Encode(), "&")
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

// A barChart is a chart as it is drawn.
type barChart struct {
	answers.Chart
	// Legend are the names of parts, if bars have different ones.
	Legend []string
	Drawn  []drawnBar
}

// A drawnBar is a bar as it is drawn, 100 wide.
type drawnBar struct {
	Name string
	// Href is the link of a namespace.
	Href  string
	Parts []drawnPart
	// Text describes the parts, and Size the whole.
	Text, Size string
}

type drawnPart struct {
	Class       string
	From, Width string
}

func newBarChart(c answers.Chart) barChart {
	chart := barChart{Chart: c}
	seen := map[string]bool{}
	for _, b := range c.Bars {
		chart.Drawn = append(chart.Drawn, newDrawnBar(c, b))
		for _, p := range b.Parts {
			if b.Whole == 0 && !seen[p.Name] {
				seen[p.Name] = true
				chart.Legend = append(chart.Legend, p.Name)
			}
		}
	}
	return chart
}

func newDrawnBar(c answers.Chart, b answers.Bar) drawnBar {
	drawn := drawnBar{Name: b.Name}
	sum := 0.0
	var texts []string
	for _, p := range b.Parts {
		sum += p.Value
		texts = append(texts, c.Amount(p.Value)+" "+p.Name)
	}
	whole := max(b.Whole, sum)
	position := 0.0
	for _, p := range b.Parts {
		width := 0.0
		if whole > 0 {
			width = 100 * p.Value / whole
		}
		class := p.Name
		if b.Whole > 0 && p.Value > nearlyFull*b.Whole {
			class = "full"
		}
		drawn.Parts = append(drawn.Parts, drawnPart{class, decimal(position), decimal(width)})
		position += width
	}
	drawn.Text = strings.Join(texts, ", ")
	if b.Whole == 0 {
		drawn.Size = c.Amount(sum)
		if !strings.Contains(b.Name, "/") { // behind a cluster
			drawn.Href = "?" + url.Values{"namespace": {b.Name}}.Encode()
		}
		return drawn
	}
	drawn.Size = fmt.Sprintf("%.0f%% of %s", 100*sum/b.Whole, c.Amount(b.Whole))
	drawn.Text += " of " + c.Amount(b.Whole)
	return drawn
}

// nearlyFull is the fraction from which a part of a whole is marked.
const nearlyFull = 0.9

// decimal formats a coordinate.
func decimal(f float64) string { return strconv.FormatFloat(f, 'f', 2, 64) }
