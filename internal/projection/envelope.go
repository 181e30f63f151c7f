package projection

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Numbers of the fields that enclose an object.
var (
	typeMeta        = numberIn[runtime.Unknown]("TypeMeta")
	raw             = numberIn[runtime.Unknown]("Raw")
	contentEncoding = numberIn[runtime.Unknown]("ContentEncoding")
	apiVersion      = numberIn[runtime.TypeMeta]("APIVersion")
	kind            = numberIn[runtime.TypeMeta]("Kind")
	typeOfEvent     = numberIn[metav1.WatchEvent]("Type")
	eventObject     = numberIn[metav1.WatchEvent]("Object")
	extensionRaw    = numberIn[runtime.RawExtension]("Raw")
)

// magic is the prefix of all protobuf that Kubernetes sends, except for watch events.
const magic = "k8s\x00"

// An Envelope is the runtime.Unknown in which an API server sends an object. It shares the memory
// of the encoding.
type Envelope struct {
	APIVersion, Kind []byte
	Object           []byte // the encoded object or list, for Cutter
}

// Open decodes an envelope. It is not ok if b is not one, or holds another encoding than protobuf.
func Open(b []byte) (e Envelope, ok bool) {
	if len(b) < len(magic) || string(b[:len(magic)]) != magic {
		return Envelope{}, false
	}
	var meta, encoding []byte
	if !values(b[len(magic):], capture{typeMeta, &meta}, capture{raw, &e.Object}, capture{contentEncoding, &encoding}) || len(encoding) > 0 {
		return Envelope{}, false
	}
	return e, values(meta, capture{apiVersion, &e.APIVersion}, capture{kind, &e.Kind})
}

// OpenEvent decodes a watch event: its type, and its object in an envelope. Both share the memory
// of b.
func OpenEvent(b []byte) (eventType, object []byte, ok bool) {
	var extension []byte
	if !values(b, capture{typeOfEvent, &eventType}, capture{eventObject, &extension}) || !values(extension, capture{extensionRaw, &object}) {
		return nil, nil, false
	}
	return eventType, object, true
}

// Identity returns metadata.namespace and metadata.uid of an encoded object, in the object's
// memory. Both are empty if the object has no uid, or a field twice.
func Identity(object []byte) (in, id []byte) {
	var meta []byte
	if !values(object, capture{metadata, &meta}) || !values(meta, capture{namespace, &in}, capture{uid, &id}) || len(id) == 0 {
		return nil, nil
	}
	return in, id
}

// UIDAnd returns metadata.uid and the value of a top-level field of the wire type bytes. Both are empty
// if the object has the field twice.
func UIDAnd(number uint64, object []byte) (id, value []byte) {
	var meta []byte
	if !values(object, capture{metadata, &meta}, capture{number, &value}) || !values(meta, capture{uid, &id}) {
		return nil, nil
	}
	return id, value
}

// A capture stores the value of a field.
type capture struct {
	number uint64
	value  *[]byte
}

// values captures fields of a message. It is not ok if b is malformed or has a captured field
// twice, which decoders merge.
func values(b []byte, captures ...capture) (ok bool) {
	for at := 0; at < len(b); {
		f, ok := next(b, at)
		if !ok {
			return false
		}
		at = f.end
		for _, c := range captures {
			if c.number != f.number || f.wire != bytes {
				continue
			}
			if *c.value != nil {
				return false
			}
			*c.value = b[f.content:f.end]
		}
	}
	return true
}
