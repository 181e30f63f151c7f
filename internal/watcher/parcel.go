package watcher

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

// A parcel is an object on its way from the decoder of a stream to the feed, if
// some families of its resource are steady. If the text of the object in the store
// is of the same spec, what only those read has not been decoded. By the time it
// gets to the feed that may be of another spec, since changes queue between the two
// and lists are taken over: then it is decoded after all.
type parcel struct {
	apiObject
	// basis stands for the spec, as far as rows read it. It is not 0.
	basis uint64
	// whole is the wire form of all that rows read, if the object lacks some of that.
	whole *bytes.Buffer
	spare *spare
}

// spare is memory of parcels that have arrived, for later ones.
type spare struct {
	empty           func(metav1.Object) // makes an object ready for the next; nil if that cannot be
	objects, wholes sync.Pool
}

// seed is that of the hashes that specs are compared by.
var seed = maphash.MakeSeed()

// blank is an object to decode into.
func (d *decoder) blank() message {
	if object, ok := d.spare.objects.Get().(message); ok {
		return object
	}
	return reflect.New(d.object).Interface().(message)
}

// pack decodes an object of a stream, in the wire form that is cut already. One
// without a uid, which bookmarks are about, is no parcel.
func (d *decoder) pack(object message, wire []byte) (runtime.Object, error) {
	uid, spec := projection.UIDAnd(d.spec, wire)
	if len(uid) == 0 {
		return unmarshal(object, wire)
	}
	p := &parcel{apiObject: object.(apiObject), basis: cmp.Or(maphash.Bytes(seed, spec), 1), spare: &d.spare}
	if d.part.Fingerprint(uid) == p.basis {
		p.whole = d.spare.buffer()
		p.whole.Write(wire)
		wire = wire[:d.narrow.Object(wire)]
	}
	if err := object.Unmarshal(wire); err != nil {
		return nil, err
	}
	return p, nil
}

// buffer is one in which there is nothing.
func (s *spare) buffer() *bytes.Buffer {
	if b, ok := s.wholes.Get().(*bytes.Buffer); ok {
		b.Reset()
		return b
	}
	return &bytes.Buffer{}
}

// unpack has the object be decoded with all that rows read.
func (p *parcel) unpack() error {
	switch {
	case p.apiObject == nothing:
		return errArrived
	case p.whole == nil:
		return nil
	}
	object := reflect.New(reflect.TypeOf(p.apiObject).Elem()).Interface().(message)
	if err := object.Unmarshal(p.whole.Bytes()); err != nil {
		return err
	}
	p.apiObject = object.(apiObject)
	return nil
}

// arrived gives the memory of p to parcels to come. Nobody must have kept anything of
// the object but strings; whoever has p sees an object without anything.
func (p *parcel) arrived() {
	if p.whole != nil {
		p.spare.wholes.Put(p.whole)
		p.whole = nil
	}
	object := p.apiObject
	p.apiObject = nothing
	if object != nothing && p.spare.empty != nil {
		p.spare.empty(object)
		p.spare.objects.Put(object)
	}
}

// nothing is what has become of objects that have arrived.
var nothing apiObject = &metav1.PartialObjectMetadata{}

var errArrived = errors.New("the object was given before")
