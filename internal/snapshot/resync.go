package snapshot

import (
	"bytes"
	"cmp"
	"encoding/json"
	"regexp"
	"strings"
)

// swallowed matches the beginning of an object in JSON behind other text.
var swallowed = regexp.MustCompile(`(?s).\s*(\{\s*"(?:apiVersion|kind)"\s*:\s*"[^"]*"\s*,\s*"(?:apiVersion|kind|items)"\s*:\s*(?:"[^"]*"\s*,\s*"metadata"\s*:|\[))`)

// send emits a fragment. If it is damaged, the object that it may have swallowed is emitted too.
func (s *splitter) send(u fragment) {
	if u.flow && u.problem != "" && !json.Valid(u.text) {
		if at := swallowed.FindSubmatchIndex(u.text); at != nil {
			s.sendSwallowed(u, at[2])
			return
		}
	}
	if s.err == nil {
		s.err = s.emit(u)
	}
}

// stray reports a line outside of objects, except for an object within it.
func (s *splitter) stray(line []byte) {
	number := s.line - 1
	if at := swallowed.FindSubmatchIndex(line); at != nil {
		s.onStray(number, line[:at[2]])
		s.resync(bytes.Clone(line[at[2]:]), number, s.item, s.document)
		return
	}
	s.onStray(number, line)
}

// sendSwallowed emits a damaged object, and the one that it has swallowed from a position on.
func (s *splitter) sendSwallowed(u fragment, at int) {
	rest := u.text[at:]
	u.text = u.text[:at]
	for _, known := range []*string{&u.kind, &u.namespace, &u.name} {
		if !bytes.Contains(u.text, []byte(`"`+*known+`"`)) {
			*known = "" // the other's
		}
	}
	s.send(u)
	s.resync(rest, u.line+bytes.Count(u.text, []byte("\n")), u.item, u.document)
}

// resync splits text that begins within a damaged value.
func (s *splitter) resync(text []byte, line int, item string, document int) {
	emit := func(u fragment) error {
		if u.problem == "" && u.namespace == "" && !bytes.Contains(u.text, []byte(`"uid"`)) {
			u.problem = "perhaps a template within a damaged object"
		}
		return s.emit(u)
	}
	sub := &splitter{source: newSource(bytes.NewReader(text), line), emit: emit, item: cmp.Or(item, "1"), document: document, resynced: true}
	sub.onStray = func(line int, text []byte) {
		if text = bytes.TrimSpace(text); len(text) > 0 && strings.IndexByte("]}", text[0]) < 0 {
			s.onStray(line, text)
		}
	}
	if err := sub.split(); err != nil && s.err == nil {
		s.err = err
	}
}
