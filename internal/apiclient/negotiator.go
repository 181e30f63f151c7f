package apiclient

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/projection"
)

// Accept headers for whole objects, metadata alone, and the columns of kubectl. A server that does
// not support the others sends whole objects.
var (
	wholeObjects = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	metadata     = as(runtime.ContentTypeProtobuf, "PartialObjectMetadata", wholeObjects)
	metadataList = as(runtime.ContentTypeProtobuf, "PartialObjectMetadataList", wholeObjects)
	tables       = as(runtime.ContentTypeJSON, "Table", wholeObjects)

	jsonMetadata     = as(runtime.ContentTypeJSON, "PartialObjectMetadata", runtime.ContentTypeJSON)
	jsonMetadataList = as(runtime.ContentTypeJSON, "PartialObjectMetadataList", runtime.ContentTypeJSON)
)

func as(mediaType, kind, others string) string {
	return fmt.Sprintf("%s;as=%s;g=%s;v=%s,%s", mediaType, kind, metav1.GroupName, metav1.SchemeGroupVersion.Version, others)
}

// onlyMetadata reports whether a recipe reads nothing but the metadata of objects.
func onlyMetadata(r generators.Recipe) bool { return slices.Equal(r.Reads, []string{"metadata"}) }

// A standardNegotiator decodes whole objects.
type standardNegotiator struct{ runtime.ClientNegotiator }

func (standardNegotiator) accept(bool) string { return wholeObjects }

// A cuttingNegotiator decodes the fields that the rows of one resource read, and drops objects outside
// the shard. It may be used concurrently.
type cuttingNegotiator struct {
	runtime.ClientNegotiator // for other forms

	generators.Recipe
	kind         schema.GroupVersionKind
	apiVersion   string
	object, list reflect.Type // of structs
	projection   *projection.Projection
	wants        func(namespace, uid []byte) bool // nil for all

	// statusOnly is projection without the fields that only spec-only families read; nil if
	// every object is decoded whole.
	statusOnly  *projection.Projection
	spec        uint64 // the field number
	fingerprint func(uid []byte) uint64
	pool        pool

	cut, seconds prometheus.Counter
}

func (c *Client) newCuttingNegotiator(d generators.Description, recipe generators.Recipe, o Options) *cuttingNegotiator {
	gv := d.Kind.GroupVersion()
	n := &cuttingNegotiator{
		ClientNegotiator: c.negotiator(gv),
		Recipe:           recipe,
		kind:             d.Kind,
		apiVersion:       gv.String(),
		object:           recipe.GoType.Elem(),
		list:             c.scheme.KnownTypes(gv)[d.Kind.Kind+"List"],
		wants:            o.Wants,
		cut:              o.Metrics.cut.WithLabelValues(d.Name),
		seconds:          o.Metrics.decoding.WithLabelValues(d.Name),
	}
	n.projection = projection.Compile(n.object, recipe.Reads)
	n.pool.objects.New = func() any { return reflect.New(n.object).Interface() }
	n.pool.wires.New = func() any { return new(bytes.Buffer) }
	if len(recipe.Mixed) > 0 && o.Fingerprint != nil {
		n.statusOnly, n.spec = projection.Narrow(n.object, recipe.Mixed), projection.Number(n.object, "spec")
		n.fingerprint, n.pool.reset = o.Fingerprint, recipe.Reset
	}
	return n
}

// accept returns the Accept header.
func (n *cuttingNegotiator) accept(watch bool) string {
	switch {
	case len(n.Columns) > 0:
		return tables
	case !onlyMetadata(n.Recipe):
		return wholeObjects
	case watch:
		return metadata
	default:
		return metadataList
	}
}

// Decoder returns the decoder of a list.
func (n *cuttingNegotiator) Decoder(contentType string, params map[string]string) (runtime.Decoder, error) {
	standard, err := n.ClientNegotiator.Decoder(contentType, params)
	return &decoder{cuttingNegotiator: n, cutter: n.projection.NewCutter(), standard: standard}, err
}

// StreamDecoder returns the decoders of a watch.
func (n *cuttingNegotiator) StreamDecoder(contentType string, params map[string]string) (runtime.Decoder, runtime.Serializer, runtime.Framer, error) {
	standard, events, frames, err := n.ClientNegotiator.StreamDecoder(contentType, params)
	d := &decoder{cuttingNegotiator: n, cutter: n.projection.NewCutter(), stream: true, standard: standard}
	if n.statusOnly != nil {
		d.statusOnly = n.statusOnly.NewCutter()
	}
	return d, events, frames, err
}
