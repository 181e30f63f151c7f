package snapshot

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// A Report has the counts and errors of a snapshot.
type Report struct {
	// Objects counts objects without their copies, Copies the copies.
	Objects, Copies int
	// Files are the files with problems, in the order of reading; Unnamed counts those beyond a
	// thousand.
	Files   []*File
	Unnamed int
	// Skipped counts objects of kinds that are not exported. Documents that are not Kubernetes
	// objects count under the empty kind.
	Skipped map[schema.GroupVersionKind]int
	// Read counts the files read, also those of archives, and Archives the archives outside of others.
	Read, Archives int
	// Ignored counts the files that did not look like objects, by extension.
	Ignored map[string]int
	// Err is set if the path cannot be read, or is a single file that is bad as a whole. An archive is
	// so beyond a limit.
	Err error
}

// A File describes the problems of a file.
type File struct {
	Path string
	// Err is why the file, or the rest of it, could not be read.
	Err error
	// Failed counts the objects that could not be read, Failures describe the first thousand.
	Failed   int
	Failures []string
	// StrayLines counts the lines outside of objects, FirstStray is the first of them.
	StrayLines int
	FirstStray string

	parsed bool // part of it is YAML or JSON
}

// maxNamed bounds how many files, and objects of a file, are named: archives may have any number.
const maxNamed = 1000

// Failure returns an error of the first file or object that could not be read, with the number
// of others, or nil.
func (r Report) Failure() error {
	var first error
	n := r.Unnamed - 1
	for _, f := range r.Files {
		if f.Err != nil {
			first = cmp.Or(first, fmt.Errorf("%s: %w", f.Path, f.Err))
			n++
		}
		if len(f.Failures) > 0 {
			first = cmp.Or(first, fmt.Errorf("%s: %s", f.Path, f.Failures[0]))
			n += f.Failed
		}
	}
	if n > 0 {
		return fmt.Errorf("%w; and %d more", first, n)
	}
	return first
}

// IgnoredFiles returns the number of Ignored.
func (r Report) IgnoredFiles() (n int) {
	for _, of := range r.Ignored {
		n += of
	}
	return n
}

// IgnoredKinds formats Ignored, the most frequent first: "12 .log, 3 .html".
func (r Report) IgnoredKinds() []string {
	kinds := slices.SortedFunc(maps.Keys(r.Ignored), func(a, b string) int {
		return cmp.Or(cmp.Compare(r.Ignored[b], r.Ignored[a]), cmp.Compare(a, b))
	})
	var parts []string
	for _, kind := range kinds {
		parts = append(parts, fmt.Sprintf("%d %s", r.Ignored[kind], kind))
	}
	return parts
}

// SkippedKinds formats Skipped, sorted: "3 v1/ConfigMap".
func (r Report) SkippedKinds() []string {
	kinds := slices.SortedFunc(maps.Keys(r.Skipped), func(a, b schema.GroupVersionKind) int { return cmp.Compare(a.String(), b.String()) })
	var parts []string
	for _, kind := range kinds {
		name := kind.GroupVersion().String() + "/" + kind.Kind
		if kind.Kind == "" {
			name = "without a kind"
		}
		parts = append(parts, fmt.Sprintf("%d %s", r.Skipped[kind], name))
	}
	return parts
}

// describe formats a failure: position, object, field, reason.
func (r result) describe() string {
	var parts []string
	parts = append(parts, fmt.Sprintf("line %d", r.fragment.line))
	if r.fragment.document > 0 {
		parts = append(parts, fmt.Sprintf("document %d", r.fragment.document))
	}
	if r.fragment.item != "" {
		parts = append(parts, "item "+r.fragment.item)
	}
	text := strings.Join(parts, ", ") + ": "
	if who := strings.TrimSpace(r.fragment.kind + " " + strings.TrimPrefix(r.fragment.namespace+"/"+r.fragment.name, "/")); who != "" {
		text += who + ": "
	}
	if r.failure.line > r.fragment.line {
		text += fmt.Sprintf("line %d: ", r.failure.line)
	}
	if r.failure.field != "" {
		text += r.failure.field + ": "
	}
	return text + r.failure.reason
}
