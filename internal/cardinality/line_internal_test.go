package cardinality

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/kubestate/kubestate/internal/exposition"
)

// expected returns the labels of a line by the parser of Prometheus. ok is false if the line is no
// sample.
func expected(line string) (labels map[string]string, ok bool) {
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(line + "\n"))
	if err != nil || len(families) != 1 {
		return nil, false
	}
	labels = map[string]string{}
	for _, f := range families {
		if len(f.GetMetric()) != 1 {
			return nil, false
		}
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels[l.GetName()] = l.GetValue()
		}
	}
	return labels, true
}

var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// parsed returns the labels of a line, and whether all of them are in the form of our lines.
func parsed(line string) (labels map[string]string, canonical bool) {
	labels = map[string]string{}
	rest := labelsOf([]byte(line))
	for {
		p, after, ok := nextPair(rest)
		if !ok {
			return labels, len(rest) > 0 && rest[0] == '}'
		}
		if !labelName.Match(p.name) || string(p.name) == "__name__" {
			return labels, false
		}
		labels[string(p.name)] = full(p.value)
		rest = after
	}
}

// full is unescaped without its limit.
func full(value []byte) string {
	return strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\n`, "\n").Replace(string(value))
}

// FuzzLabelValues writes values as this program does, and reads them.
func FuzzLabelValues(f *testing.F) {
	f.Add("", "a")
	f.Add(`"`, `\`)
	f.Add("\n", `\n\"},b="`)
	f.Add("\xff\x00", strings.Repeat(`\`, maxShown)+`"`)
	f.Add(strings.Repeat("ü", maxShown), strings.Repeat("\n", 3*maxShown))
	f.Fuzz(func(t *testing.T, a, b string) {
		escapedA, escapedB := exposition.AppendLabelValue(nil, a), exposition.AppendLabelValue(nil, b)
		line := fmt.Sprintf(`name{a="%s",b="%s"} 1`, escapedA, escapedB)
		want, ok := expected(line)
		got, canonical := parsed(line)
		if d := cmp.Diff(want, got); d != "" || !ok || !canonical {
			t.Fatalf("%q, sample %t, canonical %t (-want +got):\n%s", line, ok, canonical, d)
		}
		if size := len(escapedA) - countEscapes(escapedA); size != len(want["a"]) {
			t.Errorf("%q has %d bytes, want %d", escapedA, size, len(want["a"]))
		}
		if shown, wanted := unescaped(escapedA), shorten([]byte(want["a"])); shown != wanted {
			t.Errorf("%q is shown as %q, want %q", escapedA, shown, wanted)
		}
		if shown, wanted := unescaped(keep(nil, escapedB)), shorten([]byte(want["b"])); shown != wanted {
			t.Errorf("%q is shown as %q of its beginning, want %q", escapedB, shown, wanted)
		}
	})
}

// FuzzLines reads any text, and compares it where it has the form of our lines.
func FuzzLines(f *testing.F) {
	for _, line := range []string{
		"", "a 1", `a{} 1`, `a{b="c"} 1`, `a{b="c",} 1`, `a{b="c",d="\\\"\n"} 0`, `a{b="c"`, `a{b="`, `a{b=`, `a{="c"} 1`, `{`, `a{b="c" , d="e"} 1`, `a{b="}",c="{"} NaN`,
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if strings.ContainsAny(line, "\n\r") {
			return
		}
		newLabelCounter(10).line([]byte(line))
		got, canonical := parsed(line)
		want, ok := expected(line)
		if !ok || !canonical {
			return
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q (-want +got):\n%s", line, d)
		}
	})
}
