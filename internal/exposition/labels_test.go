package exposition_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/exposition"
)

func labelsOf(line string) (all []string) {
	for name, value := range exposition.Labels([]byte(line)) {
		all = append(all, name, value)
	}
	return all
}

func TestLabels(t *testing.T) {
	f := func(line string, want ...string) {
		t.Helper()
		if d := cmp.Diff(want, labelsOf(line)); d != "" {
			t.Errorf("%s (-want +got):\n%s", line, d)
		}
	}
	f(`x 1`)
	f(`x{} 1`)
	f(`x{a="b"} 1`, "a", "b")
	f(`x{a="b",c=""} 1`, "a", "b", "c", "")
	f(`x{a="\\",b="\"",c="\n",d="\\n"} 1`, "a", `\`, "b", `"`, "c", "\n", "d", `\n`)
	f(`x{a=",b=\"c\"}",d="{"} 1`, "a", `,b="c"}`, "d", "{")
	f(`x{a="b`)
	f(`x{a="b\`)
	f(`x{a="b",c} 1`, "a", "b")
	f(`x{a="b"c="d"} 1`, "a", "b")
	f(`x{="b"} 1`)
	for range exposition.Labels([]byte(`x{a="b",c="d"} 1`)) {
		break
	}
}

// FuzzLabels expects the labels that a line was written with.
func FuzzLabels(f *testing.F) {
	for _, s := range []string{"", "a", "\"", "\\", "\n", "\\n", "ü", `",b="c`, "\xff"} {
		f.Add(s, s+"x")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		line := exposition.AppendLabelValue([]byte(`x{a="`), a)
		line = exposition.AppendLabelValue(append(line, `",b="`...), b)
		got := labelsOf(string(append(line, "\"} 1\n"...)))
		want := []string{"a", valid(a), "b", valid(b)}
		if !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

// valid returns s with each byte that is not UTF-8 replaced.
func valid(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		b.WriteRune(r)
		s = s[n:]
	}
	return b.String()
}
