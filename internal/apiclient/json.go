package apiclient

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/jsonobject"
)

// A jsonNegotiator decodes objects without a Go type.
type jsonNegotiator struct{ standardNegotiator }

func (jsonNegotiator) accept(bool) string { return runtime.ContentTypeJSON }

// Decoder gives the decoder of a list.
func (n jsonNegotiator) Decoder(contentType string, params map[string]string) (runtime.Decoder, error) {
	standard, err := n.standardNegotiator.Decoder(contentType, params)
	return jsonDecoder{standard}, err
}

// StreamDecoder gives the decoders of a watch.
func (n jsonNegotiator) StreamDecoder(contentType string, params map[string]string) (runtime.Decoder, runtime.Serializer, runtime.Framer, error) {
	standard, events, frames, err := n.standardNegotiator.StreamDecoder(contentType, params)
	return jsonDecoder{standard}, events, frames, err
}

var statusKind = coreVersion.WithKind("Status")

// A jsonDecoder decodes objects and lists without a Go type, and a Status as the standard one.
type jsonDecoder struct{ standard runtime.Decoder }

// Decode decodes an object or a list, which keep b.
func (d jsonDecoder) Decode(b []byte, defaults *schema.GroupVersionKind, into runtime.Object) (runtime.Object, *schema.GroupVersionKind, error) {
	if into == nil {
		object, kind, err := jsonobject.Decoder.Decode(b, defaults, nil)
		if err != nil || *kind != statusKind {
			return object, kind, err
		}
	}
	return d.standard.Decode(b, defaults, into)
}
