package apiclient

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/projection"
)

// Accept headers. The server leaves out all but the metadata, or all but that and what kubectl
// shows; a server that cannot sends whole objects.
var (
	wholeObjects = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	metadata     = as(runtime.ContentTypeProtobuf, "PartialObjectMetadata")
	metadataList = as(runtime.ContentTypeProtobuf, "PartialObjectMetadataList")
	tables       = as(runtime.ContentTypeJSON, "Table")
)

func as(mediaType, kind string) string {
	return fmt.Sprintf("%s;as=%s;g=%s;v=%s,%s", mediaType, kind, metav1.GroupName, metav1.SchemeGroupVersion.Version, wholeObjects)
}

// A standardNegotiator decodes whole objects.
type standardNegotiator struct{ runtime.ClientNegotiator }

func (standardNegotiator) accept(bool) string { return wholeObjects }

// A cuttingNegotiator decodes of the objects of one resource what its rows read, and drops
// those that the filter does not choose. It may be used concurrently.
type cuttingNegotiator struct {
	runtime.ClientNegotiator // decodes what is in no form known here

	resource     generators.Description
	apiVersion   string
	object, list reflect.Type // of structs
	projection   *projection.Projection
	filter       Filter // nil for all

	// statusOnly is projection without the fields that spec-only families read; nil if a Lazy
	// is never made.
	statusOnly  *projection.Projection
	spec        uint64 // its field number
	fingerprint func(uid []byte) uint64
	pool        pool

	cut, seconds prometheus.Counter
}

func newCuttingNegotiator(d generators.Description, o Options) *cuttingNegotiator {
	gv := d.Kind.GroupVersion()
	known := scheme.KnownTypes(gv)
	n := &cuttingNegotiator{
		ClientNegotiator: runtime.NewClientNegotiator(codecs.WithoutConversion(), gv),
		resource:         d,
		apiVersion:       gv.String(),
		object:           known[d.Kind.Kind],
		list:             known[d.Kind.Kind+"List"],
		filter:           o.Filter,
		cut:              o.Metrics.cut.WithLabelValues(d.Key),
		seconds:          o.Metrics.decoding.WithLabelValues(d.Key),
	}
	n.projection = projection.Compile(n.object, d.Reads)
	if len(d.Unsteady) > 0 && o.Fingerprint != nil {
		n.statusOnly, n.spec = projection.Narrow(n.object, d.Unsteady), projection.Number(n.object, "spec")
		n.fingerprint, n.pool.reset = o.Fingerprint, d.Empty
	}
	return n
}

// filters reports whether objects may have to be dropped.
func (n *cuttingNegotiator) filters() bool { return n.filter != nil && !n.filter.All() }

// accept gives the Accept header.
func (n *cuttingNegotiator) accept(watch bool) string {
	switch {
	case len(n.resource.Columns) > 0:
		return tables
	case !slices.Equal(n.resource.Reads, []string{"metadata"}):
		return wholeObjects
	case watch:
		return metadata
	default:
		return metadataList
	}
}

// Decoder gives the decoder of a list.
func (n *cuttingNegotiator) Decoder(contentType string, params map[string]string) (runtime.Decoder, error) {
	standard, err := n.ClientNegotiator.Decoder(contentType, params)
	return &decoder{cuttingNegotiator: n, cutter: n.projection.NewCutter(), standard: standard}, err
}

// StreamDecoder gives the decoders of a watch: of the objects, of the events, and the framer.
func (n *cuttingNegotiator) StreamDecoder(contentType string, params map[string]string) (runtime.Decoder, runtime.Serializer, runtime.Framer, error) {
	standard, events, frames, err := n.ClientNegotiator.StreamDecoder(contentType, params)
	if contentType == runtime.ContentTypeProtobuf {
		events = eventSerializer{events}
		if n.filters() {
			frames = framer{frames, n.filter}
		}
	}
	d := &decoder{cuttingNegotiator: n, cutter: n.projection.NewCutter(), stream: true, standard: standard}
	if n.statusOnly != nil {
		d.statusOnly = n.statusOnly.NewCutter()
	}
	return d, events, frames, err
}
