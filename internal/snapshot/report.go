package snapshot

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Report says what there was besides the objects that the sink was given.
type Report struct {
	// Objects is how many there are, each counted once; Copies how many more times they were there.
	Objects, Copies int
	// Files are those with something to be said of, in the order in which they were read.
	Files []*File
	// Skipped counts objects of other kinds; what is no Kubernetes object counts under
	// the empty kind.
	Skipped map[schema.GroupVersionKind]int
	// Read and Ignored count files; ignored ones do not seem to hold objects.
	Read, Ignored int
	// Bad is of the path itself, if that cannot be read at all.
	Bad error
}

// A File is one of which not everything could be read.
type File struct {
	Path string
	// Err is why nothing of it could be read, or not the rest of it.
	Err error
	// Failures are the objects that cannot be read.
	Failures []string
	// Text is how many lines belong to no object, First the first of them.
	Text  int
	First string

	parsed bool // some of it is YAML or JSON
}

// Failure is the first thing that cannot be read, and how many more there are.
func (r Report) Failure() error {
	var first error
	n := -1
	for _, f := range r.Files {
		if f.Err != nil {
			first = cmp.Or(first, fmt.Errorf("%s: %w", f.Path, f.Err))
			n++
		}
		if len(f.Failures) > 0 {
			first = cmp.Or(first, fmt.Errorf("%s: %s", f.Path, f.Failures[0]))
			n += len(f.Failures)
		}
	}
	if n > 0 {
		return fmt.Errorf("%w; and %d more", first, n)
	}
	return first
}

// SkippedKinds describes Skipped in words, in order: 3 v1/ConfigMap.
func (r Report) SkippedKinds() []string {
	kinds := slices.SortedFunc(maps.Keys(r.Skipped), func(a, b schema.GroupVersionKind) int { return cmp.Compare(a.String(), b.String()) })
	var words []string
	for _, kind := range kinds {
		name := kind.GroupVersion().String() + "/" + kind.Kind
		if kind.Kind == "" {
			name = "without a kind"
		}
		words = append(words, fmt.Sprintf("%d %s", r.Skipped[kind], name))
	}
	return words
}

// describe says what cannot be read, where and why.
func (r result) describe() string {
	var words []string
	words = append(words, fmt.Sprintf("line %d", r.unit.line))
	if r.unit.document > 0 {
		words = append(words, fmt.Sprintf("document %d", r.unit.document))
	}
	if r.unit.item != "" {
		words = append(words, "item "+r.unit.item)
	}
	text := strings.Join(words, ", ") + ": "
	if who := strings.TrimSpace(r.unit.kind + " " + strings.TrimPrefix(r.unit.namespace+"/"+r.unit.name, "/")); who != "" {
		text += who + ": "
	}
	if r.failure.line > r.unit.line {
		text += fmt.Sprintf("line %d: ", r.failure.line)
	}
	if r.failure.field != "" {
		text += r.failure.field + ": "
	}
	return text + r.failure.reason
}
