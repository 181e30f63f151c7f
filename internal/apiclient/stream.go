package apiclient

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/streaming"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/projection"
)

// A Stream is the response to a watch request. It serves one goroutine at a time; another may
// end it by its context.
type Stream struct {
	body        *coalescingReader
	contentType string
	frames      streaming.Decoder
	last        eventDecoder
}

type streamKey struct{}

// openStream sends a watch request and gives its response.
func openStream(ctx context.Context, n negotiator, request *rest.Request) (*Stream, error) {
	s := &Stream{}
	body, err := request.Stream(context.WithValue(ctx, streamKey{}, s))
	if err != nil {
		return nil, err
	}
	mediaType, params, _ := mime.ParseMediaType(s.contentType) // without one, n has a default
	objects, events, framer, err := n.StreamDecoder(mediaType, params)
	if err != nil {
		body.Close()
		return nil, err
	}
	s.last = eventDecoder{events: events, objects: objects}
	frames := framer.NewFrameReader(io.NopCloser(bufio.NewReaderSize(body, readAhead)))
	s.frames = streaming.NewDecoder(frames, &s.last)
	return s, nil
}

// Next gives the next event of an object that is wanted. The error is io.EOF once the
// response or the connection has ended, and another one if what came is no event.
func (s *Stream) Next() (watch.Event, error) {
	for {
		object, _, err := s.frames.Decode(nil, nil)
		if errors.Is(err, errUnwanted) {
			continue
		}
		if err != nil && s.body.ended {
			err = io.EOF
		}
		return watch.Event{Type: s.last.kind, Object: object}, err
	}
}

// Coalesce has events that come from now on be read together if they come closely one after
// another. Until then they are read when they come.
func (s *Stream) Coalesce() { s.body.coalesce = true }

// Close ends the request.
func (s *Stream) Close() { s.body.Close() }

// An eventDecoder decodes events of a watch and gives their objects. The object of a protobuf
// event is decoded from the buffer that the event was read into.
type eventDecoder struct {
	events, objects runtime.Decoder
	kind            watch.EventType // of the last event
}

// Decode decodes an event.
func (d *eventDecoder) Decode(b []byte, _ *schema.GroupVersionKind, _ runtime.Object) (runtime.Object, *schema.GroupVersionKind, error) {
	kind, object, ok := projection.OpenEvent(b)
	if !ok {
		var event metav1.WatchEvent
		if _, _, err := d.events.Decode(b, nil, &event); err != nil {
			return nil, nil, err
		}
		kind, object = []byte(event.Type), event.Object.Raw
	}
	for _, known := range []watch.EventType{watch.Modified, watch.Added, watch.Deleted, watch.Bookmark, watch.Error} {
		if string(kind) == string(known) {
			d.kind = known
			return d.objects.Decode(object, nil, nil)
		}
	}
	return nil, nil, fmt.Errorf("unknown type of event: %q", kind)
}
