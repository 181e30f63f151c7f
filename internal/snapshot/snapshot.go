// Package snapshot reads Kubernetes objects from files, as kubectl prints them and support
// bundles hold them, and gives them on one by one.
//
// An object that cannot be read costs itself alone: text is cut into objects by what can be
// seen without parsing it (split.go, flow.go), and each is then parsed (object.go). What is
// held in memory is some objects, never a file.
package snapshot

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"

	"github.com/kubestate/kubestate/internal/generators"
)

// Stdin is the path that stands for standard input.
const Stdin = "-"

// A Sink takes an object of a kind. One of the same kind, namespace and name as one before
// takes its place.
type Sink func(kind schema.GroupVersionKind, object kruntime.Object) error

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
}

// Failed says whether there is anything that cannot be read.
func (r Report) Failed() bool { return r.Failure() != nil }

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

// Read reads the objects of resources, whose Go types are in the scheme, from a file, from
// all files below a folder, or from stdin, and gives them to the sink. An error is the
// sink's; all else is in the report.
func Read(path string, resources []generators.Resource, scheme *kruntime.Scheme, stdin io.Reader, sink Sink) (Report, error) {
	r := &reader{
		wants:  wants{},
		sink:   sink,
		copies: map[identity]uint64{},
		Report: Report{Skipped: map[schema.GroupVersionKind]int{}},
	}
	decoder := serializer.NewCodecFactory(scheme).UniversalDeserializer()
	for _, of := range resources {
		w := newWant(of, decoder)
		r.wants[w.kind.GroupKind()] = w
	}
	r.start()
	single := path == Stdin
	if single {
		r.stream("standard input", stdin, true)
	} else {
		single = (&walk{reader: r}).root(path)
	}
	err := r.end()
	if single && r.Bad == nil && len(r.Files) > 0 && r.Files[0].Err != nil {
		r.Bad = fmt.Errorf("%s: %w", r.Files[0].Path, r.Files[0].Err)
	}
	return r.Report, err
}

// A reader reads files. It cuts texts into units in one goroutine, makes objects of them in
// several, and takes these in their order in one more.
type reader struct {
	wants wants
	sink  Sink
	Report

	units   chan job
	results chan job // the same, in their order
	done    chan struct{}
	failed  atomic.Pointer[error] // of the sink
	copies  map[identity]uint64   // resource version of the one that counts
}

// A job is a unit of a file, of which the result will come.
type job struct {
	file   *File
	unit   unit
	result chan result
}

// An identity is what there is one object of.
type identity struct {
	kind            schema.GroupKind
	namespace, name string
}

func (r *reader) start() {
	workers := runtime.GOMAXPROCS(0)
	r.units, r.results = make(chan job), make(chan job, 2*workers)
	r.done = make(chan struct{})
	for range workers {
		go func() {
			for j := range r.units {
				j.result <- r.wants.read(j.unit)
			}
		}()
	}
	go func() {
		defer close(r.done)
		for j := range r.results {
			r.take(j.file, <-j.result)
		}
	}()
}

// end waits until all that was cut has been taken.
func (r *reader) end() error {
	close(r.units)
	close(r.results)
	<-r.done
	r.Files = slices.DeleteFunc(r.Files, func(f *File) bool {
		return f.Err == nil && len(f.Failures) == 0 && f.Text == 0
	})
	return r.sinkError()
}

func (r *reader) sinkError() error {
	if err := r.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// emit has a unit of a file made an object, and that taken in its turn.
func (r *reader) emit(file *File, u unit) error {
	j := job{file, u, make(chan result, 1)}
	r.results <- j
	r.units <- j
	return r.sinkError()
}

// take takes what a unit has become.
func (r *reader) take(file *File, of result) {
	switch {
	case r.sinkError() != nil:
	case of.failure != nil:
		file.Failures = append(file.Failures, of.describe())
	case of.inner != nil:
		for _, u := range of.inner {
			r.take(file, r.wants.read(u))
		}
	case of.object == nil:
		if !of.unit.isList() {
			r.Skipped[of.kind]++
		}
	default:
		r.object(of.kind, of.object)
	}
}

// object gives on an object, unless a copy of it counts more: the one with the highest
// resource version does, and of equal ones the last.
func (r *reader) object(kind schema.GroupVersionKind, object kruntime.Object) {
	o := object.(metav1.Object)
	id := identity{kind.GroupKind(), o.GetNamespace(), o.GetName()}
	version, _ := strconv.ParseUint(o.GetResourceVersion(), 10, 64)
	if counts, ok := r.copies[id]; ok {
		r.Copies++
		if version < counts {
			return
		}
	} else {
		r.Objects++
	}
	r.copies[id] = version
	if err := r.sink(kind, object); err != nil {
		r.failed.Store(&err)
	}
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
