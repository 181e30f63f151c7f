package snapshot

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/kubestate/kubestate/internal/archive"
)

// looksLikeObject matches text that contains Kubernetes objects.
var looksLikeObject = regexp.MustCompile(`(?m)(?:^\x{feff}?[ \t]*(?:- +)*|[{,]\s*)["']?apiVersion["']?\s*:`)

// A demand is what a file has to be.
type demand int

const (
	named    demand = iota // on the command line: read as it is
	expected               // by its extension, to hold objects
	bundled                // text, by its extension, of an archive
	possible               // anything: it is ignored unless it is text that looks like objects
)

// stream reads a file, whose content may be readable at any offset.
func (r *reader) stream(path string, from io.Reader, file *io.SectionReader, is demand) {
	raw := r.raw
	raw.Reset(from)
	if head, _ := raw.Peek(512); archive.Is(head) {
		r.archive(path, raw, file, is)
		return
	}
	_ = r.text(path, raw, is)
}

// text reads a file that is no archive. It returns an error of reading that it has recorded.
func (r *reader) text(path string, raw *bufio.Reader, is demand) error {
	file := &File{Path: path}
	text, err := r.plain(raw, is)
	switch {
	case err != nil:
		if !isLimit(err) {
			file.Err = pathless(err)
		}
	case text == nil:
		r.pass(path)
		return nil
	default:
		r.Read++
		err = r.split(file, text)
	}
	r.finish(file)
	return err
}

// plain returns the text of a file, nil if the file is to be ignored.
func (r *reader) plain(raw *bufio.Reader, is demand) (*source, error) {
	if _, err := raw.Peek(512); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	text, err := plainText(raw)
	if err != nil {
		if is == possible {
			err = nil
		}
		return nil, err
	}
	r.source.Reset(text)
	r.source.line = 1
	if is == bundled || is == possible {
		if head, _ := r.source.Peek(sniffLen); !looksLikeObject.Match(head) {
			return nil, nil
		}
	}
	return r.source, nil
}

// split splits the text of a file, and emits its fragments. It returns an error of reading.
func (r *reader) split(file *File, from *source) error {
	s := splitter{source: from}
	s.emit = func(u fragment) error {
		file.parsed = true
		return r.emit(file, u)
	}
	s.onStray = func(line int, text []byte) {
		switch {
		case len(bytes.Trim(text, " \t\x00,")) == 0 && bytes.IndexByte(text, 0) < 0:
		case looksLikeField.Match(text):
			s.send(fragment{line: line, document: s.document, problem: "neither YAML nor JSON: " + excerpt(text)})
		default:
			if file.StrayLines++; file.StrayLines == 1 {
				file.FirstStray = fmt.Sprintf("line %d: %s", line, excerpt(text))
			}
		}
	}
	err := s.split()
	file.parsed = file.parsed || s.document > 0
	if err == nil || r.sinkError() != nil {
		return nil
	}
	if !isLimit(err) {
		file.Err = fmt.Errorf("cannot be read from line %d on: %w", from.line, pathless(err))
	}
	return err
}

// looksLikeField matches a line that probably belonged to an object.
var looksLikeField = regexp.MustCompile(`\b(apiVersion|kind|metadata)["']?\s*:`)

// excerpt returns the beginning of a line, without characters that a terminal would obey.
func excerpt(line []byte) string {
	const most = 80 // runes
	line = line[:min(len(line), 16*most)]
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(line), "\ufffd")), " ")
	text = strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return utf8.RuneError
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return text
}

// pathless returns err without the path of the file, which the message has already.
func pathless(err error) error {
	if of, ok := errors.AsType[*fs.PathError](err); ok {
		return of.Err
	}
	return err
}
