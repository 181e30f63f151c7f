package archive

import (
	"bufio"
	"fmt"
	"io"
)

// Limits bound the content of an archive, nested archives included.
type Limits struct {
	Depth int   // formats inside one another; a tar.gz is two
	Files int   // entries of all archives
	Bytes int64 // that all formats decompress to
	Ratio int64 // of the bytes that a format decompresses to, to those that it reads
	Slack int64 // bytes that may be of any ratio
	Spool int64 // bytes of a zip that cannot be read in place
}

// Defaults are above what bundles of a few gigabytes consist of.
var Defaults = Limits{
	Depth: 12,
	Files: 1_000_000,
	Bytes: 256 << 30,
	Ratio: 500, // JSON and logs have up to some 50, zeros 1000 and more
	Slack: 64 << 20,
	Spool: 4 << 30,
}

const (
	// maxWindow is the largest window of xz and zstd; zstd's own command has the same limit.
	maxWindow = 128 << 20
	// maxWindows bounds how many of them are open.
	maxWindows = 2
	// maxDirectory bounds the directory of a zip file, which is read into memory: 100,000 entries.
	maxDirectory = 16 << 20
)

// A LimitError is why the reading of an archive ended.
type LimitError struct {
	Path   string // within the archive, empty for the archive itself
	Reason string
}

func (e *LimitError) Error() string {
	if e.Path == "" {
		return e.Reason
	}
	return e.Path + ": " + e.Reason
}

// A budget has what an archive has consumed of its limits.
type budget struct {
	limit *LimitError // that was exceeded, nil for none
	outer *layer      // the outermost one
	size  int64       // of the archive, 0 if unknown
	files int
	bytes int64
}

// exceed ends the reading.
func (w *walk) exceed(path, reason string) error {
	if w.limit == nil {
		w.limit = &LimitError{path, reason}
	}
	return w.limit
}

// countFile counts an entry of an archive.
func (w *walk) countFile(path string) {
	if w.files++; w.files > w.Limits.Files {
		_ = w.exceed(path, fmt.Sprintf("more than %d files", w.Limits.Files))
	}
}

// A layer is one format that is open: it reads bytes, and text comes out.
type layer struct {
	*walk
	path     string
	in, out  int64
	expanded bool // the text is not as long as what is read
}

// newLayer opens a layer. Size is the length of its input, 0 if that is to be counted.
func (w *walk) newLayer(path string, size int64) *layer {
	l := &layer{walk: w, path: path, in: size, expanded: true}
	if w.outer == nil {
		w.outer = l
		l.in = max(w.size, size)
	}
	return l
}

// count charges text that came out.
func (l *layer) count(n int) error {
	l.out += int64(n)
	if l.expanded {
		l.bytes += int64(n)
	}
	limits := l.Limits
	switch {
	case l.limit != nil:
		return l.limit
	case l.bytes > limits.Bytes:
		return l.exceed(l.path, "the archive expands to more than "+bytesOf(limits.Bytes))
	case l.out > limits.Slack && l.out/limits.Ratio > l.in:
		return l.exceed(l.path, fmt.Sprintf("expands to more than %d times its size", limits.Ratio))
	case l.bytes > limits.Slack && l.bytes/limits.Ratio > l.outer.in:
		return l.exceed(l.path, fmt.Sprintf("the archive expands to more than %d times its size", limits.Ratio))
	}
	return nil
}

// bytesOf formats a limit.
func bytesOf(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 1<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	default:
		return fmt.Sprintf("%d bytes", n)
	}
}

// counted counts what a layer reads. Of the outermost layer the size may be known.
type counted struct {
	from *bufio.Reader
	of   *layer
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	if c.of != c.of.outer || c.of.size == 0 {
		c.of.in += int64(n)
	}
	return n, err
}

// metered charges the text of a layer.
type metered struct {
	io.Reader
	of *layer
}

func (m *metered) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	if limit := m.of.count(n); limit != nil {
		return 0, limit
	}
	return n, err
}
