// Package archive reads the files of archives, also of archives within archives, in one pass.
//
// Content decides what is an archive, not the name. Nothing is unpacked to a disk: names never reach
// the file system, links are not followed. Memory holds a buffer and a window for each format that is
// open, and of a zip the directory. Limits end the reading of archives made to exhaust a machine.
package archive

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// A Reader passes the files of archives on. Its functions are called one at a time, with the path of
// a file: the names within each archive, separated by ": ". The path is empty for the text of a
// compressed file.
type Reader struct {
	Limits Limits
	// Wanted reports whether to read a file, by its name in its archive.
	Wanted func(name string) bool
	// Read reads a file that is no archive. It reports an error of the text itself, and returns it.
	Read func(path string, text *bufio.Reader) error
	// Failed is called for each file or archive that cannot be read to its end.
	Failed func(path string, err error)
	// Special is called for each entry that is neither a file nor a folder, with Links or Devices.
	Special func(kind string)
}

// Kinds of entries without content of their own.
const (
	Links   = "links"
	Devices = "devices"
)

// BufferSize is the size of the buffers of Open and Read.
const BufferSize = 64 << 10

// headLen is the length of the text that shows its format.
const headLen = 512

// Is reports whether a text is an archive, by its first 512 bytes or all of a shorter one.
func Is(head []byte) bool { return formatOf(head) != "" }

const (
	gzipFormat  = "gzip"
	bzip2Format = "bzip2"
	xzFormat    = "xz"
	zstdFormat  = "zstd"
	tarFormat   = "tar"
	zipFormat   = "zip"
)

var (
	// magics are the formats by their first bytes.
	magics = []struct{ magic, format string }{
		{"\x1f\x8b\x08", gzipFormat},
		{"PK\x03\x04", zipFormat},
		{"PK\x05\x06", zipFormat}, // without files
		{xzMagic, xzFormat},
		{"\x28\xb5\x2f\xfd", zstdFormat},
		{"7z\xbc\xaf\x27\x1c", "7z"},
		{"\x04\x22\x4d\x18", "lz4"},
	}
	// unpackers are the commands that unpack formats that are not read.
	unpackers = map[string]string{"7z": "7z x", "lz4": "unlz4"}
)

// formatOf returns the format of an archive, empty for none.
func formatOf(head []byte) string {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.magic)) {
			return m.format
		}
	}
	switch {
	case len(head) > 10 && string(head[:3]) == "BZh" && (string(head[4:10]) == "1AY&SY" || string(head[4:10]) == "\x17rE8P\x90"):
		return bzip2Format
	case len(head) > 4 && head[0]&0xf0 == 0x50 && string(head[1:4]) == "\x2a\x4d\x18": // a frame to skip, as of pzstd
		return zstdFormat
	case isTar(head):
		return tarFormat
	}
	return ""
}

// Open reads an archive. File is its content if that can be read at any offset, otherwise nil. The
// error is a *LimitError.
func (r *Reader) Open(from *bufio.Reader, file *io.SectionReader) error {
	w := &walk{Reader: r}
	if file != nil {
		w.size = file.Size()
	}
	_ = w.open("", from, file)
	if w.limit != nil {
		return w.limit
	}
	return nil
}

// A walk is the reading of one archive.
type walk struct {
	*Reader
	budget
	depth   int             // formats around the present text
	windows int             // of those, formats with a large window
	buffers []*bufio.Reader // by depth
}

// open reads a file that may be an archive. Its error has been reported.
func (w *walk) open(path string, from *bufio.Reader, file *io.SectionReader) error {
	head, _ := from.Peek(headLen)
	format := formatOf(head)
	if format == "" {
		return w.Read(path, from)
	}
	if w.depth == w.Limits.Depth {
		return w.exceed(path, fmt.Sprintf("archives are nested deeper than %d formats", w.Limits.Depth))
	}
	w.depth++
	defer func() { w.depth-- }()
	switch format {
	case tarFormat:
		return w.tar(path, from)
	case zipFormat:
		return w.zip(path, from, file)
	}
	text, end, err := w.decompress(path, format, from)
	if err != nil {
		return w.fail(path, err)
	}
	defer end()
	return w.open(path, w.buffer(text), nil)
}

// fail reports an unreadable file or archive, unless a limit ended the reading.
func (w *walk) fail(path string, err error) error {
	if w.limit != nil {
		return w.limit
	}
	w.Failed(path, err)
	return err
}

// member reads an entry of an archive.
func (w *walk) member(archive, name string, text io.Reader) error {
	path := join(archive, name)
	if leadsOut(name) {
		return w.fail(path, errLeadsOut)
	}
	if !w.Wanted(name) {
		return nil
	}
	return w.open(path, w.buffer(text), nil)
}

// buffer returns the buffer of the present depth, which reads text.
func (w *walk) buffer(text io.Reader) *bufio.Reader {
	for len(w.buffers) <= w.depth {
		w.buffers = append(w.buffers, bufio.NewReaderSize(nil, BufferSize))
	}
	b := w.buffers[w.depth]
	b.Reset(text)
	return b
}

// decompress returns the text of a compressed one, and what ends its reading.
func (w *walk) decompress(path, format string, from *bufio.Reader) (text io.Reader, end func(), err error) {
	l := w.newLayer(path, 0)
	in := &counted{from, l}
	end = func() {}
	switch format {
	case gzipFormat:
		text, err = gzip.NewReader(in)
	case bzip2Format:
		text = bzip2.NewReader(in)
	case xzFormat, zstdFormat:
		if w.windows == maxWindows {
			return nil, nil, w.exceed(path, fmt.Sprintf("xz and zstd are nested deeper than %d", maxWindows))
		}
		w.windows++
		end = func() { w.windows-- }
		if format == xzFormat {
			text = &xzReader{from: bufio.NewReader(in)}
			break
		}
		var d *zstd.Decoder
		d, err = zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err == nil {
			text, end = d, func() { d.Close(); w.windows-- }
		} else {
			end()
		}
	default:
		err = fmt.Errorf("is a %s archive: unpack it with %s", format, unpackers[format])
	}
	if err != nil {
		return nil, nil, err
	}
	return &metered{text, l}, end, nil
}

// join returns the path of a name in an archive.
func join(archive, name string) string {
	if !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !strconv.IsPrint(r) }) {
		name = strconv.Quote(name)
	}
	if archive == "" {
		return name
	}
	return archive + ": " + name
}

var errLeadsOut = fmt.Errorf("its path leads out of the archive")

// leadsOut reports whether a name has an element "..". Absolute names stay within: tar takes the
// first slash off, too.
func leadsOut(name string) bool {
	return slices.Contains(Elements(name), "..")
}

// Elements returns the elements of a name, of which zip files of Windows separate some by backslashes.
func Elements(name string) []string {
	return strings.FieldsFunc(name, func(r rune) bool { return r == '/' || r == '\\' })
}

// Base returns the last element of a name.
func Base(name string) string { return path.Base(strings.ReplaceAll(name, `\`, "/")) }
