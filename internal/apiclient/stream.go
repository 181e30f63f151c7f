package apiclient

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/jsonobject"
	"github.com/kubestate/kubestate/internal/projection"
)

// A Stream is the response to a watch request. It serves one goroutine at a time; another may
// end it by its context.
type Stream struct {
	body        *coalescingReader
	contentType string
	frames      frameReader
	isJSON      bool
	events      jsonobject.EventReader // if isJSON
	objects     runtime.Decoder
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
	if s.objects, _, _, err = n.StreamDecoder(mediaType, params); err != nil {
		body.Close()
		return nil, err
	}
	s.isJSON = mediaType != runtime.ContentTypeProtobuf
	s.frames.Reader = bufio.NewReaderSize(body, readAhead)
	return s, nil
}

// Next gives the next event of an object that is wanted. An object without a Go type is valid
// until the next one. The error is io.EOF once the response or the connection has ended, and
// another one if what came is no event.
func (s *Stream) Next() (watch.Event, error) {
	for {
		event, err := s.read()
		if errors.Is(err, errUnwanted) {
			continue
		}
		if err != nil && s.body.ended {
			err = io.EOF
		}
		return event, err
	}
}

// Coalesce has events that come from now on be read together if they come closely one after
// another. Until then they are read when they come.
func (s *Stream) Coalesce() { s.body.coalesce = true }

// Close ends the request.
func (s *Stream) Close() { s.body.Close() }

// read reads an event of any object.
func (s *Stream) read() (watch.Event, error) {
	if s.isJSON {
		return s.readJSON()
	}
	return s.readProtobuf()
}

// readProtobuf reads an event. Its object is decoded from the buffer that the event was read into.
func (s *Stream) readProtobuf() (e watch.Event, err error) {
	frame, err := s.frames.delimited()
	if err != nil {
		return e, err
	}
	kind, object, ok := projection.OpenEvent(frame)
	if !ok {
		return e, errNoEvent
	}
	if e.Type, err = eventType(kind); err == nil {
		e.Object, _, err = s.objects.Decode(object, nil, nil)
	}
	return e, err
}

// readJSON reads an event. One scan gives its type and, unless it has a Go type, its object.
func (s *Stream) readJSON() (e watch.Event, err error) {
	line, err := s.frames.line()
	if err != nil {
		return e, err
	}
	began := time.Now()
	event, err := s.events.Read(line)
	if err != nil {
		return e, err
	}
	if e.Type, err = eventType(event.Type); err != nil {
		return e, err
	}
	if len(event.Object.JSON) == 0 {
		return e, errNoEvent
	}
	if d, plain := s.objects.(jsonDecoder); plain && event.Object.GroupVersionKind() != statusKind {
		d.count(began)
		e.Object = &event.Object
		return e, nil
	}
	e.Object, _, err = s.objects.Decode(event.Object.JSON, nil, nil)
	return e, err
}

var errNoEvent = errors.New("a frame that is no event")

// eventType gives the type of an event that is written as kind.
func eventType[T ~string | ~[]byte](kind T) (watch.EventType, error) {
	for _, known := range []watch.EventType{watch.Modified, watch.Added, watch.Deleted, watch.Bookmark, watch.Error} {
		if string(kind) == string(known) {
			return known, nil
		}
	}
	return "", fmt.Errorf("unknown type of event: %q", kind)
}
