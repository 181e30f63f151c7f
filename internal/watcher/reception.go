package watcher

import (
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/projection"
	"github.com/kubestate/kubestate/internal/store"
)

// A reception is how the objects of one resource are asked for and received: as
// little of them as the table reads, from the API server if it can, and else
// into the decoder; and only those of a share. It is a runtime.ClientNegotiator,
// does not change and may be used concurrently.
type reception struct {
	runtime.ClientNegotiator // decodes what is left alone

	resource     facts
	apiVersion   string
	object, list reflect.Type // of structs
	projection   *projection.Projection
	share        *share

	// What is left out of objects of a stream, cut already, of which part has the
	// text for the same spec: nil if nothing is. The spec has a number on the wire.
	narrow *projection.Projection
	spec   uint64
	part   *store.Part
	spare  spare

	received, cut, seconds prometheus.Counter
}

// whole are the forms in which objects come as they are.
const whole = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON

// Forms in which an API server leaves out all but the metadata, or all but that
// and what kubectl shows.
var (
	metadataOf     = as(runtime.ContentTypeProtobuf, "PartialObjectMetadata")
	metadataOfList = as(runtime.ContentTypeProtobuf, "PartialObjectMetadataList")
	tableOf        = as(runtime.ContentTypeJSON, "Table")
)

// as asks for a form, and for whole objects of a server that does not have it.
func as(mediaType, kind string) string {
	return fmt.Sprintf("%s;as=%s;g=%s;v=%s,%s", mediaType, kind, metav1.GroupName, metav1.SchemeGroupVersion.Version, whole)
}

func newReception(d facts, s *share, part *store.Part, m *Metrics) *reception {
	gv := d.Kind.GroupVersion()
	known := scheme.KnownTypes(gv)
	r := &reception{
		ClientNegotiator: runtime.NewClientNegotiator(codecs.WithoutConversion(), gv),
		resource:         d,
		apiVersion:       gv.String(),
		object:           known[d.Kind.Kind],
		list:             known[d.Kind.Kind+"List"],
		share:            s,
		received:         m.received.WithLabelValues(d.Name),
		cut:              m.cut.WithLabelValues(d.Name),
		seconds:          m.decoding.WithLabelValues(d.Name),
	}
	r.projection = projection.Compile(r.object, d.Reads)
	if len(d.Mixed) > 0 {
		r.narrow, r.spec, r.part = projection.Narrow(r.object, d.Mixed), projection.Number(r.object, "spec"), part
		r.spare.empty = d.Reset
	}
	return r
}

// client makes a client of the API server that config names, by way of h, whose
// answers the reception decodes.
func (r *reception) client(config *rest.Config, h *http.Client) (*rest.RESTClient, error) {
	base, path, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return nil, err
	}
	counted := *h
	if counted.Transport == nil {
		counted.Transport = http.DefaultTransport
	}
	counted.Transport = counting{counted.Transport, r.received}
	content := rest.ClientContentConfig{ContentType: config.ContentType, GroupVersion: *config.GroupVersion, Negotiator: r}
	return rest.NewRESTClient(base, path, content, nil, &counted)
}

// accept is what to ask for.
func (r *reception) accept(watch bool) string {
	switch {
	case len(r.resource.Columns) > 0:
		return tableOf
	case !slices.Equal(r.resource.Reads, []string{"metadata"}):
		return whole
	case watch:
		return metadataOf
	default:
		return metadataOfList
	}
}

// Decoder gives what decodes an answer.
func (r *reception) Decoder(contentType string, params map[string]string) (runtime.Decoder, error) {
	standard, err := r.ClientNegotiator.Decoder(contentType, params)
	return &decoder{reception: r, cutter: r.projection.NewCutter(), standard: standard}, err
}

// StreamDecoder gives what decodes the events of an answer and what they are
// about.
func (r *reception) StreamDecoder(contentType string, params map[string]string) (runtime.Decoder, runtime.Serializer, runtime.Framer, error) {
	standard, events, frames, err := r.ClientNegotiator.StreamDecoder(contentType, params)
	if contentType == runtime.ContentTypeProtobuf {
		events = eventSerializer{events}
		if !r.share.present().IsAll() {
			frames = framer{frames, r.share}
		}
	}
	d := &decoder{reception: r, cutter: r.projection.NewCutter(), stream: true, standard: standard}
	if r.narrow != nil {
		d.narrow = r.narrow.NewCutter()
	}
	return d, events, frames, err
}

// counting counts the bytes of answers.
type counting struct {
	http.RoundTripper
	bytes prometheus.Counter
}

// RoundTrip sends a request.
func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := c.RoundTripper.RoundTrip(r)
	if err == nil {
		answer.Body = batched(r.Context(), countedBody{answer.Body, c.bytes})
	}
	return answer, err
}

type countedBody struct {
	io.ReadCloser
	bytes prometheus.Counter
}

// Read reads some of the answer.
func (b countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.bytes.Add(float64(n))
	return n, err
}
