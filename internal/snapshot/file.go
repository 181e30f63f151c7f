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

// archives are those that files may be, by what they begin with, and what to do about them.
var archives = []struct{ begins, what, todo string }{
	{"\x1f\x8b", "gzip", "unpack it with gunzip, or tar xzf"},
	{"PK\x03\x04", "zip", "unpack it with unzip"},
	{"BZh", "bzip2", "unpack it with bunzip2, or tar xjf"},
	{"\xfd7zXZ\x00", "xz", "unpack it with unxz, or tar xJf"},
	{"\x28\xb5\x2f\xfd", "zstd", "unpack it with unzstd"},
	{"7z\xbc\xaf\x27\x1c", "7z", "unpack it with 7z x"},
}

// archive says that a file is one, and what to do.
func archive(head []byte) error {
	for _, a := range archives {
		if bytes.HasPrefix(head, []byte(a.begins)) {
			return fmt.Errorf("is a %s archive: %s", a.what, a.todo)
		}
	}
	if len(head) > 262 && string(head[257:262]) == "ustar" {
		return errors.New("is a tar archive: unpack it with tar xf")
	}
	return nil
}

// seemsObjects is of the text of objects.
var seemsObjects = regexp.MustCompile(`(?m)(?:^[ \t]*(?:- +)*|[{,]\s*)["']?apiVersion["']?\s*:`)

// stream reads the text of a file; sure says that it is to hold objects.
func (r *reader) stream(path string, from io.Reader, sure bool) {
	file := &File{Path: path}
	r.Files = append(r.Files, file)
	raw := bufio.NewReaderSize(from, peeked)
	head, err := raw.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		file.Err = pathless(err)
		return
	}
	if file.Err = archive(head); file.Err != nil {
		return
	}
	text, err := plainText(raw)
	if err != nil {
		if sure {
			file.Err = err
		} else {
			r.Ignored++
		}
		return
	}
	s := newSource(text, 1)
	if !sure {
		if head, _ := s.Peek(peeked); !seemsObjects.Match(head) {
			r.Ignored++
			return
		}
	}
	r.Read++
	split := splitter{source: s}
	split.emit = func(u unit) error {
		file.parsed = true
		return r.emit(file, u)
	}
	split.junk = func(line int, text []byte) {
		if len(bytes.Trim(text, " \t\x00,")) == 0 && bytes.IndexByte(text, 0) < 0 {
			return
		}
		if seemsField.Match(text) {
			split.send(unit{line: line, document: split.document, problem: "it is neither YAML nor JSON: " + excerpt(text)})
			return
		}
		if file.Text++; file.Text == 1 {
			file.First = fmt.Sprintf("line %d: %s", line, excerpt(text))
		}
	}
	err = split.split()
	file.parsed = file.parsed || split.document > 0
	if err != nil && r.sinkError() == nil {
		file.Err = fmt.Errorf("cannot be read from line %d on: %w", s.line, pathless(err))
	}
}

// seemsField is of a line that an object may have lost.
var seemsField = regexp.MustCompile(`\b(apiVersion|kind|metadata)["']?\s*:`)

// excerpt is the beginning of a line.
func excerpt(line []byte) string {
	const most = 80
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(line), "\ufffd")), " ")
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return text
}

// pathless is err without the path, which messages have already.
func pathless(err error) error {
	if of, ok := errors.AsType[*fs.PathError](err); ok {
		return of.Err
	}
	return err
}
