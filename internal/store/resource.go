package store

import (
	"bytes"
	"math/bits"
)

// A Resource is the text of one resource's objects.
type Resource struct {
	name     string
	families []Family
	headers  []headers
	parts    []*Part
}

// A Family is what the store has to know of a family.
type Family struct {
	Name string
	// Header is the HELP and TYPE lines, and Typed those for formats that know more
	// types, nil if they are the same. They must not change.
	Header, Typed []byte
}

// headers are the blocks of a family's headers.
type headers struct{ text, typed *block }

func newHeaders(f Family) headers {
	h := headers{text: constant(f.Header)}
	if h.typed = h.text; f.Typed != nil && !bytes.Equal(f.Typed, f.Header) {
		h.typed = constant(f.Typed)
	}
	return h
}

// NewResource makes an empty resource with the given number of parts.
func NewResource(name string, families []Family, parts int) *Resource {
	r := &Resource{name: name, families: families}
	for _, f := range families {
		r.headers = append(r.headers, newHeaders(f))
	}
	for range parts {
		r.parts = append(r.parts, newPart(len(families)))
	}
	return r
}

// Name is the name under which clients ask for the resource.
func (r *Resource) Name() string { return r.name }

// Parts gives the resource's parts, in the order in which they are read.
func (r *Resource) Parts() []*Part { return r.parts }

// Pack packs what has been quiet, in all parts. It is to be called about once a
// second, by one goroutine.
func (r *Resource) Pack() {
	for _, p := range r.parts {
		p.Pack()
	}
}

// View is the content of a resource, or of some namespaces of it, at one moment.
type View struct {
	resource *Resource
	pages    []viewedPage
	objects  int
}

// viewedPage is a page as it was. Its blocks do not change.
type viewedPage struct {
	blocks []*block // by family
	chosen uint64   // slots
	// marks are needed where not all objects are chosen, and nil where all are.
	marks *marks
}

// View gives the present content of r. Of each part it is all that was set
// before the call. If namespaces are given, it is that of objects in them.
func (r *Resource) View(namespaces ...string) View {
	v := View{resource: r}
	for _, p := range r.parts {
		v.add(p, namespaces)
	}
	return v
}

func (v *View) add(p *Part, namespaces []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	arena := make([]*block, 0, len(p.pages)*p.families)
	for _, pg := range p.pages {
		if pg == nil {
			continue
		}
		chosen := pg.choose(namespaces)
		if chosen == 0 {
			continue
		}
		pg.share()
		start := len(arena)
		arena = append(arena, pg.blocks...)
		vp := viewedPage{blocks: arena[start:], chosen: chosen}
		if chosen != pg.used {
			pg.shareMarks()
			vp.marks = pg.marks
		}
		v.pages = append(v.pages, vp)
		v.objects += bits.OnesCount64(chosen)
	}
}

// blocks calls yield with the blocks of the view in the order of the answer:
// for each family the header that pick takes and its lines. A view without
// objects has none.
func (v View) blocks(pick func(headers) *block, yield func(*block)) {
	if v.objects == 0 {
		return
	}
	for i, h := range v.resource.headers {
		yield(pick(h))
		for _, pg := range v.pages {
			if b := pg.block(i); b != nil {
				yield(b)
			}
		}
	}
}

// block is what is chosen of a family's block, nil if that is nothing.
func (p viewedPage) block(family int) *block {
	b := p.blocks[family]
	if b == nil || p.marks == nil {
		return b
	}
	text := b.appendText(nil)
	o := &block{open: true}
	start := 0
	for slot := range pageSlots {
		n := p.marks.length(slot, family)
		if p.chosen&(1<<slot) != 0 {
			o.data = append(o.data, text[start:start+n]...)
		}
		start += n
	}
	if len(o.data) == 0 {
		return nil
	}
	o.size = len(o.data)
	return o
}

// Stats are counts of what a resource holds.
type Stats struct {
	Objects int
	// PackedBytes are held for blocks at rest, OpenBytes for open ones.
	PackedBytes, OpenBytes   int
	PackedBlocks, OpenBlocks int
	Families                 []FamilyStats
}

// FamilyStats are counts of a family.
type FamilyStats struct {
	Name          string
	Series, Bytes int
}

// Stats counts what r holds now.
func (r *Resource) Stats() Stats {
	v := r.View()
	stats := Stats{Objects: v.objects}
	for i, f := range r.families {
		counts := FamilyStats{Name: f.Name}
		for _, pg := range v.pages {
			b := pg.blocks[i]
			switch {
			case b == nil:
				continue
			case b.open:
				stats.OpenBlocks++
				stats.OpenBytes += len(b.data)
			default:
				stats.PackedBlocks++
				stats.PackedBytes += len(b.data)
			}
			counts.Series += b.lines
			counts.Bytes += b.size
		}
		stats.Families = append(stats.Families, counts)
	}
	return stats
}
