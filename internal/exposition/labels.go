package exposition

import (
	"bytes"
	"iter"
	"strings"
)

// Labels returns the names and values of the labels of a sample line. They end where the line is
// malformed.
func Labels(line []byte) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for name, value := range RawLabels(line) {
			if !yield(string(name), Unescape(string(value))) {
				return
			}
		}
	}
}

// RawLabels is Labels with the bytes of the line: values have their escapes. It allocates nothing.
func RawLabels(line []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		_, rest, _ := bytes.Cut(line, []byte("{"))
		for {
			name, value, after, ok := NextLabel(rest)
			if !ok || !yield(name, value) {
				return
			}
			rest = after
		}
	}
}

// NextLabel returns the first of labels, name="value",...} value, with the escapes of its value, and the
// labels after it. ok is false at the end of the labels, and for other text.
func NextLabel(labels []byte) (name, value, rest []byte, ok bool) {
	equals := bytes.IndexByte(labels, '=')
	if equals <= 0 || labels[0] == '}' || equals+1 >= len(labels) || labels[equals+1] != '"' {
		return nil, nil, nil, false
	}
	value = labels[equals+2:]
	end := endOfValue(value)
	if end < 0 {
		return nil, nil, nil, false
	}
	switch rest = value[end+1:]; {
	case len(rest) == 0 || rest[0] == '}':
	case rest[0] == ',':
		rest = rest[1:]
	default: // malformed
		rest = nil
	}
	return labels[:equals], value[:end], rest, true
}

// endOfValue returns the index of the quote that ends a value, -1 if there is none.
func endOfValue(b []byte) int {
	end := bytes.IndexByte(b, '"')
	if end < 0 || bytes.IndexByte(b[:end], '\\') < 0 {
		return end
	}
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

var unescaper = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\"`, `"`)

// Unescape returns a value of RawLabels without its escapes.
func Unescape(value string) string {
	if strings.IndexByte(value, '\\') < 0 {
		return value
	}
	return unescaper.Replace(value)
}
