package projection

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// The numbers of the fields that stand around an object.
var (
	typeMeta        = numberIn[runtime.Unknown]("TypeMeta")
	raw             = numberIn[runtime.Unknown]("Raw")
	contentEncoding = numberIn[runtime.Unknown]("ContentEncoding")
	apiVersion      = numberIn[runtime.TypeMeta]("APIVersion")
	kind            = numberIn[runtime.TypeMeta]("Kind")
	eventType       = numberIn[metav1.WatchEvent]("Type")
	eventObject     = numberIn[metav1.WatchEvent]("Object")
	extensionRaw    = numberIn[runtime.RawExtension]("Raw")
)

// magic begins whatever Kubernetes sends as protobuf, but for watch events.
const magic = "k8s\x00"

// An Envelope is what an API server puts an object in. Its parts share the
// memory of the whole.
type Envelope struct {
	APIVersion, Kind []byte
	Object           []byte // a message, to which Object and List of a Cutter apply
}

// Open opens an envelope: a runtime.Unknown after the bytes that tell it is one.
// It is not ok if b is none, or holds what is encoded in another way.
func Open(b []byte) (e Envelope, ok bool) {
	if len(b) < len(magic) || string(b[:len(magic)]) != magic {
		return Envelope{}, false
	}
	var meta, encoding []byte
	if !values(b[len(magic):], slot{typeMeta, &meta}, slot{raw, &e.Object}, slot{contentEncoding, &encoding}) || len(encoding) > 0 {
		return Envelope{}, false
	}
	return e, values(meta, slot{apiVersion, &e.APIVersion}, slot{kind, &e.Kind})
}

// OpenEvent gives the type of a watch event and what it is about, an envelope,
// both of which share its memory.
func OpenEvent(b []byte) (kind, object []byte, ok bool) {
	var extension []byte
	if !values(b, slot{eventType, &kind}, slot{eventObject, &extension}) || !values(extension, slot{extensionRaw, &object}) {
		return nil, nil, false
	}
	return kind, object, true
}

// UID gives metadata.uid of the wire form of an object, in the object's memory.
// It is empty if there is none.
func UID(object []byte) []byte {
	id, _ := UIDAnd(0, object)
	return id
}

// UIDAnd is UID, and the value of the object's field of the given number, if that
// is a message or the like. Where the field is there twice there is no uid.
func UIDAnd(number uint64, object []byte) (id, value []byte) {
	var meta []byte
	if !values(object, slot{metadata, &meta}, slot{number, &value}) || !values(meta, slot{uid, &id}) {
		return nil, nil
	}
	return id, value
}

// A slot takes the value of the field of a number.
type slot struct {
	number uint64
	value  *[]byte
}

// values fills the slots from a message. It is not ok if b is no message, or has
// a field twice, which decoders make one of.
func values(b []byte, slots ...slot) (ok bool) {
	for at := 0; at < len(b); {
		f, ok := next(b, at)
		if !ok {
			return false
		}
		at = f.end
		for _, s := range slots {
			if s.number != f.number || f.wire != bytes {
				continue
			}
			if *s.value != nil {
				return false
			}
			*s.value = b[f.content:f.end]
		}
	}
	return true
}
