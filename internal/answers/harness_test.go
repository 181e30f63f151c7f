package answers_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/answers"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/snapshot"
	"github.com/kubestate/kubestate/internal/watcher"
)

const example = "../../examples/cluster"

// load returns the content of a snapshot at a path, or of the text of one with the path "-".
func load(t testing.TB, path, text string, selection generators.Selection) answers.Content {
	t.Helper()
	return loadChanged(t, path, text, selection, func(runtime.Object) bool { return true })
}

// loadChanged is load with objects that change may modify. It leaves out those for which change returns false.
func loadChanged(t testing.TB, path, text string, selection generators.Selection, change func(runtime.Object) bool) answers.Content {
	t.Helper()
	tables, err := generators.NewRegistry(generators.Builtin()...)
	if err != nil {
		t.Fatal(err)
	}
	config := watcher.Config{Resources: tables.Defaults(), Selection: selection, Parts: 1}
	w := watcher.New(config, watcher.NewMetrics(prometheus.NewRegistry()), slog.New(slog.DiscardHandler))
	loading := w.Loading(config)
	sink := func(kind schema.GroupVersionKind, object runtime.Object) error {
		if !change(object) {
			return nil
		}
		return loading.Add(kind, object)
	}
	report, err := snapshot.Read(path, loading.Resources(), tables.Scheme(), strings.NewReader(text), sink)
	if err != nil || report.Failure() != nil {
		t.Fatal(err, report.Failure())
	}
	loading.Done()
	return answers.Content{Resources: w.Resources()}
}

// all is the selection of the command.
var all = generators.Selection{Groups: []generators.Group{generators.Attribution, generators.Verdicts}}

// answer returns the answer of a name.
func answer(t testing.TB, r answers.Report, name string) answers.Answer {
	t.Helper()
	for _, a := range r.Answers {
		if a.Name == name {
			return a
		}
	}
	t.Fatalf("no answer %s", name)
	return answers.Answer{}
}

// table returns the verdict and the rows of an answer, a line each.
func table(a answers.Answer) string {
	var b bytes.Buffer
	b.WriteString(string(a.Severity) + ": " + a.Verdict + "\n")
	if len(a.Rows) > 0 {
		b.WriteString(strings.Join(a.Columns, " | ") + "\n")
	}
	for _, r := range a.Rows {
		b.WriteString(string(r.Severity) + ": " + strings.Join(r.Cells, " | ") + "\n")
	}
	return b.String()
}
