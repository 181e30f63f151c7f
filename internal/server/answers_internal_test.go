package server

import (
	"bytes"
	"testing"
	"time"

	"github.com/kubestate/kubestate/internal/answers"
)

// TestAnswersPage compares the page of all severities, of markup in names, and of each kind of bar, and that of some
// namespaces, with files.
func TestAnswersPage(t *testing.T) {
	report := answers.Report{Time: time.Date(2026, 6, 17, 9, 40, 0, 0, time.UTC), Answers: []answers.Answer{
		{
			Name: "pods-not-running", Title: "Pods that do not run", Severity: answers.Critical,
			Verdict: "1234 of 9999 pods do not run: <b>.", Query: `a{b="<c>"} > 0`, More: 1214,
			Columns: []string{"cluster", "pod", "reason", "since"},
			Rows: []answers.Row{
				{Severity: answers.Critical, Cells: []string{"a", `<script>alert("x")</script>`, "Crash\u202eLoopBackOff", "2026-06-17T08:24:03Z"}},
				{Severity: answers.Warning, Cells: []string{"b", "web", "", ""}},
			},
		},
		{Name: "nodes", Title: "Nodes", Severity: answers.Warning, Verdict: "One.", Columns: []string{"node"}, Rows: []answers.Row{{Severity: answers.Warning, Cells: []string{"n"}}}},
		{Name: "claims", Title: "Claims", Severity: answers.Unknown, Verdict: "Not known: forbidden.", Query: "c"},
		{Name: "jobs", Title: "Jobs", Severity: answers.OK, Verdict: "All 5 jobs are fine.", Query: "j > 0"},
		{Name: "unseen", Title: "Unseen", Severity: answers.OK, Verdict: "All is seen."},
	}}
	charts := []answers.Chart{
		{Title: "Pods by phase", Unit: "pods", More: 1000, Bars: []answers.Bar{
			{Name: "shop", Parts: []answers.Part{{Name: "Running", Value: 3000}, {Name: "Pending", Value: 1000}}},
			{Name: "fra1/shop", Parts: []answers.Part{{Name: "Pending", Value: 1}}},
		}},
		{Title: "Memory requested", Unit: "bytes", Bars: []answers.Bar{
			{Name: "over", Whole: 1 << 30, Parts: []answers.Part{{Name: "requested", Value: 2 << 30}}},
			{Name: "half", Whole: 1 << 40, Parts: []answers.Part{{Name: "requested", Value: 1 << 39}}},
			{Name: "none", Whole: 1023, Parts: []answers.Part{{Name: "requested"}}},
		}},
		{Title: "CPU requested", Unit: "cores", Bars: []answers.Bar{
			{Name: "n", Whole: 4, Parts: []answers.Part{{Name: "requested", Value: 3.25}}},
			{Name: "bro\u202eken", Parts: []answers.Part{{Name: "requested"}}},
		}},
	}
	f := func(name string, data answersData) {
		t.Helper()
		var page bytes.Buffer
		if err := answersPage.Execute(&page, data); err != nil {
			t.Fatal(err)
		}
		ComparePage(t, name, page.String())
	}
	several := newAnswersData(report, charts, answersLinks{})
	several.OneOf = []string{"fra1", "osl1"}
	f("answers", several)
	f("answers-namespaces", newAnswersData(answers.Report{Time: report.Time, Shard: "Shard 1 of <3>.", Limits: "Limited by --namespaces=<a>\u202e.", Answers: report.Answers[3:]}, nil, answersLinks{AnswerFilter{Namespaces: []string{"shop", "a&b", "\u202e"}}, true}))
	f("answers-clusters", newAnswersData(answers.Report{Time: report.Time, Answers: report.Answers[3:]}, charts[:1], answersLinks{AnswerFilter{[]string{"shop"}, []string{"fra1", "osl1"}}, false}))
}
