// Package store keeps the rendered text of objects and gives readers a view of
// all of it at one moment.
//
// It knows uids and bytes, nothing of Kubernetes. A Resource holds the text of
// one resource's objects, grouped in Parts, one for each source of objects.
// Parts are written by their sources and read by any number of readers at the
// same time. A reader takes a View, which never changes, and writes it out at
// its own pace: no lock is held meanwhile, and no writer waits.
package store

import (
	"bytes"
	"slices"
	"sync"
)

// A Resource is the text of one resource's objects.
type Resource struct {
	name    string
	headers [][]byte
	parts   []*Part
}

// NewResource makes an empty resource with the given number of parts. headers
// are the HELP and TYPE lines of its families, in order; they must not change.
func NewResource(name string, headers [][]byte, parts int) *Resource {
	r := &Resource{name: name, headers: headers}
	for range parts {
		r.parts = append(r.parts, &Part{index: map[string]int{}})
	}
	return r
}

// Name is the name under which clients ask for the resource.
func (r *Resource) Name() string { return r.name }

// Parts gives the resource's parts, in the order in which they are read.
func (r *Resource) Parts() []*Part { return r.parts }

// A Part is what one source knows of a resource. Its methods may be called
// concurrently. Objects keep their place, so that an answer is in the same
// order as the one before.
type Part struct {
	mu    sync.RWMutex
	slots []*object // nil where an object was deleted
	index map[string]int
	free  []int
}

// object is the text of one object. It never changes; it is replaced.
type object struct {
	uid  string
	text []byte
	ends []uint32 // where the text of each family ends
}

func newObject(uid string, text []byte, ends []int) *object {
	o := &object{uid: uid, text: bytes.Clone(text), ends: make([]uint32, len(ends))}
	for i, end := range ends {
		o.ends[i] = uint32(end)
	}
	return o
}

func (o *object) family(i int) []byte {
	start := uint32(0)
	if i > 0 {
		start = o.ends[i-1]
	}
	return o.text[start:o.ends[i]]
}

// Set stores the text of an object, in place of what was there for its uid.
// ends are the lengths of text after each family. Both are copied.
func (p *Part) Set(uid string, text []byte, ends []int) {
	if p.has(uid, text) {
		return
	}
	o := newObject(uid, text, ends)
	p.mu.Lock()
	defer p.mu.Unlock()
	if i, ok := p.index[uid]; ok {
		p.slots[i] = o
		return
	}
	p.insert(o)
}

// has says whether text is stored for uid already: many changes of an object
// change none of its series. Equal text has equal ends, since families are told
// apart by their names.
func (p *Part) has(uid string, text []byte) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	i, ok := p.index[uid]
	return ok && bytes.Equal(p.slots[i].text, text)
}

func (p *Part) insert(o *object) {
	if n := len(p.free); n > 0 {
		i := p.free[n-1]
		p.free = p.free[:n-1]
		p.slots[i] = o
		p.index[o.uid] = i
		return
	}
	p.index[o.uid] = len(p.slots)
	p.slots = append(p.slots, o)
}

// Delete forgets an object. It does nothing for a uid that is not stored.
func (p *Part) Delete(uid string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i, ok := p.index[uid]; ok {
		p.slots[i] = nil
		p.free = append(p.free, i)
		delete(p.index, uid)
	}
}

// Len is the number of objects stored.
func (p *Part) Len() int {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return len(p.index)
}

// A Generation is the next content of a part, built beside the present one. It
// serves one goroutine.
type Generation struct {
	objects []*object
	index   map[string]int
}

// NewGeneration makes an empty generation for about n objects.
func NewGeneration(n int) *Generation {
	return &Generation{objects: make([]*object, 0, n), index: make(map[string]int, n)}
}

// Set is Part.Set on the generation.
func (g *Generation) Set(uid string, text []byte, ends []int) {
	o := newObject(uid, text, ends)
	if i, ok := g.index[uid]; ok {
		g.objects[i] = o
		return
	}
	g.index[uid] = len(g.objects)
	g.objects = append(g.objects, o)
}

// Replace makes g the content of the part in one step: a view has all of the
// old content or all of the new. Objects that are in both keep their place. g
// must not be used afterwards.
func (p *Part) Replace(g *Generation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := &Part{slots: make([]*object, len(p.slots), max(len(p.slots), len(g.objects))), index: g.index}
	var fresh []*object
	for _, o := range g.objects {
		if i, ok := p.index[o.uid]; ok {
			next.slots[i] = o
			next.index[o.uid] = i
		} else {
			fresh = append(fresh, o)
		}
	}
	for i, o := range next.slots {
		if o == nil {
			next.free = append(next.free, i)
		}
	}
	slices.Reverse(next.free) // the first gaps are filled first
	for _, o := range fresh {
		next.insert(o)
	}
	p.slots, p.index, p.free = next.slots, next.index, next.free
}

// View is the content of a resource at one moment.
type View struct {
	headers [][]byte
	objects []*object
}

// View gives the present content of r. Of each part it is all that was set
// before the call.
func (r *Resource) View() View {
	v := View{headers: r.headers}
	for _, p := range r.parts {
		v.objects = p.appendObjects(v.objects)
	}
	return v
}

func (p *Part) appendObjects(objects []*object) []*object {
	p.mu.RLock()
	defer p.mu.RUnlock()
	objects = slices.Grow(objects, len(p.index))
	for _, o := range p.slots {
		if o != nil {
			objects = append(objects, o)
		}
	}
	return objects
}

// Objects is the number of objects in the view.
func (v View) Objects() int { return len(v.objects) }

// Chunks calls yield with the text of the view, piece by piece, until yield
// returns false: for each family its header and its lines. A view without
// objects has no text. The pieces must not be changed.
func (v View) Chunks(yield func([]byte) bool) {
	if len(v.objects) == 0 {
		return
	}
	for i, header := range v.headers {
		if !yield(header) {
			return
		}
		for _, o := range v.objects {
			if lines := o.family(i); len(lines) > 0 && !yield(lines) {
				return
			}
		}
	}
}
