package exposition

import (
	"strconv"
	"strings"
)

// An Element is an alternative in a header such as Accept.
type Element struct {
	// Value is the text before the parameters, in lower case.
	Value string
	// Parameters are those other than the quality, by name in lower case. Of two parameters of
	// one name the first counts.
	Parameters map[string]string
	// Quality is the q parameter, from 0 for not acceptable to 1, or -1 if malformed.
	Quality float64
}

// ParseList parses a header such as Accept or Accept-Encoding (RFC 9110, sections 5.6 and 12.4). It
// skips empty elements and elements with a misplaced quote.
func ParseList(header string) []Element {
	var list []Element
	for element := range splitOutsideQuotes(header, ',') {
		if e := parseElement(element); e.Value != "" && !strings.Contains(e.Value, `"`) {
			list = append(list, e)
		}
	}
	return list
}

func parseElement(element string) Element {
	e := Element{Quality: 1}
	for part := range splitOutsideQuotes(element, ';') {
		name, value, ok := strings.Cut(part, "=")
		name, value = strings.ToLower(strings.TrimSpace(name)), unquote(strings.TrimSpace(value))
		switch {
		case e.Parameters == nil: // the first part
			e.Value, e.Parameters = strings.ToLower(strings.TrimSpace(part)), map[string]string{}
		case !ok, strings.Contains(name, `"`):
		case name == "q":
			e.Quality = parseQuality(value)
		default:
			if _, twice := e.Parameters[name]; !twice {
				e.Parameters[name] = value
			}
		}
	}
	return e
}

// parseQuality returns -1 for a malformed quality.
func parseQuality(s string) float64 {
	q, err := strconv.ParseFloat(s, 64)
	if err != nil || !(q >= 0 && q <= 1) {
		return -1
	}
	return q
}

// splitOutsideQuotes yields the parts of s between separators outside quoted strings.
func splitOutsideQuotes(s string, separator byte) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		start, quoted := 0, false
		for i := 0; i < len(s); i++ {
			switch {
			case s[i] == '"':
				quoted = !quoted
			case quoted && s[i] == '\\':
				i++ // an escaped quote does not end the string
			case !quoted && s[i] == separator:
				if !yield(s[start:i]) {
					return
				}
				start = i + 1
			}
		}
		yield(s[start:])
	}
}

// unquote returns the text of a quoted string, or s if s is not quoted.
func unquote(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	var b strings.Builder
	inside := s[1 : len(s)-1]
	for i := 0; i < len(inside); i++ {
		if inside[i] == '\\' && i+1 < len(inside) {
			i++
		}
		b.WriteByte(inside[i])
	}
	return b.String()
}
