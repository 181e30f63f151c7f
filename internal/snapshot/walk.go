package snapshot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

var (
	// extensions are those of files that are read whatever is in them.
	extensions = []string{".yaml", ".yml", ".json"}
	// others are those of files that hold no objects, though their text may seem to: examples
	// in documents and scripts, and copies that editors leave. All the rest is tried.
	others = []string{
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
}

// A stamp narrows down which of the files and folders seen may be the same one.
type stamp struct {
	size     int64
	modified time.Time
}

// root reads what was asked for, and says whether that is a single file.
func (w *walk) root(path string) (single bool) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		w.Bad = err
	case info.IsDir():
		w.again(info)
		w.folder(path)
		return false
	default:
		w.file(path, true)
	}
	return true
}

func (w *walk) folder(path string) {
	entries, err := os.ReadDir(path)
	if err != nil {
		w.bad(path, err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		path := filepath.Join(path, e.Name())
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			to, _ := os.Readlink(path)
			w.bad(path, fmt.Errorf("is a link to %s, which is not there", to))
		case err != nil:
			w.bad(path, err)
		case !info.IsDir() && !info.Mode().IsRegular(), w.again(info):
		case info.IsDir():
			w.folder(path)
		default:
			w.file(path, false)
		}
	}
}

// again reports whether a file or folder has been seen before, by this path or another.
func (w *walk) again(info fs.FileInfo) bool {
	of := stamp{info.Size(), info.ModTime()}
	if slices.ContainsFunc(w.seen[of], func(other fs.FileInfo) bool { return os.SameFile(info, other) }) {
		return true
	}
	w.seen[of] = append(w.seen[of], info)
	return false
}

// bad notes what cannot be read at all.
func (w *walk) bad(path string, err error) {
	w.Files = append(w.Files, &File{Path: path, Err: pathless(err)})
}

// file reads a file, which may be the one that was asked for.
func (w *walk) file(path string, asked bool) {
	extension := strings.ToLower(filepath.Ext(path))
	if !asked && (slices.Contains(others, extension) || strings.HasSuffix(path, "~")) {
		w.Ignored++
		return
	}
	f, err := os.Open(path)
	if err != nil {
		w.bad(path, err)
		return
	}
	defer f.Close()
	w.stream(path, f, asked || slices.Contains(extensions, extension))
}
