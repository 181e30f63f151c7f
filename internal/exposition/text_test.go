package exposition_test

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/kubestate/kubestate/internal/exposition"
)

func TestInText(t *testing.T) {
	f := func(typ, want exposition.Type) {
		t.Helper()
		if got := typ.InText(); got != want {
			t.Errorf("%s is %s in text, want %s", typ, got, want)
		}
	}
	f(exposition.Gauge, "gauge")
	f(exposition.Counter, "counter")
	f(exposition.Histogram, "histogram")
	f(exposition.Info, "gauge")
	f(exposition.StateSet, "gauge")
}

func TestAppendCanonical(t *testing.T) {
	f := func(v float64, want string) {
		t.Helper()
		if got := string(exposition.AppendCanonical([]byte("1.e"), v)); got != "1.e"+want {
			t.Errorf("%g is %q, want %q", v, got, "1.e"+want)
		}
	}
	f(0, "0.0")
	f(1, "1.0")
	f(600, "600.0")
	f(-3, "-3.0")
	f(0.25, "0.25")
	f(1e21, "1e+21")
	f(math.Inf(1), "+Inf")
	f(math.NaN(), "NaN")
}

func TestAppendMillis(t *testing.T) {
	f := func(ms int64, want string) {
		t.Helper()
		if got := string(exposition.AppendMillis([]byte("a"), ms)); got != "a"+want {
			t.Errorf("%d ms are %q, want %q", ms, got, "a"+want)
		}
	}
	f(0, "0")
	f(1, "0.001")
	f(1796050741120, "1796050741.12")
	f(1796050741000, "1796050741")
}

func TestAppendLabelValue(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		got := string(exposition.AppendLabelValue([]byte("before "), in))
		if d := cmp.Diff("before "+want, got); d != "" {
			t.Errorf("%q (-want +got):\n%s", in, d)
		}
	}
	f(``, ``)
	f(`plain`, `plain`)
	f(`"`, `\"`)
	f(`\`, `\\`)
	f("\n", `\n`)
	f(`\n`, `\\n`)
	f(`\"`, `\\\"`)
	f(`say "a"`, `say \"a\"`)
	f("\n\n\"\\", `\n\n\"\\`)
	f("two\nlines\n", `two\nlines\n`)
	f("\r\t\x00\v", "\r\t\x00\v")
	f(`{a="b"} 1`, `{a=\"b\"} 1`)
	f("naïve 漢 🦀", "naïve 漢 🦀")
	f("\uFFFD", "\uFFFD")
	// Bytes that are not UTF-8.
	f("\xff", "\uFFFD")
	f("\xff\xfe", "\uFFFD\uFFFD")
	f("a\x80\"b", "a\uFFFD\\\"b")
	f("\\\xc3\n", `\\`+"\uFFFD"+`\n`)
	f("\xe6\xbc", "\uFFFD\uFFFD")
	f("漢\xe6漢", "漢\uFFFD漢")
	f("\xed\xa0\x80", "\uFFFD\uFFFD\uFFFD") // a surrogate
}

func TestAppendInt(t *testing.T) {
	f := func(in int64, want string) {
		t.Helper()
		if got := string(exposition.AppendInt([]byte("x "), in)); got != "x "+want {
			t.Errorf("%d: %q, want %q", in, got, "x "+want)
		}
	}
	f(0, "0")
	f(-1, "-1")
	f(1000000, "1000000")
	f(1704164645, "1704164645")
	f(math.MaxInt64, "9223372036854775807")
	f(math.MinInt64, "-9223372036854775808")
}

func TestAppendFloat(t *testing.T) {
	f := func(in float64, want string) {
		t.Helper()
		if got := string(exposition.AppendFloat([]byte("x "), in)); got != "x "+want {
			t.Errorf("%v: %q, want %q", in, got, "x "+want)
		}
	}
	f(0, "0")
	f(math.Copysign(0, -1), "0")
	f(1, "1")
	f(-1, "-1")
	f(0.5, "0.5")
	f(-0.25, "-0.25")
	f(0.1, "0.1")
	f(0.30000000000000004, "0.30000000000000004")
	f(0.0001, "0.0001")
	f(0.00001, "1e-05")
	f(1234.5678, "1234.5678")
	f(1234567.5, "1.2345675e+06")
	// Integers are digits up to 2^53.
	f(999999, "999999")
	f(1000000, "1000000")
	f(1048576, "1048576")
	f(1<<53-1, "9007199254740991")
	f(1<<53, "9007199254740992")
	f(-(1 << 53), "-9007199254740992")
	f(1<<53+2, "9.007199254740994e+15")
	f(-(1<<53 + 2), "-9.007199254740994e+15")
	f(1<<62, "4.611686018427388e+18")
	f(1<<63, "9.223372036854776e+18")
	f(1e300, "1e+300")
	f(math.MaxFloat64, "1.7976931348623157e+308")
	f(math.SmallestNonzeroFloat64, "5e-324")
	f(math.NaN(), "NaN")
	f(math.Inf(1), "+Inf")
	f(math.Inf(-1), "-Inf")
}

func TestAppendHeader(t *testing.T) {
	f := func(help string, typ exposition.Type, want string) {
		t.Helper()
		got := string(exposition.AppendHeader([]byte("a 1\n"), "kube_x", help, typ))
		if d := cmp.Diff("a 1\n"+want, got); d != "" {
			t.Errorf("%q (-want +got):\n%s", help, d)
		}
	}
	f("Some text.", exposition.Gauge, "# HELP kube_x Some text.\n# TYPE kube_x gauge\n")
	f("Some text.", exposition.Counter, "# HELP kube_x Some text.\n# TYPE kube_x counter\n")
	f("", exposition.Gauge, "# HELP kube_x \n# TYPE kube_x gauge\n")
	f(`a "b" \ c`, exposition.Gauge, `# HELP kube_x a "b" \\ c`+"\n# TYPE kube_x gauge\n")
	f("a\nb\n", exposition.Gauge, `# HELP kube_x a\nb\n`+"\n# TYPE kube_x gauge\n")
	f("a\n# TYPE kube_x counter", exposition.Gauge, `# HELP kube_x a\n# TYPE kube_x counter`+"\n# TYPE kube_x gauge\n")
	f("漢", exposition.Gauge, "# HELP kube_x 漢\n# TYPE kube_x gauge\n")
}

func TestNoAllocation(t *testing.T) {
	f := func(name string, appendTo func(dst []byte) []byte) {
		t.Helper()
		dst := make([]byte, 0, 1024)
		if n := testing.AllocsPerRun(10, func() { appendTo(dst) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	f("plain value", func(dst []byte) []byte { return exposition.AppendLabelValue(dst, "plain") })
	f("escaped value", func(dst []byte) []byte { return exposition.AppendLabelValue(dst, "a\n\"\\b") })
	f("invalid value", func(dst []byte) []byte { return exposition.AppendLabelValue(dst, "a\xff\n") })
	f("int", func(dst []byte) []byte { return exposition.AppendInt(dst, math.MinInt64) })
	f("integer as float", func(dst []byte) []byte { return exposition.AppendFloat(dst, 1<<53) })
	f("float", func(dst []byte) []byte { return exposition.AppendFloat(dst, math.Pi) })
	f("header", func(dst []byte) []byte { return exposition.AppendHeader(dst, "a", "b\n\\", exposition.Gauge) })
}

// FuzzLabelValue parses the escaped value as a scraper does, to the same value for valid UTF-8, or to
// its runes.
func FuzzLabelValue(f *testing.F) {
	for _, seed := range []string{"", "plain", "\"\\\n\r\t\x00", `\\n\`, "naïve 漢 🦀", "\uFFFD", "a\xffb", "\xed\xa0\x80\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		text := exposition.AppendLabelValue([]byte(`kube_x{a="b",c="`), value)
		text = append(text, `",d="e"} 1`+"\n"...)
		want := map[string]string{"a": "b", "c": strings.Map(func(r rune) rune { return r }, value), "d": "e"}
		if utf8.ValidString(value) {
			want["c"] = value
		}
		got := map[string]string{}
		for _, l := range onlyMetric(t, text).GetLabel() {
			got[l.GetName()] = l.GetValue()
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q (-want +got):\n%s", text, d)
		}
	})
}

// FuzzFloat parses the number as a scraper does.
func FuzzFloat(f *testing.F) {
	for _, seed := range []float64{0, math.Copysign(0, -1), 1, 0.1, 1 << 53, 1<<53 + 2, 1e300, 5e-324, math.NaN(), math.Inf(1), math.Inf(-1)} {
		f.Add(math.Float64bits(seed))
	}
	f.Fuzz(func(t *testing.T, bits uint64) {
		v := math.Float64frombits(bits)
		text := exposition.AppendFloat([]byte("kube_x "), v)
		got := onlyMetric(t, append(text, '\n')).GetUntyped().GetValue()
		if got != v && !(math.IsNaN(got) && math.IsNaN(v)) {
			t.Errorf("%q is read as %v, not %v", text, got, v)
		}
	})
}

// FuzzInt parses the number as a scraper does, to a float64.
func FuzzInt(f *testing.F) {
	for _, seed := range []int64{0, 1, -1, 1<<53 + 1, math.MaxInt64, math.MinInt64} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, v int64) {
		digits := exposition.AppendInt(nil, v)
		if back, err := strconv.ParseInt(string(digits), 10, 64); err != nil || back != v {
			t.Errorf("%d is read as %d: %v", v, back, err)
		}
		got := onlyMetric(t, append(append([]byte("kube_x "), digits...), '\n')).GetUntyped().GetValue()
		if got != float64(v) {
			t.Errorf("%d is read as %v", v, got)
		}
	})
}

// FuzzHeader parses type and help, without its leading blanks.
func FuzzHeader(f *testing.F) {
	for _, seed := range []string{"", "Some text.", "a\nb", `\n`, `"quoted" \ `, "# TYPE kube_x counter", "漢"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, help string) {
		text := exposition.AppendHeader(nil, "kube_x", help, exposition.Gauge)
		family := onlyFamily(t, append(text, "kube_x 1\n"...))
		if family.GetType() != dto.MetricType_GAUGE {
			t.Errorf("%q: type is %v", text, family.GetType())
		}
		if want := strings.TrimLeft(help, " \t"); family.GetHelp() != want {
			t.Errorf("%q: help is %q, want %q", text, family.GetHelp(), want)
		}
	})
}

// onlyFamily parses the text of one family as a scraper does.
func onlyFamily(t *testing.T, text []byte) *dto.MetricFamily {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(text)))
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	if len(families) != 1 || families["kube_x"] == nil {
		t.Fatalf("%q is read as %v", text, families)
	}
	return families["kube_x"]
}

// onlyMetric parses the text of one series.
func onlyMetric(t *testing.T, text []byte) *dto.Metric {
	t.Helper()
	metrics := onlyFamily(t, text).GetMetric()
	if len(metrics) != 1 {
		t.Fatalf("%q is read as %v", text, metrics)
	}
	return metrics[0]
}
