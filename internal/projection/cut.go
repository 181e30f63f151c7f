package projection

// A Cutter cuts what a projection does not keep. It owns scratch memory and
// serves one goroutine at a time.
type Cutter struct {
	projection *Projection
	edits      []edit
}

// An edit is a stretch of a buffer that gives way to a length, or to nothing.
type edit struct {
	start, end int
	length     int // or remove
}

const remove = -1

// NewCutter makes a cutter of objects.
func (p *Projection) NewCutter() *Cutter { return &Cutter{projection: p} }

// Object cuts the wire form of an object, and gives how much of b it takes then.
// The rest of b is zero. If b is no message, it stays as it is.
func (c *Cutter) Object(b []byte) int {
	c.edits = c.edits[:0]
	shorter, ok := c.plan(&c.projection.object, b, 0)
	if !ok || shorter == 0 {
		return len(b)
	}
	c.apply(b)
	clear(b[len(b)-shorter:])
	return len(b) - shorter
}

// plan notes in edits what is to change in the message that goes from start to
// the end of b, and gives how many bytes shorter it will be.
func (c *Cutter) plan(m *message, b []byte, start int) (shorter int, ok bool) {
	for at := start; at < len(b); {
		f, ok := next(b, at)
		if !ok {
			return 0, false
		}
		at = f.end
		switch a := m.action(f.number); {
		case a.verdict == cut:
			c.edits = append(c.edits, edit{f.start, f.end, remove})
			shorter += f.end - f.start
		case a.verdict == look && f.wire == bytes:
			less, ok := c.look(a.inner, b, f)
			if !ok {
				return 0, false
			}
			shorter += less
		}
	}
	return shorter, true
}

// look plans for the message that f holds.
func (c *Cutter) look(m *message, b []byte, f field) (shorter int, ok bool) {
	mark := len(c.edits)
	c.edits = append(c.edits, edit{start: f.length, end: f.content})
	less, ok := c.plan(m, b[:f.end], f.content)
	if !ok {
		return 0, false
	}
	if less == 0 {
		c.edits = c.edits[:mark]
		return 0, true
	}
	length := f.end - f.content - less
	c.edits[mark].length = length
	return less + f.content - f.length - sizeUvarint(uint64(length)), true
}

// apply does what was noted. Nothing that is still to be moved is overwritten: a
// length never takes more room than the larger one it replaces.
func (c *Cutter) apply(b []byte) {
	to, from := c.edits[0].start, c.edits[0].start
	for _, e := range c.edits {
		to += copy(b[to:], b[from:e.start])
		if e.length != remove {
			to += putUvarint(b[to:], uint64(e.length))
		}
		from = e.end
	}
	copy(b[to:], b[from:])
}

// List cuts each object in the wire form of a list, leaves out those of which
// wanted says no to the uid, and gives how much of b the list takes then. The rest
// of b is zero. If b is no message, it stays as it is, and so does an object that
// is none. A nil wanted leaves out nothing; it is not asked about objects of which
// UID is empty.
func (c *Cutter) List(b []byte, wanted func(uid []byte) bool) int {
	for at := 0; at < len(b); {
		f, ok := next(b, at)
		if !ok {
			return len(b)
		}
		at = f.end
	}
	to := 0
	for at := 0; at < len(b); {
		f, _ := next(b, at)
		at = f.end
		if f.number != items || f.wire != bytes {
			to += copy(b[to:], b[f.start:f.end])
			continue
		}
		if wanted != nil {
			if uid := UID(b[f.content:f.end]); len(uid) > 0 && !wanted(uid) {
				continue
			}
		}
		n := c.Object(b[f.content:f.end])
		to += copy(b[to:], b[f.start:f.length])
		to += putUvarint(b[to:], uint64(n))
		to += copy(b[to:], b[f.content:f.content+n])
	}
	clear(b[to:])
	return to
}
