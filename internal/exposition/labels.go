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
			name, after, ok := bytes.Cut(rest, []byte(`="`))
			end := endOfValue(after)
			if !ok || end < 0 || !yield(name, after[:end]) {
				return
			}
			if rest = after[end+1:]; len(rest) == 0 || rest[0] != ',' {
				return
			}
			rest = rest[1:]
		}
	}
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
