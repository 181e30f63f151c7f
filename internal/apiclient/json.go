package apiclient

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/jsonobject"
)

// A jsonNegotiator decodes objects without a Go type.
type jsonNegotiator struct {
	standardNegotiator
	seconds      prometheus.Counter // spent on decoding
	onlyMetadata bool
}

// accept returns the Accept header.
func (n jsonNegotiator) accept(watch bool) string {
	switch {
	case !n.onlyMetadata:
		return runtime.ContentTypeJSON
	case watch:
		return jsonMetadata
	default:
		return jsonMetadataList
	}
}

// Decoder returns the decoder of a list.
func (n jsonNegotiator) Decoder(contentType string, params map[string]string) (runtime.Decoder, error) {
	standard, err := n.standardNegotiator.Decoder(contentType, params)
	return jsonDecoder{standard, n.seconds}, err
}

// StreamDecoder returns the decoders of a watch.
func (n jsonNegotiator) StreamDecoder(contentType string, params map[string]string) (runtime.Decoder, runtime.Serializer, runtime.Framer, error) {
	standard, events, frames, err := n.standardNegotiator.StreamDecoder(contentType, params)
	return jsonDecoder{standard, n.seconds}, events, frames, err
}

var statusKind = coreVersion.WithKind("Status")

// A jsonDecoder decodes objects and lists without a Go type. The standard decoder decodes a Status.
type jsonDecoder struct {
	standard runtime.Decoder
	seconds  prometheus.Counter
}

// Decode decodes an object or a list, which share b.
func (d jsonDecoder) Decode(b []byte, defaults *schema.GroupVersionKind, into runtime.Object) (runtime.Object, *schema.GroupVersionKind, error) {
	defer d.count(time.Now())
	if into == nil {
		object, kind, err := jsonobject.Decoder.Decode(b, defaults, nil)
		if err != nil || *kind != statusKind {
			return object, kind, err
		}
	}
	return d.standard.Decode(b, defaults, into)
}

// count adds the time since decoding began to the metric.
func (d jsonDecoder) count(began time.Time) { d.seconds.Add(time.Since(began).Seconds()) }
