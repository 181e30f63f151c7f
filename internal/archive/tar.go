package archive

import (
	"archive/tar"
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
)

// isTar reports whether a block is the header of a tar file, also of one before POSIX.
func isTar(block []byte) bool {
	if len(block) < headLen {
		return false
	}
	if string(block[257:262]) == "ustar" {
		return true
	}
	sum := 0
	for i, b := range block[:headLen] {
		if i >= 148 && i < 156 { // the sum itself counts as spaces
			b = ' '
		}
		sum += int(b)
	}
	stored, err := strconv.ParseInt(strings.Trim(string(block[148:156]), " \x00"), 8, 32)
	return err == nil && int(stored) == sum && block[0] != 0
}

// tar reads the files of a tar file. Its links lead to other entries, or out of the archive.
func (w *walk) tar(path string, from *bufio.Reader) error {
	l := w.newLayer(path, 0)
	l.expanded = false // but for sparse files, which the ratio bounds
	end := &tail{from: &counted{from, l}}
	entries := tar.NewReader(end)
	var told error
	for {
		h, err := entries.Next()
		switch {
		case w.limit != nil:
			return w.limit
		case errors.Is(err, io.EOF) && end.zeros < headLen:
			return w.fail(path, io.ErrUnexpectedEOF)
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && told != nil:
			return told // the same, most probably
		case err != nil:
			return w.fail(path, err)
		}
		if w.countFile(path); w.limit != nil {
			return w.limit
		}
		told = nil
		switch h.Typeflag {
		case tar.TypeReg, tar.TypeGNUSparse, tar.TypeCont:
			told = w.member(path, h.Name, &metered{entries, l})
		case tar.TypeSymlink, tar.TypeLink:
			w.Special(Links)
		case tar.TypeChar, tar.TypeBlock, tar.TypeFifo:
			w.Special(Devices)
		}
	}
}

// A tail counts the zeros at the end of what has been read: a tar file ends with blocks of them, which
// its reader does not insist on.
type tail struct {
	from  io.Reader
	zeros int
}

func (t *tail) Read(p []byte) (int, error) {
	n, err := t.from.Read(p)
	if rest := len(bytes.TrimRight(p[:n], "\x00")); rest > 0 {
		t.zeros = n - rest
	} else {
		t.zeros += n
	}
	return n, err
}
