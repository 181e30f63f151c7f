package apiclient

import (
	"errors"
	"reflect"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/projection"
)

// A decoder decodes the objects of one response: a list or a watch. client-go's decoder decodes
// other forms. It serves one goroutine at a time.
type decoder struct {
	*cuttingNegotiator
	cutter     *projection.Cutter
	statusOnly *projection.Cutter // applied after cutter; nil if every object is decoded whole
	stream     bool
	columns    []int // index in the rows of the stream's tables, for each column of the resource
	standard   runtime.Decoder
}

// A message is a Kubernetes object that has a protobuf form.
type message interface {
	runtime.Object
	Unmarshal([]byte) error
}

// Decode decodes an object or a list. It cuts b in place.
func (d *decoder) Decode(b []byte, defaults *schema.GroupVersionKind, into runtime.Object) (object runtime.Object, kind *schema.GroupVersionKind, err error) {
	began := time.Now()
	defer func() { d.seconds.Add(time.Since(began).Seconds()) }()
	if into == nil {
		if object, err = d.decode(b); object != nil || err != nil {
			return object, &d.kind, err
		}
	}
	return d.standard.Decode(b, defaults, into)
}

// errUnwanted is the error for an object of a watch outside the shard.
var errUnwanted = errors.New("unwanted")

// decode decodes an object or list of the resource. It returns nil for anything else.
func (d *decoder) decode(b []byte) (runtime.Object, error) {
	e, ok := projection.Open(b)
	if !ok {
		if len(d.Columns) > 0 {
			return d.table(b)
		}
		return nil, nil
	}
	if d.stream && d.wants != nil {
		if namespace, uid := projection.Identity(e.Object); len(uid) > 0 && !d.wants(namespace, uid) {
			return nil, errUnwanted
		}
	}
	object, cut := d.target(e)
	if object == nil {
		return nil, nil
	}
	n := cut(e.Object)
	d.cut.Add(float64(len(e.Object) - n))
	if d.statusOnly != nil {
		return d.lazy(object, e.Object[:n])
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

// target returns the object to decode the content of an envelope into and the function that cuts
// the content, nil if the content is of another resource. Metadata alone has the wire form of an
// object without other fields.
func (d *decoder) target(e projection.Envelope) (object message, cut func([]byte) int) {
	kind := d.kind.Kind
	switch string(e.APIVersion) {
	case d.apiVersion:
	case metav1.SchemeGroupVersion.String():
		kind = "PartialObjectMetadata"
	default:
		return nil, nil
	}
	switch string(e.Kind) {
	case kind:
		return d.pool.objects.Get().(message), d.cutter.Object
	case kind + "List":
		return reflect.New(d.list).Interface().(message), func(b []byte) int { return d.cutter.List(b, d.wants) }
	default:
		return nil, nil
	}
}
