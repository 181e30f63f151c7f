package answers_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

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

// TestEscapes reads back JSON and YAML with all characters in a cell. JSON shows those that are printable.
func TestEscapes(t *testing.T) {
	var all strings.Builder
	for c := rune(0); c <= 0xffff; c++ {
		if utf8.ValidRune(c) {
			all.WriteRune(c)
		}
	}
	all.WriteString("\U0001F600\U000E0001")
	want := answers.Report{Answers: []answers.Answer{{Rows: []answers.Row{{Cells: []string{all.String()}}}}}}
	f := func(write func(*bytes.Buffer) error, read func([]byte, *answers.Report) error) (text string) {
		t.Helper()
		var b bytes.Buffer
		var got answers.Report
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		if err := read(b.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		return b.String()
	}
	f(func(b *bytes.Buffer) error { return want.WriteYAML(b) }, func(text []byte, r *answers.Report) error { return yaml.Unmarshal(text, r) })
	text := f(func(b *bytes.Buffer) error { return want.WriteJSON(b) }, func(text []byte, r *answers.Report) error { return json.Unmarshal(text, r) })
	if i := strings.IndexFunc(text, func(c rune) bool { return c != '\n' && c <= 0xffff && !unicode.IsPrint(c) }); i >= 0 {
		t.Errorf("%+.40q is not escaped", text[i:])
	}
}
