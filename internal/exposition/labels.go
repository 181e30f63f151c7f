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
		_, rest, _ := bytes.Cut(line, []byte("{"))
		for {
			name, after, ok := bytes.Cut(rest, []byte(`="`))
			end := endOfValue(after)
			if !ok || end < 0 || !yield(string(name), unescape(after[:end])) {
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

func unescape(value []byte) string {
	if bytes.IndexByte(value, '\\') < 0 {
		return string(value)
	}
	return unescaper.Replace(string(value))
}
