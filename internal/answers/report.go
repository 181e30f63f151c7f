// Package answers finds problems of objects by their series: the series of a store go in, and findings
// come out, as tables.
//
// An answer is a table of causes. A cause is an expression over series, which is evaluated here and
// written as PromQL from the same value, so that the query of an answer finds the rows of the answer.
// Expressions read the store's text block by block and hold only the series that they select.
package answers

import (
	"time"

	"github.com/kubestate/kubestate/internal/store"
)

// A Content is the input of a report.
type Content struct {
	Resources []*store.Resource
	// Namespaces select objects, none for all. With namespaces, there are no answers about objects
	// without a namespace.
	Namespaces []string
	// Limits describes in a sentence what limits the objects of the resources; empty for all objects.
	Limits string
	// Now is the time of the answers; zero for the newest time of an event that the series have, which is about
	// the time at which a snapshot was taken. Without an event it is the present time.
	Now time.Time
	// Unseen are the resources that cannot be read.
	Unseen []Unseen
	// PassedOver are the numbers of files of a snapshot that are no objects, by kind: "12 .log".
	PassedOver []string
}

// An Unseen is a resource that kubestate cannot read, its state, such as "forbidden", and the reason, if that
// says more. Of a resource that is out of date, an earlier state is known.
type Unseen struct {
	Resource, State, Reason string
	OutOfDate               bool
}

// A Report is the answers about a content.
type Report struct {
	Time    time.Time `json:"time"`             // of the report
	Shard   string    `json:"shard,omitempty"`  // which part of all objects the report is about; empty for all
	Limits  string    `json:"limits,omitempty"` // flags by which objects are missing; empty for none
	Answers []Answer  `json:"answers"`          // worst first; those without findings have no rows
}

// An Answer is one table of a report.
type Answer struct {
	Name     string   `json:"name"`     // for programs and anchors: "pods-not-running"
	Title    string   `json:"title"`    // "Pods that do not run"
	Severity Severity `json:"severity"` // of the worst row
	Verdict  string   `json:"verdict"`  // one line
	Columns  []string `json:"columns,omitempty"`
	Rows     []Row    `json:"rows,omitempty"`  // worst first, at most MaxRows
	More     int      `json:"more,omitempty"`  // number of further rows
	Query    string   `json:"query,omitempty"` // PromQL with the same rows
}

// MaxRows is the number of rows of an answer.
const MaxRows = 20

// A Row is a finding, with a cell for each column. Columns with the name of a label of the query have its
// values. Times are in RFC 3339 and UTC; Report.Age makes ages of them.
type Row struct {
	Severity Severity `json:"severity"`
	Cells    []string `json:"cells"`
}

// A Severity is how bad a finding is.
type Severity string

// The severities, best first. Unknown is that of an answer which kubestate cannot give.
const (
	OK       Severity = "ok"
	Unknown  Severity = "unknown"
	Warning  Severity = "warning"
	Critical Severity = "critical"
)

// rank orders severities.
func (s Severity) rank() int {
	switch s {
	case Critical:
		return 3
	case Warning:
		return 2
	case Unknown:
		return 1
	}
	return 0
}

// Severity returns the worst severity of the answers.
func (r Report) Severity() Severity {
	worst := OK
	for _, a := range r.Answers {
		if a.Severity.rank() > worst.rank() {
			worst = a.Severity
		}
	}
	return worst
}

// A Chart is a bar for each namespace or node.
type Chart struct {
	Title string `json:"title"`
	Unit  string `json:"unit"`
	Bars  []Bar  `json:"bars"` // at most MaxRows
	More  int    `json:"more,omitempty"`
}

// A Bar has the parts of a whole. Whole is 0 for the sum of the parts; parts may exceed it.
type Bar struct {
	Name  string  `json:"name"`
	Whole float64 `json:"whole,omitempty"`
	Parts []Part  `json:"parts"`
}

// A Part is a part of a bar.
type Part struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}
