package snapshot

import (
	"bytes"
	"regexp"
	"strings"
)

// isMarker reports whether a line, or its first four bytes, is a document marker.
func isMarker(line []byte) bool {
	for _, marker := range []string{"---", "..."} {
		if rest, ok := bytes.CutPrefix(line, []byte(marker)); ok && (len(rest) == 0 || strings.IndexByte(" \n\t", rest[0]) >= 0) {
			return true
		}
	}
	return false
}

// indentOf returns the number of spaces at the beginning of a line.
func indentOf(line []byte) int {
	return len(line) - len(bytes.TrimLeft(line, " "))
}

// isDash reports whether content begins an item of a block sequence.
func isDash(content []byte) bool {
	return len(content) > 0 && content[0] == '-' && (len(content) == 1 || content[1] == ' ' || content[1] == '\t')
}

// keyOf returns the key that content begins with and the rest behind the colon. Keys are words
// such as the fields of Kubernetes objects.
func keyOf(content []byte) (key, rest []byte, ok bool) {
	i := 0
	quote := byte(0)
	if len(content) > 0 && (content[0] == '"' || content[0] == '\'') {
		quote, i = content[0], 1
	}
	start := i
	for i < len(content) && (isWord(content[i]) || i > start && (content[i] == '.' || content[i] == '/')) {
		i++
	}
	if i == start || content[start] >= 'A' && content[start] <= 'Z' {
		return nil, nil, false
	}
	key = content[start:i]
	if quote != 0 {
		if i == len(content) || content[i] != quote {
			return nil, nil, false
		}
		i++
	}
	for i < len(content) && content[i] == ' ' {
		i++
	}
	if i == len(content) || content[i] != ':' {
		return nil, nil, false
	}
	if i+1 < len(content) && content[i+1] != ' ' && content[i+1] != '\t' {
		return nil, nil, false
	}
	return key, content[i+1:], true
}

func isWord(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '_' || b == '-'
}

// scalar returns the value behind a colon, without quotes and comment.
func scalar(rest []byte) string {
	rest = bytes.TrimSpace(rest)
	if len(rest) == 0 || rest[0] == '#' {
		return ""
	}
	if q := rest[0]; q == '"' || q == '\'' {
		if end := bytes.IndexByte(rest[1:], q); end >= 0 {
			return string(rest[1 : 1+end])
		}
	}
	if comment := bytes.Index(rest, []byte(" #")); comment >= 0 {
		rest = bytes.TrimSpace(rest[:comment])
	}
	return string(rest)
}

// blockHeader returns the header of an object in block style.
func blockHeader(text []byte) header {
	var h header
	seen, base, meta, inMeta := 0, -1, -1, false
	for line := range bytes.Lines(text) {
		line = bytes.TrimRight(line, "\n")
		indent := indentOf(line)
		key, rest, ok := keyOf(line[indent:])
		if !ok {
			continue
		}
		if base < 0 {
			base = indent
		}
		switch {
		case indent == base:
			bit := objectKeys[string(key)]
			h.twice = h.twice || seen&bit != 0
			seen |= bit
			inMeta, meta = string(key) == "metadata", -1
			h.set(string(key), scalar(rest))
			if inMeta {
				for _, m := range flowMeta.FindAllSubmatch(rest, -1) {
					h.setMeta(string(m[1]), string(m[2]))
				}
			}
		case indent > base && inMeta && (meta < 0 || indent == meta):
			meta = indent
			h.setMeta(string(key), scalar(rest))
		}
	}
	return h
}

var flowMeta = regexp.MustCompile(`[{,\s]"?(name|namespace)"?:\s*"?([^,}\s"]+)`)
