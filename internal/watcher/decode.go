package watcher

import (
	"reflect"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/kubestate/kubestate/internal/projection"
)

// A decoder decodes the objects of one answer: a list, or those of a stream of
// events. What it does not know, it leaves to client-go's. It serves one
// goroutine at a time.
type decoder struct {
	*reception
	cutter   *projection.Cutter
	narrow   *projection.Cutter // of what is cut already; nil if every object is decoded with all that rows read
	stream   bool
	columns  []int // for each of the resource's, where it is in the rows of the stream's tables
	standard runtime.Decoder
}

// message is what the types of Kubernetes are that have a protobuf form.
type message interface {
	runtime.Object
	Unmarshal([]byte) error
}

// Decode decodes an object or a list. It cuts the bytes in their place.
func (d *decoder) Decode(b []byte, defaults *schema.GroupVersionKind, into runtime.Object) (object runtime.Object, kind *schema.GroupVersionKind, err error) {
	began := time.Now()
	defer func() { d.seconds.Add(time.Since(began).Seconds()) }()
	if into == nil {
		if object, err = d.decode(b); object != nil || err != nil {
			return object, &d.resource.Kind, err
		}
	}
	return d.standard.Decode(b, defaults, into)
}

// decode decodes what is of the resource, and gives nothing for anything else.
func (d *decoder) decode(b []byte) (runtime.Object, error) {
	e, ok := projection.Open(b)
	if !ok {
		if len(d.resource.Columns) > 0 {
			return d.table(b)
		}
		return nil, nil
	}
	object, cut := d.target(e)
	if object == nil {
		return nil, nil
	}
	n := cut(e.Object)
	d.cut.Add(float64(len(e.Object) - n))
	if d.narrow != nil {
		return d.pack(object, e.Object[:n])
	}
	return unmarshal(object, e.Object[:n])
}

// unmarshal decodes wire into object.
func unmarshal(object message, wire []byte) (runtime.Object, error) {
	if err := object.Unmarshal(wire); err != nil {
		return nil, err
	}
	return object, nil
}

// target gives what to decode the content of an envelope into, and what cuts it
// before; nothing if that is not of the resource. Metadata alone has the wire
// form of an object of which nothing else is there.
func (d *decoder) target(e projection.Envelope) (object message, cut func([]byte) int) {
	kind := d.resource.Kind.Kind
	switch string(e.APIVersion) {
	case d.apiVersion:
	case metav1.SchemeGroupVersion.String():
		kind = "PartialObjectMetadata"
	default:
		return nil, nil
	}
	of, known := strings.CutPrefix(string(e.Kind), kind)
	switch {
	case known && of == "":
		return d.blank(), d.cutter.Object
	case known && of == "List":
		return reflect.New(d.list).Interface().(message), d.cutList
	default:
		return nil, nil
	}
}

// cutList cuts a list, and leaves out what is not of the share.
func (d *decoder) cutList(b []byte) int {
	if d.share.present().IsAll() {
		return d.cutter.List(b, nil)
	}
	return d.cutter.List(b, d.share.wants)
}

// eventSerializer decodes the events of a stream. What an event is about stays in
// the memory that the event was read into, since it is decoded before the next
// is read.
type eventSerializer struct{ runtime.Serializer }

// Decode decodes an event.
func (s eventSerializer) Decode(b []byte, defaults *schema.GroupVersionKind, into runtime.Object) (runtime.Object, *schema.GroupVersionKind, error) {
	event, ok := into.(*metav1.WatchEvent)
	if !ok {
		return s.Serializer.Decode(b, defaults, into)
	}
	kind, object, ok := projection.OpenEvent(b)
	if !ok {
		return s.Serializer.Decode(b, defaults, into)
	}
	event.Type = eventType(kind)
	event.Object.Raw = object
	return event, defaults, nil
}

// eventType is the text of kind, of which the usual ones are there already.
func eventType(kind []byte) string {
	for _, known := range []watch.EventType{watch.Modified, watch.Added, watch.Deleted, watch.Bookmark} {
		if string(kind) == string(known) {
			return string(known)
		}
	}
	return string(kind)
}
