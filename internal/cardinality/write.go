package cardinality

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// sort sorts the rows by the column of the query.
func (t *Table) sort() {
	compare := func(Row, Row) int { return 0 }
	for i, c := range t.Texts {
		if c.Name == t.Sort {
			compare = func(a, b Row) int { return strings.Compare(a.Texts[i], b.Texts[i]) }
		}
	}
	for i, c := range t.Numbers {
		if c.Name == t.Sort {
			compare = func(a, b Row) int { return cmp.Compare(a.Numbers[i], b.Numbers[i]) }
		}
	}
	slices.SortStableFunc(t.Rows, func(a, b Row) int {
		if t.Descending {
			return compare(b, a)
		}
		return compare(a, b)
	})
}

// WriteText writes a table for people: numbers first, as names have any length.
func (t Table) WriteText(w io.Writer) error {
	var b bytes.Buffer
	widths := make([]int, len(t.Texts))
	for i, c := range t.Texts {
		widths[i] = len(c.Name)
		for _, r := range t.Rows {
			widths[i] = max(widths[i], len([]rune(Shown(r.Texts[i]))))
		}
	}
	texts := func(cells func(i int) string) {
		var line strings.Builder
		for i := range t.Texts {
			fmt.Fprintf(&line, "  %-*s", widths[i], cells(i))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	number := func(i int, s string) {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%*s", t.width(i), s)
	}
	for i, c := range t.Numbers {
		number(i, c.Name)
	}
	texts(func(i int) string { return t.Texts[i].Name })
	for _, r := range t.Rows {
		for i, c := range t.Numbers {
			number(i, r.estimate(i)+c.Format(r.Numbers[i]))
		}
		texts(func(i int) string { return Shown(r.Texts[i]) })
		t.writeValues(&b, "bytes", r.Longest)
		t.writeValues(&b, "series", r.Most)
	}
	if t.Total != nil {
		for i, c := range t.Numbers {
			number(i, c.Format(t.Total[i]))
		}
		b.WriteString("  in all\n")
	}
	_, err := w.Write(b.Bytes())
	return err
}

// width is the width of a column of numbers.
func (t Table) width(i int) int {
	if t.Numbers[i].Name == "bytes" {
		return 12
	}
	return max(10, len(t.Numbers[i].Name))
}

// writeValues writes values of a label below its row.
func (t Table) writeValues(b *bytes.Buffer, unit string, values []Value) {
	indent := 0
	for i := range t.Numbers {
		indent += t.width(i) + 1
	}
	for _, v := range values {
		fmt.Fprintf(b, "%*d %-6s  %s\n", indent+6, v.Count, unit, Shown(v.Text))
	}
}

// estimate marks an estimated number.
func (r Row) estimate(i int) string {
	if r.Estimated && i == 0 {
		return "~"
	}
	return ""
}

// Format formats a number of the column.
func (c Column) Format(n float64) string {
	if c.Percent {
		return strconv.FormatFloat(n, 'f', 1, 64)
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}

// Shown returns a text as it is shown: quoted if it is empty, or has spaces at its ends or characters that
// are not printable.
func Shown(s string) string {
	if s == "" || strings.TrimSpace(s) != s || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(s)
	}
	return s
}

// WriteJSON writes an array with an object per row, whose keys are the columns.
func (t Table) WriteJSON(w io.Writer) error {
	var b bytes.Buffer
	b.WriteByte('[')
	for n, r := range t.Rows {
		if n > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('{')
		for i, c := range t.Texts {
			appendMember(&b, c.Name, r.Texts[i])
		}
		for i, c := range t.Numbers {
			appendMember(&b, c.Name, json.Number(c.Format(r.Numbers[i])))
		}
		if t.By == ByLabel {
			appendMember(&b, "estimated", r.Estimated)
			appendMember(&b, "longest", objects("bytes", r.Longest))
			appendMember(&b, "most", objects("series", r.Most))
		}
		b.Truncate(b.Len() - 1)
		b.WriteByte('}')
	}
	b.WriteString("]\n")
	_, err := w.Write(b.Bytes())
	return err
}

// appendMember appends a member of an object and a comma.
func appendMember(b *bytes.Buffer, name string, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic("BUG: " + name + ": " + err.Error())
	}
	fmt.Fprintf(b, "%q:%s,", name, text)
}

// objects returns the values as JSON.
func objects(count string, values []Value) json.RawMessage {
	var b bytes.Buffer
	b.WriteByte('[')
	for i, v := range values {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('{')
		appendMember(&b, "value", v.Text)
		appendMember(&b, count, v.Count)
		b.Truncate(b.Len() - 1)
		b.WriteByte('}')
	}
	b.WriteByte(']')
	return b.Bytes()
}
