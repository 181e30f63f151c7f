package snapshot

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strings"
)

// archives are formats that are not read, by their magic number, with the command that unpacks them.
var archives = []struct{ magic, format, hint string }{
	{"\x1f\x8b", "gzip", "unpack it with gunzip, or tar xzf"},
	{"PK\x03\x04", "zip", "unpack it with unzip"},
	{"BZh", "bzip2", "unpack it with bunzip2, or tar xjf"},
	{"\xfd7zXZ\x00", "xz", "unpack it with unxz, or tar xJf"},
	{"\x28\xb5\x2f\xfd", "zstd", "unpack it with unzstd"},
	{"7z\xbc\xaf\x27\x1c", "7z", "unpack it with 7z x"},
}

// checkArchive returns an error if a file that begins with head is an archive.
func checkArchive(head []byte) error {
	for _, a := range archives {
		if bytes.HasPrefix(head, []byte(a.magic)) {
			return fmt.Errorf("is a %s archive: %s", a.format, a.hint)
		}
	}
	if len(head) > 262 && string(head[257:262]) == "ustar" {
		return errors.New("is a tar archive: unpack it with tar xf")
	}
	return nil
}

// looksLikeObject matches text that contains Kubernetes objects.
var looksLikeObject = regexp.MustCompile(`(?m)(?:^[ \t]*(?:- +)*|[{,]\s*)["']?apiVersion["']?\s*:`)

// stream reads a file. Unless it is required to hold objects, it is ignored if it does not look
// like them.
func (r *reader) stream(path string, from io.Reader, required bool) {
	file := &File{Path: path}
	r.Files = append(r.Files, file)
	raw := bufio.NewReaderSize(from, sniffLen)
	head, err := raw.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		file.Err = pathless(err)
		return
	}
	if file.Err = checkArchive(head); file.Err != nil {
		return
	}
	text, err := plainText(raw)
	if err != nil {
		if required {
			file.Err = err
		} else {
			r.Ignored++
		}
		return
	}
	source := newSource(text, 1)
	if !required {
		if head, _ := source.Peek(sniffLen); !looksLikeObject.Match(head) {
			r.Ignored++
			return
		}
	}
	r.Read++
	r.split(file, source)
}

// split splits the text of a file, and emits its fragments.
func (r *reader) split(file *File, from *source) {
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
	if err != nil && r.sinkError() == nil {
		file.Err = fmt.Errorf("cannot be read from line %d on: %w", from.line, pathless(err))
	}
}

// looksLikeField matches a line that probably belonged to an object.
var looksLikeField = regexp.MustCompile(`\b(apiVersion|kind|metadata)["']?\s*:`)

// excerpt returns the beginning of a line.
func excerpt(line []byte) string {
	const most = 80 // runes
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(line), "\ufffd")), " ")
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
