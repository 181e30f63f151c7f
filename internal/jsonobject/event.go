package jsonobject

import "fmt"

// An Event is an event of a watch.
type Event struct {
	Type   string
	Object Object
}

// An EventReader parses events into reused memory. It serves one goroutine at a time.
type EventReader struct {
	parser parser
	event  Event
}

// Read parses an event, which shares text and is valid until the next call. A missing type or object
// is empty.
func (r *EventReader) Read(text []byte) (*Event, error) {
	r.event = Event{}
	p := &r.parser
	p.reset(text)
	err := p.members(func(key []byte) error {
		switch string(key) {
		case "type":
			return p.text(&r.event.Type)
		case "object":
			return p.nested(&r.event.Object)
		}
		return p.SkipValue()
	})
	if err == nil {
		err = p.readEnd()
	}
	if err != nil {
		return nil, fmt.Errorf("JSON of an event: %w", err)
	}
	return &r.event, nil
}
