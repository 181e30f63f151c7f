package snapshot

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// A result is a parsed fragment: an object, a failure, or neither if its kind is not exported.
type result struct {
	fragment fragment
	kind     schema.GroupVersionKind // the table's, or the kind skipped
	object   runtime.Object
	json     runtime.Object // nil if no resource wants it besides
	failure  *defect
	inner    []fragment // the items, if the fragment is an inline list
}

// exports are the exported resources by kind.
type exports map[schema.GroupKind]*export

// read parses a fragment.
func (w exports) read(u fragment) result {
	r := result{fragment: u}
	fail := func(line int, field, reason string) result {
		r.failure = &defect{line, field, reason}
		return r
	}
	kind := u.gvk()
	known := w[kind.GroupKind()]
	if u.inline && u.mayBeList() && !u.large {
		return w.readInline(r)
	}
	switch {
	case u.large && (known != nil || u.inline):
		return fail(0, "", "is larger than 16 MiB")
	case u.large:
		r.kind = kind
		return r
	case u.problem != "":
		return fail(0, "", u.problem)
	case known == nil && u.kind != "" && u.apiVersion != "":
		r.kind = kind
		return r
	case u.kind == "" || u.apiVersion == "":
		if u.hasMetadata && (u.kind != "" || u.apiVersion != "" || u.item != "") {
			return fail(0, "", "no "+missing(u.header))
		}
		if u.kind != "" {
			r.kind = kind
		}
		return r
	case known.versions != nil && !slices.Contains(known.versions, kind.Version):
		return fail(0, "", "version "+kind.Version+" is not supported, only "+strings.Join(known.versions, ", "))
	}
	if r.failure = checkEncoding(u.text, u.line); r.failure != nil {
		return r
	}
	r.kind = known.kind
	text, failure := w.toJSON(u, known)
	if failure != nil {
		r.failure = failure
		return r
	}
	r.object, r.failure = decode(text, kind, known)
	if known.json != nil && r.object != nil {
		r.json, r.failure = decode(text, kind, known.json)
	}
	return r
}

// missing names the field without which the kind is unknown.
func missing(h header) string {
	if h.kind == "" {
		return "kind"
	}
	return "apiVersion"
}

// decode decodes an object. Values that do not fit their field are dropped if no series reads it.
func decode(text []byte, kind schema.GroupVersionKind, known *export) (runtime.Object, *defect) {
	object, _, err := known.decoder.Decode(text, &kind, nil)
	if err != nil && known.object != nil {
		var tree map[string]any
		numbers := json.NewDecoder(bytes.NewReader(text))
		numbers.UseNumber()
		if numbers.Decode(&tree) != nil {
			return nil, &defect{reason: oneLine(err)}
		}
		for _, f := range badFields(tree, known.object, "", nil, nil) {
			if f.remove == nil || known.reads.isRead(f.names) {
				return nil, &defect{field: f.path, reason: f.reason}
			}
			f.remove()
		}
		var rest []byte
		if rest, err = json.Marshal(tree); err == nil {
			object, _, err = known.decoder.Decode(rest, &kind, nil)
		}
	}
	if err != nil {
		return nil, &defect{reason: oneLine(err)}
	}
	o, ok := object.(metav1.Object)
	switch {
	case !ok:
		return nil, &defect{reason: fmt.Sprintf("unexpected type %T", object)}
	case o.GetName() == "":
		return nil, &defect{field: "metadata.name", reason: "no name"}
	}
	return object, nil
}

// readInline splits a list in block style whose items are in flow style.
func (w exports) readInline(r result) result {
	text, err := yaml.YAMLToJSON(r.fragment.text)
	if err != nil {
		if r.fragment.kind != "" {
			r.failure = syntaxError(err, r.fragment, r.fragment.text)
		}
		return r
	}
	r.inner = []fragment{} // there may be none
	s := splitter{source: newSource(bytes.NewReader(text), r.fragment.line), item: r.fragment.item, document: r.fragment.document, emit: func(u fragment) error {
		u.line, u.document = r.fragment.line, r.fragment.document
		r.inner = append(r.inner, u)
		return nil
	}}
	if err := s.flowValue(0); err != nil {
		r.failure = &defect{reason: oneLine(err)}
	}
	return r
}

// toJSON returns the text of a fragment as JSON, without fields that are not read if it is YAML.
// If that does not parse, redacted values are quoted.
func (w exports) toJSON(u fragment, known *export) ([]byte, *defect) {
	if u.flow && json.Valid(u.text) {
		return u.text, nil
	}
	text := u.text
	if !u.flow {
		text = omitUnread(text, known.reads)
	}
	asJSON, err := yaml.YAMLToJSON(text)
	if err == nil {
		return asJSON, nil
	}
	for _, other := range [][]byte{quoteRedacted(text), u.text, quoteRedacted(u.text)} {
		if asJSON, again := yaml.YAMLToJSON(other); again == nil {
			return asJSON, nil
		}
	}
	return nil, syntaxError(err, u, text)
}

var (
	atLine = regexp.MustCompile(`line (\d+): (.*)`)
	// Redaction tools write values such as ***HIDDEN***, which YAML takes for aliases or tags.
	redactedBlock = regexp.MustCompile(`^(\s*(?:- +)*(?:[\w./-]+:\s+)?)([*&!%@\x60].*?)\s*$`)
	redactedFlow  = regexp.MustCompile(`([:\[,]\s*)(\*[^\s,"{}\[\]]*)`)
)

// quoteRedacted puts quotes around redacted values.
func quoteRedacted(text []byte) []byte {
	var quoted []byte
	block := -1 // indentation of the key of a block scalar
	for line := range bytes.Lines(text) {
		indent := indentOf(line)
		if trimmed := bytes.TrimSpace(line); block >= 0 && (len(trimmed) == 0 || indent > block) {
			quoted = append(quoted, line...)
			continue
		}
		block = -1
		line := bytes.TrimRight(line, "\n")
		if m := redactedBlock.FindSubmatch(line); m != nil {
			quoted = append(quoted, m[1]...)
			quoted = append(append(append(quoted, '\''), bytes.ReplaceAll(m[2], []byte("'"), []byte("''"))...), "'\n"...)
			continue
		}
		if blockScalar.Match(line) {
			block = indent
		}
		quoted = append(append(quoted, redactedFlow.ReplaceAll(line, []byte(`$1"$2"`))...), '\n')
	}
	return quoted
}

var blockScalar = regexp.MustCompile(`[:-] +[|>][-+0-9]*\s*(#.*)?$`)

// syntaxError returns err with its position in the file.
func syntaxError(err error, u fragment, text []byte) *defect {
	reason := strings.TrimPrefix(strings.TrimPrefix(oneLine(err), "error converting YAML to JSON: "), "yaml: ")
	m := atLine.FindStringSubmatch(reason)
	if m == nil {
		return &defect{reason: reason}
	}
	number, _ := strconv.Atoi(m[1])
	return &defect{line: u.line + number - 1, field: fieldAt(text, number), reason: m[2]}
}

// fieldAt returns the path of the field in a line of block style.
func fieldAt(text []byte, number int) string {
	var path []string
	lines := bytes.Split(text, []byte("\n"))
	column := -1
	for i := min(number, len(lines)) - 1; i >= 0 && column != 0; i-- {
		content := bytes.TrimLeft(lines[i], " ")
		for isDash(content) {
			content = bytes.TrimLeft(content[1:], " ")
		}
		at := len(lines[i]) - len(content)
		if key, _, ok := keyOf(content); ok && (column < 0 || at < column) {
			path = append(path, string(key))
			column = at
		}
	}
	slices.Reverse(path)
	return strings.Join(path, ".")
}

// oneLine returns the text of err in one line: parsers may quote what they read.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// A defect is why an object cannot be read. Line and field may be unknown.
type defect struct {
	line   int
	field  string
	reason string
}
