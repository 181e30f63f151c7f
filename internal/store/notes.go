package store

import (
	"iter"
	"math/bits"
	"slices"
	"unique"
)

// A Note is what the caller keeps with an object. The store compares Input alone.
type Note struct {
	// Input is the fingerprint of the input of the families in Rendered.Unchanged; 0 if unknown.
	Input uint64
	// Owner is the controller of the object, and State is what the caller counts from; nil and the zero
	// handle for none. They take memory only in pages that have any.
	Owner *Owner
	State unique.Handle[string]
}

// An Owner is a controller of objects, which share it: the store compares pointers. It is immutable.
type Owner struct {
	ID         [16]byte
	Kind, Name string
}

// An Object is the identity of an object in a partition.
type Object struct{ UID, Namespace string }

// notes are the notes of a page's objects, by slot.
type notes struct {
	inputs [pageSlots]uint64
	owners *column[*Owner]                // nil without any
	states *column[unique.Handle[string]] // nil without any
}

// A column has a value of each slot.
type column[T comparable] [pageSlots]T

func (n *notes) get(slot int) Note {
	return Note{n.inputs[slot], n.owners.get(slot), n.states.get(slot)}
}

func (n *notes) set(slot int, note Note) {
	n.inputs[slot] = note.Input
	n.owners, n.states = n.owners.with(slot, note.Owner), n.states.with(slot, note.State)
}

// clone returns an independent copy.
func (n *notes) clone() notes { return notes{n.inputs, n.owners.clone(), n.states.clone()} }

// get returns the value of a slot. c may be nil.
func (c *column[T]) get(slot int) (value T) {
	if c != nil {
		value = c[slot]
	}
	return value
}

// with sets the value of a slot. It returns c, or a new column if c is nil and value is not zero.
func (c *column[T]) with(slot int, value T) *column[T] {
	if c == nil {
		var zero T
		if value == zero {
			return nil
		}
		c = &column[T]{}
	}
	c[slot] = value
	return c
}

// clone returns an independent copy. c may be nil.
func (c *column[T]) clone() *column[T] {
	if c == nil {
		return nil
	}
	copied := *c
	return &copied
}

// Note returns the note of an object, and whether the object is stored.
func (p *Partition) Note(uid string) (Note, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := keyOf(uid)
	if at := p.index.find(&k); at != 0 {
		return p.note(at), true
	}
	return Note{}, false
}

// SetState replaces the State of an object's note. It ignores an unknown uid.
func (p *Partition) SetState(uid string, state unique.Handle[string]) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := keyOf(uid)
	if at := p.index.find(&k); at != 0 {
		n := &p.pages[at.page()].notes
		n.states = n.states.with(at.slot(), state)
	}
}

// Input returns the Input of an object's note, 0 if there is none.
func (p *Partition) Input(uid []byte) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := keyOf(uid)
	if at := p.index.find(&k); at != 0 {
		return p.input(at)
	}
	return 0
}

func (p *Partition) note(at slotRef) Note { return p.pages[at.page()].notes.get(at.slot()) }

func (p *Partition) input(at slotRef) uint64 { return p.pages[at.page()].notes.inputs[at.slot()] }

// Notes returns the objects with their notes, as they are when the iteration begins.
func (p *Partition) Notes() iter.Seq2[Object, Note] {
	return p.notes(func(*page, int) bool { return true })
}

// notes returns the objects for whose slots which returns true, with their notes. The partition is
// locked while which is called, but not while the objects are used.
func (p *Partition) notes(which func(pg *page, slot int) bool) iter.Seq2[Object, Note] {
	return func(yield func(Object, Note) bool) {
		objects, notes := p.appendNotes(nil, nil, which)
		for i, o := range objects {
			if !yield(o, notes[i]) {
				return
			}
		}
	}
}

func (p *Partition) appendNotes(objects []Object, notes []Note, which func(pg *page, slot int) bool) ([]Object, []Note) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, pg := range p.pages {
		if pg != nil {
			n += bits.OnesCount64(pg.used)
		}
	}
	objects, notes = slices.Grow(objects, n), slices.Grow(notes, n)
	for _, pg := range p.pages {
		if pg == nil {
			continue
		}
		for used := pg.used; used != 0; used &= used - 1 {
			if slot := bits.TrailingZeros64(used); which(pg, slot) {
				objects = append(objects, Object{pg.uids.get(slot), pg.namespaces[slot].Value()})
				notes = append(notes, pg.notes.get(slot))
			}
		}
	}
	return objects, notes
}

// Note is Partition.Note on the staging copy. Until Finish, an object that has not been set yet has its
// note of Begin.
func (s *Staging) Note(uid string) (Note, bool) { return s.next.Note(uid) }

// Leaving returns the objects of the present content that Replace would remove, with their present
// notes: those that have not been set since Begin, or that Retain has removed.
func (s *Staging) Leaving() iter.Seq2[Object, Note] {
	return s.next.base.notes(func(pg *page, slot int) bool {
		k := pg.uids.key(slot)
		at := s.find(&k)
		return at == 0 || !s.isSeen(at.page(), at.slot())
	})
}

// find returns the slot of an object in the staging copy, 0 if there is none.
func (s *Staging) find(k *key) slotRef {
	s.next.mu.Lock()
	defer s.next.mu.Unlock()
	return s.next.index.find(k)
}
