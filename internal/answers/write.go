package answers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/duration"
	"sigs.k8s.io/yaml"
)

// A Text is how a report is written for people.
type Text struct {
	// Color marks severities by the colours of terminals.
	Color bool
	// Queries adds the PromQL of answers.
	Queries bool
}

// Write writes a report: answers with findings as tables, and a line of each other one.
func (t Text) Write(w io.Writer, r Report) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "As of %s\n", r.Time.Format(time.RFC3339))
	for _, part := range []string{r.Shard, r.Limits} {
		if part != "" {
			b.WriteString(Shown(part) + "\n")
		}
	}
	b.WriteByte('\n')
	for _, a := range r.Answers {
		fmt.Fprintf(&b, "%s  %s\n", t.colored(a.Severity, fmt.Sprintf("%-8s", a.Severity)), Shown(a.Verdict))
		if len(a.Rows) > 0 {
			b.WriteByte('\n')
			t.writeTable(&b, r, a)
		}
		if t.Queries {
			b.WriteString("\n  PromQL:\n    " + strings.ReplaceAll(a.Query, "\n", "\n    ") + "\n")
		}
		if len(a.Rows) > 0 || t.Queries {
			b.WriteByte('\n')
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// marks are those of rows, whose colours may be missing.
var marks = map[Severity]string{Critical: "!!", Warning: "! ", Unknown: "? "}

// writeTable writes the rows of an answer, with ages in place of times.
func (t Text) writeTable(b *bytes.Buffer, r Report, a Answer) {
	lines := [][]string{nil}
	for _, name := range a.Columns {
		lines[0] = append(lines[0], strings.ToUpper(name))
	}
	for _, row := range a.Rows {
		var line []string
		for _, cell := range row.Cells {
			line = append(line, Shown(r.Age(cell)))
		}
		lines = append(lines, line)
	}
	widths := make([]int, len(a.Columns))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for n, line := range lines {
		mark := "  "
		if n > 0 {
			mark = t.colored(a.Rows[n-1].Severity, marks[a.Rows[n-1].Severity])
		}
		var text strings.Builder
		for i, cell := range line {
			fmt.Fprintf(&text, "  %-*s", widths[i], cell)
		}
		fmt.Fprintf(b, "  %s%s\n", mark, strings.TrimRight(text.String(), " "))
	}
	if a.More > 0 {
		fmt.Fprintf(b, "      and %d more\n", a.More)
	}
}

// colors are the codes of terminals.
var colors = map[Severity]string{Critical: "1;31", Warning: "33", Unknown: "35", OK: "32"}

func (t Text) colored(s Severity, text string) string {
	if !t.Color {
		return text
	}
	return "\x1b[" + colors[s] + "m" + text + "\x1b[0m"
}

// Age returns how long before the report the time of a cell is, such as 5m; other cells as they are.
func (r Report) Age(cell string) string {
	at, err := time.Parse(time.RFC3339, cell)
	if err != nil {
		return cell
	}
	return duration.HumanDuration(r.Time.Sub(at))
}

// Shown returns a text as it is shown: quoted if it has characters that are not printable, as those of a
// terminal's commands.
func Shown(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) {
		return strconv.Quote(s)
	}
	return s
}

// WriteJSON writes a report as JSON. Characters that are not printable, as those of a terminal's commands, are
// escaped.
func (r Report) WriteJSON(w io.Writer) error {
	text, err := r.json()
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

func (r Report) json() ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(r); err != nil {
		return nil, err
	}
	text := b.Bytes()
	if !bytes.ContainsFunc(text, escaped) {
		return text, nil
	}
	var safe []byte
	for _, c := range string(text) {
		if escaped(c) {
			safe = fmt.Appendf(safe, "\\u%04x", c)
		} else {
			safe = utf8.AppendRune(safe, c)
		}
	}
	return safe, nil
}

// escaped reports whether JSON has a character as its code: YAML does not read pairs of codes.
func escaped(c rune) bool { return c != '\n' && c <= 0xffff && !unicode.IsPrint(c) }

// WriteYAML writes a report as YAML, with the keys of the JSON.
func (r Report) WriteYAML(w io.Writer) error {
	text, err := r.json()
	if err == nil {
		text, err = yaml.JSONToYAML(text)
	}
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}
