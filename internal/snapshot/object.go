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

// A result is what has become of a unit: an object, a failure, or nothing that is exported.
type result struct {
	unit    unit
	kind    schema.GroupVersionKind // of the table, or of what is skipped
	object  runtime.Object
	failure *located
	inner   []unit // in place of the unit
}

// wants are the resources that are exported.
type wants map[schema.GroupKind]*want

// read makes an object of a unit.
func (w wants) read(u unit) result {
	r := result{unit: u}
	fail := func(line int, field, reason string) result {
		r.failure = &located{line, field, reason}
		return r
	}
	kind := u.gvk()
	known := w[kind.GroupKind()]
	if u.inline && (u.isList() || u.kind == "" || strings.HasSuffix(u.kind, "List")) {
		return w.readInline(r)
	}
	switch {
	case u.problem != "":
		return fail(0, "", u.problem)
	case known == nil && u.kind != "" && u.apiVersion != "":
		r.kind = kind
		return r
	case u.kind == "" || u.apiVersion == "":
		if u.hasMetadata && (u.kind != "" || u.apiVersion != "" || u.item != "") {
			return fail(0, "", "it has no "+missing(u.head))
		}
		if u.kind != "" {
			r.kind = kind
		}
		return r
	case !slices.Contains(known.versions, kind.Version):
		return fail(0, "", "version "+kind.Version+" is not read, but "+strings.Join(known.versions, ", "))
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
	return r
}

func missing(h head) string {
	if h.kind == "" {
		return "kind"
	}
	return "apiVersion"
}

// decode decodes an object. What does not fit its field is left out where no series
// needs it.
func decode(text []byte, kind schema.GroupVersionKind, known *want) (runtime.Object, *located) {
	object, _, err := known.decoder.Decode(text, &kind, nil)
	if err != nil && known.object != nil {
		var tree map[string]any
		numbers := json.NewDecoder(bytes.NewReader(text))
		numbers.UseNumber()
		if numbers.Decode(&tree) != nil {
			return nil, &located{reason: oneLine(err)}
		}
		for _, f := range badFields(tree, known.object, "", nil, nil) {
			if f.remove == nil || known.reads.isRead(f.names) {
				return nil, &located{field: f.path, reason: f.reason}
			}
			f.remove()
		}
		var rest []byte
		if rest, err = json.Marshal(tree); err == nil {
			object, _, err = known.decoder.Decode(rest, &kind, nil)
		}
	}
	if err != nil {
		return nil, &located{reason: oneLine(err)}
	}
	o, ok := object.(metav1.Object)
	switch {
	case !ok:
		return nil, &located{reason: fmt.Sprintf("it is a %T", object)}
	case o.GetName() == "":
		return nil, &located{field: "metadata.name", reason: "it has no name"}
	}
	return object, nil
}

// readInline takes apart a list of which the items are not in block style.
func (w wants) readInline(r result) result {
	text, err := yaml.YAMLToJSON(r.unit.text)
	if err != nil {
		if r.unit.kind != "" {
			r.failure = syntaxError(err, r.unit, r.unit.text)
		}
		return r
	}
	r.inner = []unit{} // there may be none
	s := splitter{source: newSource(bytes.NewReader(text), r.unit.line), item: r.unit.item, document: r.unit.document, emit: func(u unit) error {
		u.line, u.document = r.unit.line, r.unit.document
		r.inner = append(r.inner, u)
		return nil
	}}
	if err := s.flowValue(0); err != nil {
		r.failure = &located{reason: oneLine(err)}
	}
	return r
}

// toJSON gives a unit as JSON.
func (w wants) toJSON(u unit, known *want) ([]byte, *located) {
	if u.flow && json.Valid(u.text) {
		return u.text, nil
	}
	text := u.text
	if !u.flow {
		text = readFields(text, known.reads)
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
	// redacted are values that tools put in the place of others, and that YAML takes for aliases, tags
	// and the like.
	redactedBlock = regexp.MustCompile(`^(\s*(?:- +)*(?:[\w./-]+:\s+)?)([*&!%@\x60].*?)\s*$`)
	redactedFlow  = regexp.MustCompile(`([:\[,]\s*)(\*[^\s,"{}\[\]]*)`)
)

// quoteRedacted puts quotes around redacted values.
func quoteRedacted(text []byte) []byte {
	var quoted []byte
	block := -1 // indentation of the key of which the value is a block of text
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

// syntaxError is err with its place in the file.
func syntaxError(err error, u unit, text []byte) *located {
	reason := strings.TrimPrefix(strings.TrimPrefix(oneLine(err), "error converting YAML to JSON: "), "yaml: ")
	m := atLine.FindStringSubmatch(reason)
	if m == nil {
		return &located{reason: reason}
	}
	number, _ := strconv.Atoi(m[1])
	return &located{line: u.line + number - 1, field: fieldAt(text, number), reason: m[2]}
}

// fieldAt is the path of the key in a line of block style.
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

// oneLine is the text of err with its lines joined: parsers may quote what they read.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
