package answers_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/answers"
)

var update = flag.Bool("update", false, "rewrite the files in testdata")

// golden compares a text with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", name, d)
	}
}

// TestExample has the report of the example cluster in all formats.
func TestExample(t *testing.T) {
	report := answers.From(load(t, example, "", all))
	f := func(name string, write func(*bytes.Buffer) error) {
		t.Helper()
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		golden(t, name, b.String())
	}
	f("example.txt", func(b *bytes.Buffer) error { return answers.Text{}.Write(b, report) })
	f("example-queries.txt", func(b *bytes.Buffer) error { return answers.Text{Color: true, Queries: true}.Write(b, report) })
	f("example.json", func(b *bytes.Buffer) error { return report.WriteJSON(b) })
	f("example.yaml", func(b *bytes.Buffer) error { return report.WriteYAML(b) })
}
