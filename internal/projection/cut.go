package projection

// A Cutter applies a projection. It owns scratch memory and serves one goroutine at a time.
type Cutter struct {
	projection *Projection
	splices    []splice
}

// A splice replaces a range of a buffer by a length, or removes it.
type splice struct {
	start, end int
	length     int // or remove
}

const remove = -1

// NewCutter returns a cutter for the projection.
func (p *Projection) NewCutter() *Cutter { return &Cutter{projection: p} }

// Object cuts an encoded object in place and returns its new length; the rest of b is zeroed. A
// malformed message stays as it is.
func (c *Cutter) Object(b []byte) int {
	c.splices = c.splices[:0]
	saved, ok := c.plan(&c.projection.object, b, 0)
	if !ok || saved == 0 {
		return len(b)
	}
	c.apply(b)
	clear(b[len(b)-saved:])
	return len(b) - saved
}

// plan records the splices of the message in b[start:], and returns how many bytes they save.
func (c *Cutter) plan(m *filter, b []byte, start int) (saved int, ok bool) {
	for at := start; at < len(b); {
		f, ok := next(b, at)
		if !ok {
			return 0, false
		}
		at = f.end
		switch r := m.rule(f.number); {
		case r.action == drop:
			c.splices = append(c.splices, splice{f.start, f.end, remove})
			saved += f.end - f.start
		case r.action == descend && f.wire == bytes:
			less, ok := c.descend(r.inner, b, f)
			if !ok {
				return 0, false
			}
			saved += less
		}
	}
	return saved, true
}

// descend plans the message in field f.
func (c *Cutter) descend(m *filter, b []byte, f field) (saved int, ok bool) {
	mark := len(c.splices)
	c.splices = append(c.splices, splice{start: f.length, end: f.content})
	less, ok := c.plan(m, b[:f.end], f.content)
	if !ok {
		return 0, false
	}
	if less == 0 {
		c.splices = c.splices[:mark]
		return 0, true
	}
	length := f.end - f.content - less
	c.splices[mark].length = length
	return less + f.content - f.length - sizeUvarint(uint64(length)), true
}

// apply performs the splices, in order. No byte is overwritten before it is moved: a length is
// never longer than the larger one that it replaces.
func (c *Cutter) apply(b []byte) {
	to, from := c.splices[0].start, c.splices[0].start
	for _, e := range c.splices {
		to += copy(b[to:], b[from:e.start])
		if e.length != remove {
			to += putUvarint(b[to:], uint64(e.length))
		}
		from = e.end
	}
	copy(b[to:], b[from:])
}

// List cuts each object of an encoded list in place, removes the objects that are not wanted,
// and returns the new length of the list; the rest of b is zeroed. Malformed messages stay as they
// are. Objects without a uid are wanted, and so are all objects if wanted is nil.
func (c *Cutter) List(b []byte, wanted func(namespace, uid []byte) bool) int {
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
			if in, id := Identity(b[f.content:f.end]); len(id) > 0 && !wanted(in, id) {
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
