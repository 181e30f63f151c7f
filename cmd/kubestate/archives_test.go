package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// An entry is a file of an archive, or a symbolic link.
type entry struct{ name, text, link string }

func tarred(t testing.TB, entries []entry) []byte {
	var all bytes.Buffer
	w := tar.NewWriter(&all)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Size: int64(len(e.text)), Mode: 0o600}
		if e.link != "" {
			h.Typeflag, h.Linkname = tar.TypeSymlink, e.link
		}
		check(t, w.WriteHeader(h))
		_, err := w.Write([]byte(e.text))
		check(t, err)
	}
	check(t, w.Close())
	return all.Bytes()
}

func zipped(t testing.TB, entries []entry) []byte {
	var all bytes.Buffer
	w := zip.NewWriter(&all)
	for _, e := range entries {
		f, err := w.Create(e.name)
		check(t, err)
		_, err = f.Write([]byte(e.text))
		check(t, err)
	}
	check(t, w.Close())
	return all.Bytes()
}

// gzipped compresses the text of the only entry.
func gzipped(t testing.TB, entries []entry) []byte {
	var all bytes.Buffer
	w := gzip.NewWriter(&all)
	_, err := w.Write([]byte(entries[0].text))
	check(t, err)
	check(t, w.Close())
	return all.Bytes()
}

func tarGzip(t testing.TB, entries []entry) []byte {
	return gzipped(t, []entry{{text: string(tarred(t, entries))}})
}

func tarXz(t testing.TB, entries []entry) []byte {
	var all bytes.Buffer
	w, err := xz.WriterConfig{DictCap: 1 << 20, BlockSize: 100_000}.NewWriter(&all)
	check(t, err)
	_, err = w.Write(tarred(t, entries))
	check(t, err)
	check(t, w.Close())
	return all.Bytes()
}

func tarZstd(t testing.TB, entries []entry) []byte {
	w, err := zstd.NewWriter(nil)
	check(t, err)
	defer w.Close()
	return w.EncodeAll(tarred(t, entries), nil)
}

// inTar packs an archive into another one, beside other files.
func inTar(name string, pack func(testing.TB, []entry) []byte) func(testing.TB, []entry) []byte {
	return func(t testing.TB, entries []entry) []byte {
		return tarred(t, []entry{{name: "readme.md", text: "words"}, {name: name, text: string(pack(t, entries))}})
	}
}
