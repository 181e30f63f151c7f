package snapshot

import (
	"bytes"
	"cmp"
	"encoding/json"
	"regexp"
	"strings"
)

// swallowed is the beginning of an object in JSON behind another one.
var swallowed = regexp.MustCompile(`(?s).\s*(\{\s*"(?:apiVersion|kind)"\s*:\s*"[^"]*"\s*,\s*"(?:apiVersion|kind|items)"\s*:\s*(?:"[^"]*"\s*,\s*"metadata"\s*:|\[))`)

func (s *splitter) send(u unit) {
	if u.flow && u.problem != "" && !json.Valid(u.text) {
		if at := swallowed.FindSubmatchIndex(u.text); at != nil {
			s.sendBoth(u, at[2])
			return
		}
	}
	if s.err == nil {
		s.err = s.emit(u)
	}
}

// stray takes a line that belongs to no object, though there may be one in it.
func (s *splitter) stray(line []byte) {
	number := s.line - 1
	if at := swallowed.FindSubmatchIndex(line); at != nil {
		s.junk(number, line[:at[2]])
		s.rescue(bytes.Clone(line[at[2]:]), number, s.item, s.document)
		return
	}
	s.junk(number, line)
}

// sendBoth gives on a damaged object, and what it seems to have swallowed from some byte on.
func (s *splitter) sendBoth(u unit, at int) {
	rest := u.text[at:]
	u.text = u.text[:at]
	for _, known := range []*string{&u.kind, &u.namespace, &u.name} {
		if !bytes.Contains(u.text, []byte(`"`+*known+`"`)) {
			*known = "" // it is of the other
		}
	}
	s.send(u)
	s.rescue(rest, u.line+bytes.Count(u.text, []byte("\n")), u.item, u.document)
}

// rescue splits text that has lost what it was in.
func (s *splitter) rescue(text []byte, line int, item string, document int) {
	emit := func(u unit) error {
		if u.problem == "" && u.namespace == "" && !bytes.Contains(u.text, []byte(`"uid"`)) {
			u.problem = "it may be a template within a damaged object"
		}
		return s.emit(u)
	}
	sub := &splitter{source: newSource(bytes.NewReader(text), line), emit: emit, item: cmp.Or(item, "1"), document: document, rescued: true}
	sub.junk = func(line int, text []byte) {
		if text = bytes.TrimSpace(text); len(text) > 0 && strings.IndexByte("]}", text[0]) < 0 {
			s.junk(line, text)
		}
	}
	if err := sub.split(); err != nil && s.err == nil {
		s.err = err
	}
}
