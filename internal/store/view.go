package store

import (
	"math/bits"
	"slices"
	"unique"
)

// A View is a snapshot of the objects of a resource that a Selection selects.
type View struct {
	resource *Resource
	pages    []pageView
	objects  int
	// others has, for a part, the pages of all parts in order, to find the series that they repeat;
	// nil if none can.
	others []otherPage
}

// A pageView is a snapshot of a page. All that it refers to is immutable.
type pageView struct {
	table    *table
	open     []*openBlock // by family; nil if no block was open
	selected uint64       // slots
	// fingerprints has the lengths of lines if not all slots are selected; nil otherwise.
	fingerprints *fingerprints
}

// A Selection selects objects.
type Selection struct {
	Namespaces []string // none for all
	Part       Part
}

// View takes a snapshot of r. With namespaces, the view has only the objects in them.
func (r *Resource) View(namespaces ...string) View {
	return Views([]*Resource{r}, Selection{Namespaces: namespaces})[0]
}

// Views takes a snapshot of each resource, partition by partition.
func Views(resources []*Resource, s Selection) []View {
	var handles []unique.Handle[string]
	for _, namespace := range s.Namespaces {
		handles = append(handles, unique.Make(namespace))
	}
	compared := s.Part.compared(resources)
	views := make([]View, len(resources))
	for n, r := range resources {
		views[n].resource = r
		for _, p := range r.partitions {
			views[n].add(p, handles, s.Part, compared.intersects(r.names))
		}
	}
	return views
}

// add adds the pages of a partition, class by class, without those of withheld objects. With
// compared, it adds those of all parts to v.others.
func (v *View) add(p *Partition, namespaces []unique.Handle[string], part Part, compared bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for class := range p.classes() {
		for n := class; n < len(p.pages); n += p.groups() {
			pg := p.pages[n]
			if pg == nil {
				continue
			}
			all := pg.used
			if len(namespaces) > 0 {
				all = pg.selectSlots(namespaces)
			}
			selected := all & part.slots(pg, class, p.classes())
			if selected != 0 {
				v.pages = append(v.pages, pg.view(selected))
				v.objects += bits.OnesCount64(selected)
			}
			if compared && all != 0 {
				v.others = append(v.others, newOtherPage(pg, all, selected))
			}
		}
	}
}

// view takes a snapshot of the lines of slots.
func (p *page) view(slots uint64) pageView {
	v := pageView{table: p.table, selected: slots}
	if p.open != nil {
		p.share()
		v.open = slices.Clone(p.open)
	}
	if slots != p.used|p.removed {
		p.shareFingerprints()
		v.fingerprints = p.fingerprints
	}
	return v
}

// familyChunks calls yield with the chunks of a family's lines until yield returns false. All chunks
// are in reused; yield must not keep them.
func (v *View) familyChunks(family int, reused *chunk, yield func(*chunk) bool) bool {
	for n := range v.pages {
		if *reused = v.pages[n].chunk(family); reused.size > 0 && !yield(reused) {
			return false
		}
	}
	return true
}

// chunk returns the selected lines of a family.
func (p *pageView) chunk(family int) (c chunk) {
	c.family = family
	if p.open != nil {
		c.open = p.open[family]
	}
	if p.table != nil && (c.open == nil || c.open.hasDeltas) {
		c.compressed = *p.table.block(family)
		c.data = p.table.data(&c.compressed)
		c.size = int(c.compressed.size)
	}
	if c.open != nil {
		c.size = c.open.size
	}
	if p.fingerprints != nil {
		c.fingerprints, c.selected, c.size = p.fingerprints, p.selected, 0
		for slot := range pageSlots {
			if p.selected&(1<<slot) != 0 {
				c.size += p.fingerprints.length(slot, family)
			}
		}
	}
	return c
}

// addSizes adds the sizes of the page's chunks to s.
func (p *pageView) addSizes(s *sizes, families int) {
	if p.table != nil && p.open == nil && p.fingerprints == nil {
		s.size += int64(p.table.size)
		s.gzipSize += int64(p.table.compressedSize)
		return
	}
	for family := range families {
		c := p.chunk(family)
		s.add(&c)
	}
}
