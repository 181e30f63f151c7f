package generators

import (
	"bytes"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// thinned is a row, or one without its samples of value 0.
func thinned[T metav1.Object](row func(T, *Samples), withoutZeros bool) func(T, *Samples) {
	if !withoutZeros {
		return row
	}
	return func(object T, s *Samples) {
		start := len(s.dst)
		row(object, s)
		s.dst = dropZeros(s.dst, start)
	}
}

// zeroSample ends the line of a sample of value 0. Label values have no line feed, so no other
// line ends so.
var zeroSample = []byte("} 0\n")

// dropZeros removes the lines of value 0 from those that begin at start.
func dropZeros(text []byte, start int) []byte {
	kept := text[:start]
	for rest := text[start:]; len(rest) > 0; {
		end := bytes.IndexByte(rest, '\n') + 1
		if line := rest[:end]; !bytes.HasSuffix(line, zeroSample) {
			kept = append(kept, line...)
		}
		rest = rest[end:]
	}
	return kept
}
