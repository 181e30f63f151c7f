package customresource_test

import (
	"testing"
)

// checkGauge returns a function that checks the value of a gauge; want is empty for no series.
func checkGauge(t *testing.T, definition string) func(value, want string) {
	r := newRenderer(t, ofWidgets(m("gauge", definition)))
	return func(value, want string) {
		t.Helper()
		var lines []string
		if want != "" {
			lines = []string{`{@} ` + want}
		}
		checkLines(t, value, r.render(t, value), lines)
	}
}

// TestNumbers has the conversions of the configuration format.
func TestNumbers(t *testing.T) {
	f := checkGauge(t, "path: [spec]")
	text := func(value, want string) {
		t.Helper()
		f(`"`+value+`"`, want)
	}
	f(`true`, "1")
	f(`false`, "0")
	f(`null`, "")
	f(`[]`, "")
	f(`{}`, "")
	f(`7`, "7")
	f(`-7`, "-7")
	f(`-0`, "0")
	f(`-0.0`, "0")
	f(`1.5`, "1.5")
	f(`1.0`, "1")
	f(`1e3`, "1000")
	f(`1E-2`, "0.01")
	f(`9007199254740993`, "9007199254740992")
	f(`9223372036854775807`, "9.223372036854776e+18")
	f(`-9223372036854775808`, "-9.223372036854776e+18")
	f(`9223372036854775808`, "9.223372036854776e+18")
	f(`1e400`, "+Inf")
	f(`-1e400`, "-Inf")
	f(`5e-324`, "5e-324")
	for _, word := range []string{"true", "TRUE", "True", "yes", "YES", "yEs"} {
		text(word, "1")
	}
	for _, word := range []string{"false", "False", "no", "NO", "unknown", "Unknown", "UNKNOWN"} {
		text(word, "0")
	}
	// Times.
	text("1970-01-01T00:00:00Z", "0")
	text("2024-01-02T03:04:05Z", "1704164645")
	text("2024-01-02T03:04:05+01:00", "1704161045")
	text("2024-01-02T03:04:05.999999999Z", "1704164645")
	text("2024-01-02T03:04:05,5Z", "1704164645")
	text("2024-01-02T3:04:05Z", "1704164645") // as Go parses it
	text("1969-12-31T23:59:59Z", "-1")
	text("1969-12-31T23:59:58.5Z", "-2")
	text("0001-01-01T00:00:00Z", "-62135596800")
	text("2024-13-02T03:04:05Z", "")
	text("2024-01-02T03:04:05", "")
	text("2024-01-02 03:04:05Z", "")
	text("2024-01-02", "")
	// Quantities.
	text("5", "5")
	text("+5", "5")
	text("5.", "5")
	text(".5", "0.5")
	text("0.3", "0.30000000000000004")
	text("5m", "0.005")
	text("7n", "7.000000000000001e-09")
	text("1k", "1000")
	text("1Ki", "1024")
	text("1.5Gi", "1610612736")
	text("100E", "1e+20")
	text("1e3", "1000")
	text("1e30", "1e+30")
	text("1e400", "+Inf")
	text("-1e400", "-Inf")
	text("1e-12", "1e-09")
	text("12345678901234567890", "1.234567890123457e+19")
	text("n", "0") // without digits
	text("Ki", "0")
	text("e3", "0")
	// Percentages.
	text("50%", "0.5")
	text("0%", "0")
	text("007%", "0.07")
	text("150%", "1.5")
	text("12.5%", "")
	text("-5%", "")
	text("+5%", "")
	text("%", "")
	text("5%%", "")
	text("5 %", "")
	text("5%5%", "")
	// Go's literals.
	text("Inf", "+Inf")
	text("-inf", "-Inf")
	text("+Infinity", "+Inf")
	text("NaN", "NaN")
	text("nan", "NaN")
	text("0x1p4", "16")
	text("0X1P-2", "0.25")
	text("1_000", "1000")
	text("0x_1p4", "16")
	// No numbers.
	for _, word := range []string{"", " ", " 1", "1 ", "30s", "1h30m", "10m0s", "on", "off", "t", "f", "y", "10MB", "0x10", "1,5", "1.2.3", "abc", "--1", "1e", "１", "\\n", "yes ", "null", "<nil>"} {
		text(word, "")
	}
}

func TestDurations(t *testing.T) {
	f := checkGauge(t, "path: [spec], parse: duration")
	f(`"15m"`, "900")
	f(`"2160h"`, "7776000")
	f(`"1h30m0.5s"`, "5400.5")
	f(`"-2s"`, "-2")
	f(`"0"`, "0")
	f(`"100ms"`, "0.1")
	f(`"5"`, "")
	f(`"1d"`, "")
	f(`""`, "")
	f(`"true"`, "")
	f(`"2540400h10m10.000000000s"`, "9145440610")
	f(`"2562048h"`, "") // beyond int64
	f(`5`, "5")
	f(`1.5`, "1.5")
	f(`true`, "1")
	f(`null`, "")
}
