// Package snapshot reads Kubernetes objects from files, such as the output of kubectl and
// support bundles, and passes them to a sink one at a time.
//
// A bad object must not hide the others. A splitter therefore cuts the text of a file into
// fragments of one object each, by indentation and brackets, without parsing it: block.go for
// YAML in block style, flow.go and token.go for JSON and flow style, resync.go for damaged text.
// Each fragment is then parsed alone (object.go), of YAML only the fields that the resource's
// table reads (fields.go). Memory holds a few objects, never a file.
package snapshot

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"strconv"
	"sync/atomic"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"

	"github.com/kubestate/kubestate/internal/archive"
	"github.com/kubestate/kubestate/internal/generators"
)

// Stdin is the path of standard input.
const Stdin = "-"

// A Sink receives an object. Where resources with a Go type and without one have the same kind,
// it receives both forms of each object. An object replaces an earlier one of the same kind, namespace and name.
type Sink func(kind schema.GroupVersionKind, object kruntime.Object) error

// Read passes the objects of the resources, whose Go types are in the scheme, to the sink: those of the file at path, of all files
// below the folder at path, or of stdin if path is Stdin. It returns the error of the sink, which
// ends the reading; errors of files and objects are in the report.
func Read(path string, resources []generators.Resource, scheme *kruntime.Scheme, stdin io.Reader, sink Sink) (Report, error) {
	r := &reader{
		exports:  exports{},
		sink:     sink,
		limits:   archive.Defaults,
		versions: map[identity]uint64{},
		raw:      bufio.NewReaderSize(nil, archive.BufferSize),
		source:   newSource(nil, 1),
		Report:   Report{Skipped: map[schema.GroupVersionKind]int{}, Ignored: map[string]int{}},
	}
	decoder := serializer.NewCodecFactory(scheme).UniversalDeserializer()
	for _, of := range resources {
		r.exports.add(newExport(of, decoder))
	}
	r.start()
	single := path == Stdin
	if single {
		r.stream("standard input", stdin, nil, named)
	} else {
		single = (&walk{reader: r, seen: map[stamp][]fs.FileInfo{}}).root(path)
	}
	err := r.end()
	if single && r.Err == nil {
		r.Err = badFile(r.Files, r.Archives > 0)
	}
	return r.Report, err
}

// badFile returns why a snapshot of a single file is unreadable as a whole, or nil. The file is
// missing from files if nothing is wrong with it. An archive is unreadable beyond a limit.
func badFile(files []*File, isArchive bool) error {
	for _, f := range files {
		switch {
		case isArchive && !isLimit(f.Err):
		case f.Err != nil:
			return fmt.Errorf("%s: %w", f.Path, f.Err)
		case f.StrayLines > 0 && !f.parsed:
			return fmt.Errorf("%s: is neither YAML nor JSON: %s", f.Path, f.FirstStray)
		}
	}
	return nil
}

// A reader is a pipeline of goroutines: the caller's splits files into fragments, several parse
// fragments, and one delivers the objects in the order of the text.
type reader struct {
	exports exports
	sink    Sink
	limits  archive.Limits
	Report

	raw    *bufio.Reader // of the file being read
	source *source       // of its text

	jobs      chan job // to parse
	ordered   chan job // to deliver: the same jobs, in the order of the text
	delivered chan struct{}
	sinkErr   atomic.Pointer[error]
	versions  map[identity]uint64 // resourceVersion of the copy delivered last
}

// A job is a fragment to parse, and the channel of its result; without one it is the end of the file.
type job struct {
	file     *File
	fragment fragment
	result   chan result
}

// An identity tells objects apart; two objects of one identity are copies.
type identity struct {
	kind            schema.GroupKind
	namespace, name string
}

// start starts the parsers and the delivery, which end joins.
func (r *reader) start() {
	workers := runtime.GOMAXPROCS(0)
	r.jobs, r.ordered = make(chan job), make(chan job, 2*workers)
	r.delivered = make(chan struct{})
	for range workers {
		go func() {
			for j := range r.jobs {
				j.result <- r.exports.read(j.fragment)
			}
		}()
	}
	go func() {
		defer close(r.delivered)
		for j := range r.ordered {
			if j.result == nil {
				r.keep(j.file)
			} else {
				r.deliver(j.file, <-j.result)
			}
		}
	}()
}

// finish ends a file, behind its fragments.
func (r *reader) finish(file *File) { r.ordered <- job{file: file} }

// keep records a file that has ended, if there are problems.
func (r *reader) keep(f *File) {
	switch {
	case f.Err == nil && f.Failed == 0 && f.StrayLines == 0:
	case len(r.Files) < maxNamed || isLimit(f.Err):
		r.Files = append(r.Files, f)
	default:
		r.Unnamed++
	}
}

// end waits until all objects are delivered.
func (r *reader) end() error {
	close(r.jobs)
	close(r.ordered)
	<-r.delivered
	return r.sinkError()
}

// sinkError returns the error of the sink, if there was one.
func (r *reader) sinkError() error {
	if err := r.sinkErr.Load(); err != nil {
		return *err
	}
	return nil
}

// emit hands a fragment of a file to the parsers.
func (r *reader) emit(file *File, u fragment) error {
	j := job{file, u, make(chan result, 1)}
	r.ordered <- j
	r.jobs <- j
	return r.sinkError()
}

// deliver records the result of a fragment, or passes its object to the sink.
func (r *reader) deliver(file *File, of result) {
	switch {
	case r.sinkError() != nil:
	case of.failure != nil:
		if file.Failed++; file.Failed <= maxNamed {
			file.Failures = append(file.Failures, of.describe())
		}
	case of.inner != nil:
		for _, u := range of.inner {
			r.deliver(file, r.exports.read(u))
		}
	case of.object == nil:
		if !of.fragment.isList() {
			r.skip(of.kind)
		}
	default:
		r.deliverObject(of.kind, of.object, of.json)
	}
}

// skip counts an object of a kind that is not exported.
func (r *reader) skip(kind schema.GroupVersionKind) {
	if _, ok := r.Skipped[kind]; !ok && len(r.Skipped) >= maxKinds {
		kind = schema.GroupVersionKind{}
	}
	r.Skipped[kind]++
}

// deliverObject passes an object, and its JSON if that is wanted too, to the sink unless a copy with a higher resourceVersion was
// delivered before it.
func (r *reader) deliverObject(kind schema.GroupVersionKind, object, json kruntime.Object) {
	o := object.(metav1.Object)
	id := identity{kind.GroupKind(), o.GetNamespace(), o.GetName()}
	version, _ := strconv.ParseUint(o.GetResourceVersion(), 10, 64)
	if highest, ok := r.versions[id]; ok {
		r.Copies++
		if version < highest {
			return
		}
	} else {
		r.Objects++
	}
	r.versions[id] = version
	err := r.sink(kind, object)
	if json != nil && err == nil {
		err = r.sink(kind, json)
	}
	if err != nil {
		r.sinkErr.Store(&err)
	}
}
