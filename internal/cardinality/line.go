package cardinality

import (
	"bytes"
	"strings"

	"github.com/kubestate/kubestate/internal/exposition"
)

// lines calls yield with the lines of a text, without their line feeds.
func lines(text []byte, yield func(line []byte)) {
	for len(text) > 0 {
		end := bytes.IndexByte(text, '\n')
		if end < 0 {
			end = len(text)
		}
		yield(text[:end])
		text = text[min(end+1, len(text)):]
	}
}

// A pair is a label of a line. The value is as in the line, with escapes.
type pair struct{ name, value []byte }

// bytes is the length of the pair in the line.
func (p pair) bytes() int { return len(p.name) + len(`="",`) + len(p.value) }

// labelsOf returns the labels of a line, name{label="value",...} value, from the first label on; nil if
// it has none.
func labelsOf(line []byte) []byte {
	_, labels, _ := bytes.Cut(line, []byte("{"))
	return labels
}

// nextPair returns the first pair of labels, and the labels after it. ok is false at the end of the
// labels, and for other text than a pair.
func nextPair(labels []byte) (p pair, rest []byte, ok bool) {
	name, value, rest, ok := exposition.NextLabel(labels)
	return pair{name, value}, rest, ok
}

// find returns the value of a label, and the labels up to and with it.
func find(labels []byte, name string) (value, before []byte, ok bool) {
	for rest := labels; ; {
		p, after, ok := nextPair(rest)
		if !ok {
			return nil, nil, false
		}
		if string(p.name) == name {
			return p.value, labels[:len(labels)-len(after)], true
		}
		rest = after
	}
}

// maxShown is the number of bytes of a value that are shown.
const maxShown = 120

// unescaped returns the beginning of the value of a label.
func unescaped(value []byte) string {
	if countEscapes(value) == 0 {
		return shorten(value)
	}
	var b []byte
	for i := 0; i < len(value) && len(b) <= maxShown; i++ {
		c := value[i]
		if c == '\\' && i+1 < len(value) {
			i++
			if c = value[i]; c == 'n' {
				c = '\n'
			}
		}
		b = append(b, c)
	}
	return shorten(b)
}

// countEscapes returns the number of escapes in the value of a label.
func countEscapes(value []byte) (n int) {
	for {
		i := bytes.IndexByte(value, '\\')
		if i < 0 || i+1 == len(value) {
			return n
		}
		n++
		value = value[i+2:]
	}
}

// shorten returns the first maxShown bytes of a value, and an ellipsis for the others.
func shorten(value []byte) string {
	if len(value) <= maxShown {
		return strings.ToValidUTF8(string(value), "\uFFFD")
	}
	return strings.ToValidUTF8(string(value[:maxShown]), "") + "…"
}
