package watcher

import (
	"cmp"
	"hash/maphash"
	"reflect"

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
	whole []byte
}

// seed is that of the hashes that specs are compared by.
var seed = maphash.MakeSeed()

// pack decodes an object of a stream, in the wire form that is cut already. One
// without a uid, which bookmarks are about, is no parcel.
func (d *decoder) pack(object message, wire []byte) (runtime.Object, error) {
	uid, spec := projection.UIDAnd(d.spec, wire)
	if len(uid) == 0 {
		return object, object.Unmarshal(wire)
	}
	p := &parcel{apiObject: object.(apiObject), basis: cmp.Or(maphash.Bytes(seed, spec), 1)}
	if d.part.Basis(uid) == p.basis {
		p.whole = append(p.whole, wire...)
		wire = wire[:d.narrow.Object(wire)]
	}
	return p, object.Unmarshal(wire)
}

// unpack gives the object with all that rows read.
func (p *parcel) unpack() (metav1.Object, error) {
	if p.whole == nil {
		return p.apiObject, nil
	}
	object := reflect.New(reflect.TypeOf(p.apiObject).Elem()).Interface().(message)
	if err := object.Unmarshal(p.whole); err != nil {
		return nil, err
	}
	return object.(metav1.Object), nil
}
