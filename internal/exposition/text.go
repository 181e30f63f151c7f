package exposition

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Type is the type of a family as its TYPE line gives it.
type Type string

// Gauge and Counter are the types of built-in families. Info and StateSet are
// known to OpenMetrics alone: in text they are read as mistakes, and some clients
// then drop the whole answer.
const (
	Gauge    Type = "gauge"
	Counter  Type = "counter"
	Info     Type = "info"
	StateSet Type = "stateset"
)

// InText is the type under which families of type t go in the text formats.
func (t Type) InText() Type {
	if t == Info || t == StateSet {
		return Gauge
	}
	return t
}

// AppendLabelValue appends s as it stands between the quotes of a label:
// backslash, line feed and double quote escaped, everything else as it is.
// Bytes that are not UTF-8 become U+FFFD, one each: a scraper refuses the whole
// answer for one label that is not UTF-8.
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

// isPlain says whether s is nothing but ASCII characters that are written as they
// are. Nearly every label is, and to see that takes half the time of looking for
// the others.
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

// AppendInt appends v in decimal digits. A reader that takes it for a float64,
// as every scraper does, gets the float64 nearest to v.
func AppendInt(dst []byte, v int64) []byte {
	return strconv.AppendInt(dst, v, 10)
}

// largestDigits bounds the whole numbers that AppendFloat writes as digits: up
// to here every whole number is a float64 and has at most 16 digits.
const largestDigits = 1 << 53

// AppendFloat appends v so that reading it back gives v: a whole number as
// digits, anything else in the shortest decimal form, NaN, +Inf and -Inf by
// those names. Minus zero is written 0.
func AppendFloat(dst []byte, v float64) []byte {
	switch {
	case math.Abs(v) <= largestDigits && v == math.Trunc(v):
		return strconv.AppendInt(dst, int64(v), 10)
	case math.IsInf(v, 1):
		return append(dst, "+Inf"...)
	default:
		return strconv.AppendFloat(dst, v, 'g', -1, 64)
	}
}

// AppendHeader appends the HELP and the TYPE line of a family. In help,
// backslash and line feed are escaped; quotes stay.
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
