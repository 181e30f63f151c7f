package archive_test

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"github.com/kubestate/kubestate/internal/archive"
)

// limits are small, to be exceeded by small archives.
var limits = archive.Limits{Depth: 4, Files: 10, Bytes: 1 << 20, Ratio: 500, Slack: 64 << 10, Spool: 12 << 20}

// read returns what a reader tells of an archive, a line each, and the limit it exceeds. With inPlace
// the archive can be read at any offset.
func read(data []byte, limits archive.Limits, inPlace bool) (told []string) {
	in := archive.Reader{
		Limits: limits,
		Wanted: func(name string) bool { return archive.Base(name) != "unwanted" },
		Read: func(path string, text *bufio.Reader) error {
			head := make([]byte, 80)
			n, err := io.ReadFull(text, head)
			if err == nil {
				_, err = io.Copy(io.Discard, text)
			}
			line := path + " = " + string(head[:n])
			limit := (*archive.LimitError)(nil)
			switch {
			case errors.As(err, &limit):
				return err
			case err != nil && !errors.Is(err, io.EOF) && (!errors.Is(err, io.ErrUnexpectedEOF) || isCut(text)):
				told = append(told, line+" ! "+err.Error())
				return err
			}
			told = append(told, line)
			return nil
		},
		Failed:  func(path string, err error) { told = append(told, path+" ! "+err.Error()) },
		Special: func(kind string) { told = append(told, kind) },
	}
	var section *io.SectionReader
	if inPlace {
		section = io.NewSectionReader(bytes.NewReader(data), 0, int64(len(data)))
	}
	if err := in.Open(bufio.NewReaderSize(bytes.NewReader(data), archive.BufferSize), section); err != nil {
		told = append(told, "limit: "+err.Error())
	}
	return told
}

// isCut reports whether a text ended by an error: io.ReadFull returns the same for a short one.
func isCut(text *bufio.Reader) bool {
	_, err := text.ReadByte()
	return !errors.Is(err, io.EOF)
}

// An entry is a file of an archive.
type entry struct {
	name, text string
	typeflag   byte // of tar
}

func tarOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var all bytes.Buffer
	w := tar.NewWriter(&all)
	for _, e := range entries {
		check(t, w.WriteHeader(&tar.Header{Typeflag: e.typeflag, Name: e.name, Linkname: "to", Size: int64(len(e.text)), Mode: 0o600}))
		_, err := w.Write([]byte(e.text))
		check(t, err)
	}
	check(t, w.Close())
	return all.Bytes()
}

func zipOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var all bytes.Buffer
	w := zip.NewWriter(&all)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		if len(e.text) > 1<<20 { // noise
			h.Method = zip.Store
		}
		f, err := w.CreateHeader(h)
		check(t, err)
		_, err = f.Write([]byte(e.text))
		check(t, err)
	}
	check(t, w.Close())
	return all.Bytes()
}

func gzipOf(t testing.TB, text []byte) []byte {
	t.Helper()
	var all bytes.Buffer
	w := gzip.NewWriter(&all)
	_, err := w.Write(text)
	check(t, err)
	check(t, w.Close())
	return all.Bytes()
}

func zstdOf(t testing.TB, text []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	check(t, err)
	defer w.Close()
	return w.EncodeAll(text, nil)
}

func xzOf(t testing.TB, config xz.WriterConfig, text []byte) []byte {
	t.Helper()
	var all bytes.Buffer
	w, err := config.NewWriter(&all)
	check(t, err)
	_, err = w.Write(text)
	check(t, err)
	check(t, w.Close())
	return all.Bytes()
}

// bzip2Pod is "kind: Pod\n", which the standard library cannot compress.
const bzip2Pod = "QlpoOTFBWSZTWefWq2wAAAPbAAAQQAAAEEAABCmgACIGmj1CDJiMVIDQ8XckU4UJDn1qtsA="

func bzip2Of(t testing.TB) []byte {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(bzip2Pod)
	check(t, err)
	return data
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
