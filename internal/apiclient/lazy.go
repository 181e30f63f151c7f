package apiclient

import (
	"bytes"
	"cmp"
	"errors"
	"hash/maphash"
	"reflect"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubestate/kubestate/internal/projection"
)

// An Object is an object of the API server.
type Object interface {
	runtime.Object
	metav1.Object
}

// A Lazy is an object of a watch whose resource has spec-only families. It lacks the fields that
// only those families read if the store has text of the same spec. Complete decodes these fields:
// the stored text may be of another spec when the object arrives.
type Lazy struct {
	Object
	fingerprint uint64        // of the fields of the spec that rows read; not 0
	wire        *bytes.Buffer // the fields that rows read, if Object lacks some; nil otherwise
	pool        *pool
}

// Fingerprint returns the fingerprint of the fields of the spec that rows read. It is not 0.
func (l *Lazy) Fingerprint() uint64 { return l.fingerprint }

// Partial reports whether the object lacks fields that spec-only families read.
func (l *Lazy) Partial() bool { return l.wire != nil }

// Complete decodes the fields that the object lacks.
func (l *Lazy) Complete() error {
	switch {
	case l.Object == released:
		return errReleased
	case l.wire == nil:
		return nil
	}
	object := reflect.New(reflect.TypeOf(l.Object).Elem()).Interface().(message)
	if err := object.Unmarshal(l.wire.Bytes()); err != nil {
		return err
	}
	l.Object = object.(Object)
	return nil
}

// Release returns the object's memory to the pool. Nobody may keep a reference to the object, except
// to its strings.
func (l *Lazy) Release() {
	if l.wire != nil {
		l.wire.Reset()
		l.pool.wires.Put(l.wire)
		l.wire = nil
	}
	object := l.Object
	l.Object = released
	if object != released && l.pool.reset != nil {
		l.pool.reset(object)
		l.pool.objects.Put(object)
	}
}

// released replaces an object whose memory has been reused.
var released Object = &metav1.PartialObjectMetadata{}

var errReleased = errors.New("BUG: the object was released before")

// A pool has the memory of released objects.
type pool struct {
	reset          func(metav1.Object) // clears an object; nil if objects are not reused
	objects, wires sync.Pool
}

// seed is the seed of fingerprints.
var seed = maphash.MakeSeed()

// lazy decodes an object of a watch from its cut wire form. An object without a uid, such as that of
// a bookmark, does not become a Lazy.
func (d *decoder) lazy(object message, wire []byte) (runtime.Object, error) {
	uid, spec := projection.UIDAnd(d.spec, wire)
	if len(uid) == 0 {
		return unmarshal(object, wire)
	}
	l := &Lazy{Object: object.(Object), fingerprint: cmp.Or(maphash.Bytes(seed, spec), 1), pool: &d.pool}
	if d.fingerprint(uid) == l.fingerprint {
		l.wire = d.pool.wires.Get().(*bytes.Buffer)
		l.wire.Write(wire)
		wire = wire[:d.statusOnly.Object(wire)]
	}
	if err := object.Unmarshal(wire); err != nil {
		return nil, err
	}
	return l, nil
}
