package jsonobject

import "fmt"

// An Event is an event of a watch.
type Event struct {
	Type   string
	Object Object
}

// An EventReader reads events into memory that is used again. It serves one goroutine at a time.
type EventReader struct {
	parser parser
	event  Event
}

// Read reads an event, which keeps text. It is valid until the next one is read. An event
// without a type or an object has an empty one.
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
