// Package filewatch compares the hashes of files at intervals: paths go in, and whether their
// content has changed and is stable comes out. Links, mounts and replaced directories need no care.
package filewatch

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
)

// maxSize bounds how much of a file is read.
const maxSize = 16 << 20

type sum [sha256.Size]byte

// Files are files whose content is compared as one. They are not safe for concurrent use.
type Files struct {
	paths func() []string
	last  *sum // at the last poll, nil if unknown
	taken *sum // at the last change reported
}

// New returns the files at paths, none of which need exist.
func New(paths ...string) *Files { return NewFunc(func() []string { return paths }) }

// NewFunc is New for paths that change: each poll asks for them. A path is part of the content.
func NewFunc(paths func() []string) *Files { return &Files{paths: paths} }

// Poll reports whether the files have the content of the poll before, other than that of the last
// change reported; at the second poll it reports the content found at the start. It calls read before
// it reports a change: if the files change meanwhile, the change is reported by a later poll. A file
// that is missing or unreadable has its error as content.
func (f *Files) Poll(read func()) bool {
	now, before := f.sum(), f.last
	f.last = &now
	if before == nil || *before != now || f.taken != nil && *f.taken == now {
		return false
	}
	if read(); f.sum() != now {
		f.last = nil
		return false
	}
	f.taken = &now
	return true
}

// Reset has a later poll report the content of the files, even if it is that of the last change
// reported: for content that was read without a poll.
func (f *Files) Reset() { f.taken = nil }

// Irregular returns an error if a path is that of a pipe or a device, which cannot be read again.
func (f *Files) Irregular() error {
	for _, path := range f.paths() {
		if info, err := regular(path); errors.Is(err, errIrregular) && !info.IsDir() {
			return err
		}
	}
	return nil
}

func (f *Files) sum() (s sum) {
	h := sha256.New()
	for _, path := range f.paths() {
		size, err := hashFile(h, path)
		fmt.Fprintf(h, "\x00%s %d %v\x00", path, size, err)
	}
	h.Sum(s[:0])
	return s
}

// hashFile writes the content of the file to h, and returns the file's size.
func hashFile(h hash.Hash, path string) (int64, error) {
	info, err := regular(path)
	if err != nil {
		return 0, err
	}
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	_, err = io.Copy(h, io.LimitReader(file, maxSize))
	return info.Size(), err
}

var errIrregular = errors.New("not a regular file")

// regular returns what is at a path, and an error if that is no regular file: opening a pipe would block.
func regular(path string) (os.FileInfo, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: %w", path, errIrregular)
	}
	return info, err
}
