package apiclient

import (
	"context"
	"io"
	"mime"

	"k8s.io/apimachinery/pkg/runtime/serializer/streaming"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
	restwatch "k8s.io/client-go/rest/watch"
)

// A Stream is the response to a watch request. It serves one goroutine at a time; another may
// end it by its context.
type Stream struct {
	body        *coalescingReader
	contentType string
	events      *restwatch.Decoder
}

type streamKey struct{}

// openStream sends a watch request and gives its response.
func openStream(ctx context.Context, n negotiator, request *rest.Request) (*Stream, error) {
	s := &Stream{}
	body, err := request.Stream(context.WithValue(ctx, streamKey{}, s))
	if err != nil {
		return nil, err
	}
	mediaType, params, err := mime.ParseMediaType(s.contentType)
	if err != nil {
		body.Close()
		return nil, err
	}
	objects, events, framer, err := n.StreamDecoder(mediaType, params)
	if err != nil {
		body.Close()
		return nil, err
	}
	s.events = restwatch.NewDecoder(streaming.NewDecoder(framer.NewFrameReader(body), events), objects)
	return s, nil
}

// Next gives the next event. The error is io.EOF once the response or the connection has
// ended, and another one if what came is no event.
func (s *Stream) Next() (watch.Event, error) {
	kind, object, err := s.events.Decode()
	if err != nil && s.body.ended {
		err = io.EOF
	}
	return watch.Event{Type: kind, Object: object}, err
}

// Coalesce has events that come from now on be read together if they come closely one after
// another. Until then they are read when they come.
func (s *Stream) Coalesce() { s.body.coalesce = true }

// Close ends the request.
func (s *Stream) Close() { s.events.Close() }
