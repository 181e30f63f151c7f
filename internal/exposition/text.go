package exposition

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Type is the type of a family in its TYPE line.
type Type string

// Gauge, Counter and Histogram exist in all formats. Info and StateSet exist only in OpenMetrics: in
// text formats, some clients reject the response for them.
const (
	Gauge     Type = "gauge"
	Counter   Type = "counter"
	Histogram Type = "histogram"
	Info      Type = "info"
	StateSet  Type = "stateset"
)

// InText returns the type of families of type t in the text formats.
func (t Type) InText() Type {
	if t == Info || t == StateSet {
		return Gauge
	}
	return t
}

// AppendLabelValue appends s with backslash, line feed and double quote escaped. Each byte that is not
// UTF-8 becomes U+FFFD: a scraper rejects a response with one label that is not UTF-8.
func AppendLabelValue(dst []byte, s string) []byte {
	if isPlain(s) {
		return append(dst, s...)
	}
	if !utf8.ValidString(s) {
		return appendInvalid(dst, s)
	}
	for {
		i := strings.IndexAny(s, "\\\n\"")
		if i < 0 {
			return append(dst, s...)
		}
		dst = append(dst, s[:i]...)
		switch s[i] {
		case '\n':
			dst = append(dst, `\n`...)
		default:
			dst = append(dst, '\\', s[i])
		}
		s = s[i+1:]
	}
}

// isPlain reports whether s is ASCII without characters to escape, as nearly all label values are.
// The check takes half the time of the search for such characters.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf || c == '\\' || c == '"' || c == '\n' {
			return false
		}
	}
	return true
}

func appendInvalid(dst []byte, s string) []byte {
	for i, r := range s {
		_, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			dst = append(dst, "\uFFFD"...)
			continue
		}
		dst = AppendLabelValue(dst, s[i:i+size])
	}
	return dst
}

// AppendInt appends v in decimal digits. A scraper reads the nearest float64.
func AppendInt(dst []byte, v int64) []byte {
	return strconv.AppendInt(dst, v, 10)
}

// largestInt is the largest integer that AppendFloat writes as digits: up to there every integer is a
// float64 and has at most 16 digits.
const largestInt = 1 << 53

// AppendFloat appends v in a form that parses to v: an integer as digits, other numbers in the
// shortest decimal form, NaN, +Inf and -Inf by name. Minus zero becomes 0.
func AppendFloat(dst []byte, v float64) []byte {
	switch {
	case math.Abs(v) <= largestInt && v == math.Trunc(v):
		return strconv.AppendInt(dst, int64(v), 10)
	case math.IsInf(v, 1):
		return append(dst, "+Inf"...)
	default:
		return strconv.AppendFloat(dst, v, 'g', -1, 64)
	}
}

// AppendCanonical appends v as AppendFloat does, but in the form that OpenMetrics has for bounds of
// buckets: with a decimal point or an exponent.
func AppendCanonical(dst []byte, v float64) []byte {
	start := len(dst)
	dst = strconv.AppendFloat(dst, v, 'g', -1, 64)
	if !math.IsInf(v, 0) && !math.IsNaN(v) && !bytes.ContainsAny(dst[start:], ".e") {
		dst = append(dst, ".0"...)
	}
	return dst
}

// AppendMillis appends a time in Unix milliseconds as seconds.
func AppendMillis(dst []byte, ms int64) []byte {
	return strconv.AppendFloat(dst, float64(ms)/1000, 'f', -1, 64)
}

// AppendHeader appends the HELP and TYPE lines of a family, with backslash and line feed of help
// escaped.
func AppendHeader(dst []byte, name, help string, typ Type) []byte {
	dst = append(dst, "# HELP "...)
	dst = append(dst, name...)
	dst = append(dst, ' ')
	for i := 0; i < len(help); i++ {
		switch help[i] {
		case '\\':
			dst = append(dst, `\\`...)
		case '\n':
			dst = append(dst, `\n`...)
		default:
			dst = append(dst, help[i])
		}
	}
	dst = append(dst, "\n# TYPE "...)
	dst = append(dst, name...)
	dst = append(dst, ' ')
	dst = append(dst, typ...)
	return append(dst, '\n')
}
