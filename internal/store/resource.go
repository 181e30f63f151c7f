package store

import (
	"bytes"
	"math/bits"
	"slices"
	"unique"
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

// headers are the pieces of a family's headers.
type headers struct{ text, typed *piece }

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

// viewedPage is a page as it was. What it refers to does not change.
type viewedPage struct {
	table  *table
	open   []*block // by family; nil if nothing was open
	chosen uint64   // slots
	// marks are needed where not all objects are chosen, and nil where all are.
	marks *marks
}

// View gives the present content of r. Of each part it is all that was set
// before the call. If namespaces are given, it is that of objects in them.
func (r *Resource) View(namespaces ...string) View {
	v := View{resource: r}
	var handles []unique.Handle[string]
	for _, namespace := range namespaces {
		handles = append(handles, unique.Make(namespace))
	}
	for _, p := range r.parts {
		v.add(p, handles)
	}
	return v
}

func (v *View) add(p *Part, namespaces []unique.Handle[string]) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, pg := range p.pages {
		if pg == nil {
			continue
		}
		chosen := pg.used
		if len(namespaces) > 0 {
			chosen = pg.choose(namespaces)
		}
		if chosen == 0 {
			continue
		}
		vp := viewedPage{table: pg.table, chosen: chosen}
		if pg.open != nil {
			pg.share()
			vp.open = slices.Clone(pg.open)
		}
		if chosen != pg.used|pg.removed {
			pg.shareMarks()
			vp.marks = pg.marks
		}
		v.pages = append(v.pages, vp)
		v.objects += bits.OnesCount64(chosen)
	}
}

// pieces calls yield with the pieces of the view in the order of the answer, until
// that says false; it must not keep them. That is for each family the header that pick takes and its lines. A view
// without objects has none.
func (v View) pieces(pick func(headers) *piece, yield func(*piece) bool) bool {
	if v.objects == 0 {
		return true
	}
	var p piece // one for all: there are many
	for i, h := range v.resource.headers {
		if !yield(pick(h)) {
			return false
		}
		for n := range v.pages {
			if p = v.pages[n].piece(i); p.size > 0 && !yield(&p) {
				return false
			}
		}
	}
	return true
}

// piece is what is chosen of a family.
func (p *viewedPage) piece(family int) (of piece) {
	of.family = family
	if p.open != nil {
		of.block = p.open[family]
	}
	if p.table != nil && (of.block == nil || of.block.edited) {
		of.packed = *p.table.block(family)
		of.data = p.table.data(&of.packed)
		of.size = int(of.packed.size)
	}
	if of.block != nil {
		of.size = of.block.size
	}
	if p.marks != nil {
		of.marks, of.chosen, of.size = p.marks, p.chosen, 0
		for slot := range pageSlots {
			if p.chosen&(1<<slot) != 0 {
				of.size += p.marks.length(slot, family)
			}
		}
	}
	return of
}

// measure adds what an answer has of the page.
func (p *viewedPage) measure(m *measures, families int) {
	if p.table != nil && p.open == nil && p.marks == nil {
		m.size += int64(p.table.size)
		m.gzipSize += int64(p.table.packedSize)
		return
	}
	for family := range families {
		of := p.piece(family)
		m.add(&of)
	}
}

// Stats are counts of what a resource holds.
type Stats struct {
	Objects int
	// PackedBytes are held for blocks at rest, OpenBytes for open ones and for edits.
	// A block that is edited counts as both.
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
	for n := range v.pages {
		stats.PackedBytes += v.pages[n].table.held()
	}
	for i, f := range r.families {
		counts := FamilyStats{Name: f.Name}
		for n := range v.pages {
			p := v.pages[n].piece(i)
			counts.Bytes += p.size
			if p.packed.size > 0 {
				stats.PackedBlocks++
			}
			counts.Series += p.lines()
			if p.block != nil {
				stats.OpenBlocks++
				stats.OpenBytes += p.block.held()
			}
		}
		stats.Families = append(stats.Families, counts)
	}
	return stats
}
