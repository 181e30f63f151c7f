package apiclient

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/jsonobject"
	"github.com/kubestate/kubestate/internal/projection"
)

// A Stream is the response to a watch request. It serves one goroutine at a time; another may cancel
// its context and call Changed.
type Stream struct {
	body        *coalescingReader
	contentType string
	frames      frameReader
	isJSON      bool
	events      jsonobject.EventReader // if isJSON
	objects     runtime.Decoder
	changed     atomic.Int64 // the time of Changed in Unix nanoseconds, 0 for never
}

type streamKey struct{}

// openStream sends a watch request.
func openStream(ctx context.Context, n negotiator, request *rest.Request, readAhead int) (*Stream, error) {
	s := &Stream{}
	body, err := request.Stream(context.WithValue(ctx, streamKey{}, s))
	if err != nil {
		return nil, err
	}
	mediaType, params, _ := mime.ParseMediaType(s.contentType) // n has a default
	if s.objects, _, _, err = n.StreamDecoder(mediaType, params); err != nil {
		body.Close()
		return nil, err
	}
	s.isJSON = mediaType != runtime.ContentTypeProtobuf
	s.frames.Reader = bufio.NewReaderSize(body, readAhead)
	return s, nil
}

// Next returns the next event of a wanted object. An object without a Go type is valid until the next
// event. The error is io.EOF at the end of the response or the connection, and another one for a
// malformed event.
func (s *Stream) Next() (watch.Event, error) {
	for {
		event, err := s.read()
		if event.Type != watch.Added && event.Type != "" && s.changed.Load() == 0 {
			s.changed.Store(time.Now().UnixNano())
		}
		if errors.Is(err, errUnwanted) {
			continue
		}
		if err != nil && s.body.ended {
			err = io.EOF
		}
		return event, err
	}
}

// Changed returns the time of the first event that was not ADDED, of any object, wanted or not, and whether
// there was one.
func (s *Stream) Changed() (at time.Time, changed bool) {
	nanoseconds := s.changed.Load()
	return time.Unix(0, nanoseconds), nanoseconds != 0
}

// Coalesce has later events be read at most once per Interval. Earlier ones are read when they arrive.
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

// readProtobuf reads an event and decodes its object in the buffer.
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

// readJSON reads an event. One scan decodes the type and an object without a Go type.
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

var errNoEvent = errors.New("malformed event")

// eventType returns the event type of its wire form.
func eventType[T ~string | ~[]byte](kind T) (watch.EventType, error) {
	for _, known := range []watch.EventType{watch.Modified, watch.Added, watch.Deleted, watch.Bookmark, watch.Error} {
		if string(kind) == string(known) {
			return known, nil
		}
	}
	return "", fmt.Errorf("unknown event type %q", kind)
}
