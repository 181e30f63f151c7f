package snapshot

import (
	"bytes"
	"cmp"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// A unit is the text of what may be one object, as it is cut out of a file.
type unit struct {
	text []byte
	head
	flow     bool   // JSON, or YAML in that style
	inline   bool   // has items that are not cut out of it
	line     int    // of the file, where the text begins
	document int    // of the file, counted from 1
	item     string // number within a list, or numbers within lists of lists
	problem  string // why it cannot be read, if that is known
}

// A head is what tells an object without parsing it.
type head struct {
	apiVersion, kind string
	namespace, name  string
	hasMetadata      bool
	hasItems         bool
	twice            bool // a key that an object has once is there again
}

// isList says whether the object is a list as kubectl sees it.
func (h head) isList() bool {
	return h.hasItems && (h.kind == "" || strings.HasSuffix(h.kind, "List"))
}

func (h head) gvk() schema.GroupVersionKind {
	return schema.FromAPIVersionAndKind(h.apiVersion, h.kind)
}

// impliedKind gives h the kind that the list of it implies, if h has none.
func (h head) impliedKind(list head) head {
	if item, ok := strings.CutSuffix(list.kind, "List"); ok && item != "" && h.kind == "" && h.apiVersion == "" {
		h.kind, h.apiVersion = item, list.apiVersion
	}
	return h
}

// set notes the value of a key of the object itself. If that comes again, the first counts.
func (h *head) set(key, value string) {
	switch key {
	case "apiVersion":
		h.apiVersion = cmp.Or(h.apiVersion, value)
	case "kind":
		h.kind = cmp.Or(h.kind, value)
	case "metadata":
		h.hasMetadata = true
	case "items":
		h.hasItems = true
	}
}

// setMeta notes the value of a key of the object's metadata.
func (h *head) setMeta(key, value string) {
	switch key {
	case "name":
		h.name = cmp.Or(h.name, value)
	case "namespace":
		h.namespace = cmp.Or(h.namespace, value)
	}
}

// once are the keys of an object that begin another one when they come again.
var once = map[string]int{"apiVersion": 1, "kind": 2, "metadata": 4, "items": 8, "spec": 16, "status": 32, "data": 64}

// indentOf is the number of spaces that a line begins with.
func indentOf(line []byte) int {
	return len(line) - len(bytes.TrimLeft(line, " "))
}

// isDash says whether content begins an item of a block sequence.
func isDash(content []byte) bool {
	return len(content) > 0 && content[0] == '-' && (len(content) == 1 || content[1] == ' ' || content[1] == '\t')
}

// keyOf gives the key that content begins with, as fields of Kubernetes are called,
// and the rest of the line behind the colon.
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

// scalar is the value of a line behind its colon, without quotes and comment.
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

// blockHead finds the head of an object in block style.
func blockHead(text []byte) head {
	var h head
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
			bit := once[string(key)]
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
