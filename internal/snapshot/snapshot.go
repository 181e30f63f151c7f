// Package snapshot reads Kubernetes objects from files, as kubectl prints them and support
// bundles hold them, and gives them on one by one.
//
// An object that cannot be read costs itself alone: text is cut into objects by what can be
// seen without parsing it (split.go, flow.go), and each is then parsed (object.go). What is
// held in memory is some objects, never a file.
package snapshot

import (
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/generators"
)

// Stdin is the path that stands for standard input.
const Stdin = "-"

// A Sink takes an object of a kind. One of the same kind, namespace and name as one before
// takes its place.
type Sink func(kind schema.GroupVersionKind, object kruntime.Object) error

// Read reads the objects of resources from a file, from all files below a folder, or from
// stdin, and gives them to the sink. An error is the sink's; all else is in the report.
func Read(path string, resources []generators.Resource, stdin io.Reader, sink Sink) (Report, error) {
	r := &reader{
		wants:  wants{},
		sink:   sink,
		copies: map[identity]uint64{},
		Report: Report{Skipped: map[schema.GroupVersionKind]int{}},
	}
	for _, of := range resources {
		d := of.Describe()
		r.wants[d.Kind.GroupKind()] = newWant(d)
	}
	r.start()
	single := path == Stdin
	if single {
		r.stream("standard input", stdin, true)
	} else {
		single = (&walk{reader: r, seen: map[stamp][]fs.FileInfo{}}).root(path)
	}
	err := r.end()
	if single && r.Bad == nil {
		r.Bad = badFile(r.Files)
	}
	return r.Report, err
}

// badFile returns why the single file that was named cannot be read as a whole. Files has it if
// anything is to be said of it.
func badFile(files []*File) error {
	for _, f := range files {
		switch {
		case f.Err != nil:
			return fmt.Errorf("%s: %w", f.Path, f.Err)
		case f.Text > 0 && !f.parsed:
			return fmt.Errorf("%s: is neither YAML nor JSON: %s", f.Path, f.First)
		}
	}
	return nil
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
