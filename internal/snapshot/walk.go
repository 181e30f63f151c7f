package snapshot

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

var (
	// extensions are those of files that are always read.
	extensions = []string{".yaml", ".yml", ".json"}
	// ignored are extensions of files that are never read: documents and programs, which may
	// contain examples, and backups of editors. Other files are read if they look like objects.
	ignored = []string{
		".adoc", ".bak", ".go", ".html", ".js", ".log", ".markdown", ".md", ".orig", ".py", ".rej", ".rst",
		".sh", ".swp", ".tf", ".tmp", ".tpl", ".ts",
	}
)

// A walk reads the files below a folder in the order of their paths, each file once however
// many links lead to it. Names that begin with a dot are skipped: a mounted ConfigMap keeps its
// files behind such names and links to them, and macOS and editors leave other data there.
type walk struct {
	*reader
	seen map[stamp][]fs.FileInfo
	top  string // path of the folder, without links
}

// A stamp is equal for all links to a file, so that few files are compared with each other.
type stamp struct {
	size     int64
	modified time.Time
}

// root reads the file or folder at path, and reports whether it is a single file.
func (w *walk) root(path string) (single bool) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		w.Err = err
	case info.IsDir():
		if w.top, w.Err = resolved(path); w.Err == nil {
			w.visited(info)
			w.folder(path)
		}
		return false
	default:
		w.file(path, true)
	}
	return true
}

// folder reads the files below a folder.
func (w *walk) folder(path string) {
	entries, err := os.ReadDir(path)
	if err != nil {
		w.cannotRead(path, err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		path := filepath.Join(path, e.Name())
		info, err := os.Stat(path)
		isLink := e.Type()&fs.ModeSymlink != 0
		switch {
		case isLink && leadsNowhere(err): // as of a bundle to what it has not captured
			w.count("dangling links")
		case err != nil:
			w.cannotRead(path, err)
		case isLink && w.leaves(path):
			to, _ := os.Readlink(path)
			w.cannotRead(path, fmt.Errorf("link to %s, outside of the folder", to))
		case !info.IsDir() && !info.Mode().IsRegular(), w.visited(info):
		case info.IsDir():
			w.folder(path)
		default:
			w.file(path, false)
		}
	}
}

// leadsNowhere reports whether an error is that of a link without a target.
func leadsNowhere(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ELOOP)
}

// leaves reports whether a path leads out of the folder: a link of a bundle means a file of the machine where the
// bundle was made.
func (w *walk) leaves(path string) bool {
	to, err := resolved(path)
	if err != nil {
		return true
	}
	below, err := filepath.Rel(w.top, to)
	return err != nil || !filepath.IsLocal(below)
}

// resolved returns an absolute path without links.
func resolved(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(path)
}

// visited reports whether a file or folder was seen before, under this path or another.
func (w *walk) visited(info fs.FileInfo) bool {
	of := stamp{info.Size(), info.ModTime()}
	if slices.ContainsFunc(w.seen[of], func(other fs.FileInfo) bool { return os.SameFile(info, other) }) {
		return true
	}
	w.seen[of] = append(w.seen[of], info)
	return false
}

// cannotRead records a file or folder that cannot be opened.
func (w *walk) cannotRead(path string, err error) {
	w.finish(&File{Path: path, Err: pathless(err)})
}

// file reads a file. One that was named on the command line is read whatever its name.
func (w *walk) file(path string, root bool) {
	if !root && w.isIgnored(path) {
		return
	}
	f, err := os.Open(path)
	if err != nil {
		w.cannotRead(path, err)
		return
	}
	defer f.Close()
	is := possible
	switch {
	case root:
		is = named
	case slices.Contains(extensions, extension(path)):
		is = expected
	}
	w.stream(path, f, sectionOf(f), is)
}

// sectionOf returns the content of a regular file, at any offset, or nil.
func sectionOf(f *os.File) *io.SectionReader {
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		return io.NewSectionReader(f, 0, info.Size())
	}
	return nil
}
