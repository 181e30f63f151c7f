package archive

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/klauspost/compress/flate"
)

// zip reads the files of a zip file, whose directory is at its end: a zip in a stream is copied first.
func (w *walk) zip(path string, from *bufio.Reader, file *io.SectionReader) error {
	var all io.ReaderAt = file
	size := int64(0)
	if file == nil {
		s := &spool{limit: w.Limits.Spool}
		defer s.close()
		if err := s.fill(from); err != nil {
			return w.fail(path, err)
		}
		all, size = s, s.size
	} else {
		size = file.Size()
	}
	l := w.newLayer(path, size)
	bounded := &boundedReader{ReaderAt: all, left: maxDirectory}
	z, err := zip.NewReader(bounded, size)
	if errors.Is(err, errDirectory) {
		return w.exceed(path, "its directory is larger than "+bytesOf(maxDirectory))
	}
	if err != nil {
		return w.fail(path, err)
	}
	bounded.left = -1
	z.RegisterDecompressor(zip.Deflate, flate.NewReader)
	for _, f := range z.File {
		if w.countFile(path); w.limit != nil {
			return w.limit
		}
		switch mode := f.Mode(); {
		case mode.IsDir():
		case mode&fs.ModeSymlink != 0:
			w.Special(Links)
		case !mode.IsRegular():
			w.Special(Devices)
		default:
			w.zipFile(path, f, l)
		}
		if w.limit != nil {
			return w.limit
		}
	}
	return nil
}

// zipFile reads a file of a zip file. Damage to it leaves the other files readable.
func (w *walk) zipFile(path string, f *zip.File, l *layer) {
	const encrypted = 1
	if f.Flags&encrypted != 0 {
		_ = w.fail(join(path, f.Name), errors.New("is encrypted"))
		return
	}
	text, err := f.Open()
	if err != nil {
		_ = w.fail(join(path, f.Name), err)
		return
	}
	defer text.Close()
	_ = w.member(path, f.Name, &metered{text, l})
}

var errDirectory = errors.New("directory too large")

// A boundedReader reads at most a number of bytes, if that is not negative.
type boundedReader struct {
	io.ReaderAt
	left int64
}

func (b *boundedReader) ReadAt(p []byte, at int64) (int, error) {
	if b.left >= 0 {
		if b.left -= int64(len(p)); b.left < 0 {
			b.left = 0
			return 0, errDirectory
		}
	}
	return b.ReaderAt.ReadAt(p, at)
}

// A spool holds a stream to be read at any offset: a short one in memory, as the program may have no
// folder to write to, a long one in a temporary file.
type spool struct {
	limit int64
	size  int64
	text  []byte
	file  *os.File
}

// spoolInMemory is the length of a short stream.
const spoolInMemory = 8 << 20

func (s *spool) fill(from io.Reader) error {
	var head bytes.Buffer
	n, err := io.CopyN(&head, from, spoolInMemory)
	s.text, s.size = head.Bytes(), n
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return err
	}
	if s.file, err = os.CreateTemp("", "kubestate-*.zip"); err != nil {
		return fmt.Errorf("is a zip of more than %s in a stream, which needs a temporary file in %s: %w", bytesOf(spoolInMemory), os.TempDir(), reason(err))
	}
	_ = os.Remove(s.file.Name()) // it stays until it is closed, except on Windows
	if _, err = s.file.Write(s.text); err != nil {
		return reason(err)
	}
	s.text = nil
	n, err = io.CopyN(s.file, from, s.limit-s.size+1)
	s.size += n
	switch {
	case s.size > s.limit:
		return fmt.Errorf("is a zip of more than %s in a stream: unpack the archive around it", bytesOf(s.limit))
	case !errors.Is(err, io.EOF):
		return reason(err)
	}
	return nil
}

// reason returns an error without the path of the temporary file.
func reason(err error) error {
	if of, ok := errors.AsType[*fs.PathError](err); ok {
		return of.Err
	}
	return err
}

func (s *spool) ReadAt(p []byte, at int64) (int, error) {
	if s.file != nil {
		return s.file.ReadAt(p, at)
	}
	return bytes.NewReader(s.text).ReadAt(p, at)
}

// close removes the temporary file.
func (s *spool) close() {
	if s.file != nil {
		_ = s.file.Close()
		_ = os.Remove(s.file.Name())
	}
}
