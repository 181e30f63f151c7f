package store

import (
	"bytes"
	"math/bits"
	"slices"
	"unique"
)

// A Resource has the rendered series of one resource's objects.
type Resource struct {
	name       string
	aliases    []string
	families   []Family
	headers    []headers
	partitions []*Partition
	// numbers has the numbers of the families' names; names is the set of them. joined has
	// those that any response needs a join for.
	numbers       []int
	names, joined nameSet
}

// A Family is the name and the headers of a family.
type Family struct {
	Name string
	// Header is the HELP and TYPE lines, Typed those of formats that have more metric types;
	// nil if they are the same. Both are immutable.
	Header, Typed []byte
	// MayRepeat says that series of different objects may be equal: no label tells the objects
	// apart. Responses leave out the repeated series, also those of other resources' families
	// of that name.
	MayRepeat bool
}

// headers has the chunks of a family's headers.
type headers struct{ text, typed *chunk }

func newHeaders(f Family) headers {
	h := headers{text: constant(f.Header)}
	if h.typed = h.text; f.Typed != nil && !bytes.Equal(f.Typed, f.Header) {
		h.typed = constant(f.Typed)
	}
	return h
}

// NewResource returns an empty resource with the given number of partitions. Clients select it
// by its name, which no other resource has, or by aliases, which others may have.
func NewResource(name string, families []Family, parts int, aliases ...string) *Resource {
	r := &Resource{name: name, aliases: aliases, families: families}
	for _, f := range families {
		r.headers = append(r.headers, newHeaders(f))
		number := numbers.number(f.Name)
		r.numbers = append(r.numbers, number)
		if f.MayRepeat || r.names.has(number) {
			r.joined.add(number)
		}
		r.names.add(number)
	}
	for range parts {
		r.partitions = append(r.partitions, newPartition(len(families)))
	}
	return r
}

// Name returns the name of the resource.
func (r *Resource) Name() string { return r.name }

// Is reports whether clients select the resource by a name.
func (r *Resource) Is(name string) bool { return name == r.name || slices.Contains(r.aliases, name) }

// HasFamily reports whether the resource has a family of that name.
func (r *Resource) HasFamily(name string) bool {
	return slices.ContainsFunc(r.families, func(f Family) bool { return f.Name == name })
}

// Partitions returns the partitions in the order of responses.
func (r *Resource) Partitions() []*Partition { return r.partitions }

// Compact compacts all partitions. One goroutine calls it about once a second.
func (r *Resource) Compact() {
	for _, p := range r.partitions {
		p.Compact()
	}
}

// A View is a snapshot of a resource, or of some of its namespaces.
type View struct {
	resource *Resource
	pages    []viewedPage
	objects  int
}

// viewedPage is a snapshot of a page. What it refers to is immutable.
type viewedPage struct {
	table  *table
	open   []*block // by family; nil if no block was open
	chosen uint64   // slots
	// fingerprints has the lengths of lines if not all slots are chosen; nil otherwise.
	fingerprints *fingerprints
}

// View takes a snapshot of r, partition by partition. With namespaces, it has only the objects in them.
func (r *Resource) View(namespaces ...string) View {
	v := View{resource: r}
	var handles []unique.Handle[string]
	for _, namespace := range namespaces {
		handles = append(handles, unique.Make(namespace))
	}
	for _, p := range r.partitions {
		v.add(p, handles)
	}
	return v
}

func (v *View) add(p *Partition, namespaces []unique.Handle[string]) {
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
			pg.shareFingerprints()
			vp.fingerprints = pg.fingerprints
		}
		v.pages = append(v.pages, vp)
		v.objects += bits.OnesCount64(chosen)
	}
}

// lines calls yield with the chunks of a family's lines until it returns false. p is
// overwritten; yield must not keep it.
func (v *View) lines(family int, p *chunk, yield func(*chunk) bool) bool {
	for n := range v.pages {
		if *p = v.pages[n].chunk(family); p.size > 0 && !yield(p) {
			return false
		}
	}
	return true
}

// chunk returns the chosen lines of a family.
func (p *viewedPage) chunk(family int) (of chunk) {
	of.family = family
	if p.open != nil {
		of.block = p.open[family]
	}
	if p.table != nil && (of.block == nil || of.block.hasDeltas) {
		of.compressed = *p.table.block(family)
		of.data = p.table.data(&of.compressed)
		of.size = int(of.compressed.size)
	}
	if of.block != nil {
		of.size = of.block.size
	}
	if p.fingerprints != nil {
		of.fingerprints, of.chosen, of.size = p.fingerprints, p.chosen, 0
		for slot := range pageSlots {
			if p.chosen&(1<<slot) != 0 {
				of.size += p.fingerprints.length(slot, family)
			}
		}
	}
	return of
}

// measure counts the chunks of the page.
func (p *viewedPage) measure(m *measures, families int) {
	if p.table != nil && p.open == nil && p.fingerprints == nil {
		m.size += int64(p.table.size)
		m.gzipSize += int64(p.table.compressedSize)
		return
	}
	for family := range families {
		of := p.chunk(family)
		m.add(&of)
	}
}

// Stats are the sizes of a resource.
type Stats struct {
	Objects int
	// CompressedBytes is the memory of compressed blocks, OpenBytes that of open blocks. A block
	// with deltas counts as both.
	CompressedBytes, OpenBytes   int
	CompressedBlocks, OpenBlocks int
	Families                     []FamilyStats
}

// FamilyStats are the sizes of a family.
type FamilyStats struct {
	Name          string
	Series, Bytes int
}

// Stats returns the present sizes of r.
func (r *Resource) Stats() Stats {
	v := r.View()
	stats := Stats{Objects: v.objects}
	for n := range v.pages {
		stats.CompressedBytes += v.pages[n].table.held()
	}
	for i, f := range r.families {
		counts := FamilyStats{Name: f.Name}
		for n := range v.pages {
			p := v.pages[n].chunk(i)
			counts.Bytes += p.size
			if p.compressed.size > 0 {
				stats.CompressedBlocks++
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
