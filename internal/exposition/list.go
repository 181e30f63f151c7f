package exposition

import (
	"strconv"
	"strings"
)

// An Element is one of a list of alternatives in a header such as Accept.
type Element struct {
	// Value is what comes before the parameters, in lower case.
	Value string
	// Parameters are the others than the quality, their names in lower case. Of
	// two of a name the first counts.
	Parameters map[string]string
	// Quality is how good the alternative is, from 0 for not at all to 1; it is
	// -1 where it cannot be read.
	Quality float64
}

// ParseList reads the list that a header such as Accept or Accept-Encoding
// consists of (RFC 9110, sections 5.6 and 12.4). Empty elements are left out, and
// so is what has a quote where none belongs.
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

// parseQuality gives -1 for what is no quality.
func parseQuality(s string) float64 {
	q, err := strconv.ParseFloat(s, 64)
	if err != nil || !(q >= 0 && q <= 1) {
		return -1
	}
	return q
}

// splitOutsideQuotes yields the parts of s between separators that do not stand
// in a quoted string.
func splitOutsideQuotes(s string, separator byte) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		start, quoted := 0, false
		for i := 0; i < len(s); i++ {
			switch {
			case s[i] == '"':
				quoted = !quoted
			case quoted && s[i] == '\\':
				i++ // what follows is no end of the string
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

// unquote gives the text of a quoted string, and any other as it is.
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
