package snapshot

import (
	"bufio"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kubestate/kubestate/internal/archive"
)

// archive reads the files of an archive. What is not read to its end is named, and the rest is read;
// a limit ends the reading of the archive.
func (r *reader) archive(path string, from *bufio.Reader, file *io.SectionReader, is demand) {
	r.Archives++
	within := func(inner string) string {
		if inner == "" {
			return path
		}
		return path + ": " + inner
	}
	in := archive.Reader{
		Limits: r.limits,
		Wanted: r.wanted,
		Read: func(inner string, text *bufio.Reader) error {
			file := within(inner)
			switch {
			case inner == "" && is == named:
				return r.text(file, text, named)
			case slices.Contains(extensions, extension(file)):
				return r.text(file, text, bundled)
			default:
				return r.text(file, text, possible)
			}
		},
		Failed:  func(inner string, err error) { r.finish(&File{Path: within(inner), Err: pathless(err)}) },
		Special: r.count,
	}
	if err := in.Open(from, file); err != nil {
		r.finish(&File{Path: path, Err: err})
	}
}

// isLimit reports whether an error is a limit of archives, of which the archive itself tells.
func isLimit(err error) bool {
	_, ok := errors.AsType[*archive.LimitError](err)
	return ok
}

// wanted reports whether to read a file of an archive, by its name.
func (r *reader) wanted(name string) bool {
	if slices.ContainsFunc(archive.Elements(name), func(e string) bool { return e[0] == '.' && e != "." }) {
		return false
	}
	return !r.isIgnored(name)
}

// isIgnored reports whether a file is not read because of its name, and counts it if so.
func (r *reader) isIgnored(path string) bool {
	if slices.Contains(ignored, extension(path)) || strings.HasSuffix(path, "~") {
		r.pass(path)
		return true
	}
	return false
}

// pass counts a file that is ignored by its kind: the extension.
func (r *reader) pass(path string) {
	kind := extension(path)
	if kind == "" || len(kind) > 10 || strings.Trim(kind[1:], "abcdefghijklmnopqrstuvwxyz0123456789~") != "" || strings.Trim(kind[1:], "0123456789") == "" {
		kind = withoutExtension
	}
	r.count(kind)
}

// withoutExtension is the kind of a file without an extension that has a meaning.
const withoutExtension = "without extension"

// count counts a file that is ignored. Names of an archive must not fill the memory.
func (r *reader) count(kind string) {
	if _, ok := r.Ignored[kind]; !ok && len(r.Ignored) >= 100 {
		kind = withoutExtension
	}
	r.Ignored[kind]++
}

// extension returns the extension of a path in lower case. Extensions of compressed files do not
// count: what is in them is of the kind of the one before.
func extension(path string) string {
	name := strings.ToLower(archive.Base(path))
	for {
		ext := filepath.Ext(name)
		if !slices.Contains(compressed, ext) {
			return ext
		}
		name = strings.TrimSuffix(name, ext)
	}
}

// compressed are the extensions of compressed files.
var compressed = []string{".gz", ".bz2", ".xz", ".zst"}
