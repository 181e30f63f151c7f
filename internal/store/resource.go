package store

import (
	"bytes"
	"slices"
)

// A Resource has the rendered series of one resource's objects.
type Resource struct {
	options    *options
	name       string
	aliases    []string
	families   []Family
	headers    []headers
	partitions []*Partition
	account    *account // nil without budgets
	formatted  bool     // not all families are of AnyFormat
	// numbers has the numbers of the families' names, and names is the set of them. unions has
	// the names that are unions in every response.
	numbers       []int
	names, unions nameSet
}

// A Family is the name and the headers of a family.
type Family struct {
	Name string
	// Header is the HELP and TYPE lines, Typed those of formats with more metric types, nil if
	// they are the same. Both are immutable.
	Header, Typed []byte
	// MayRepeat says that different objects may have equal series. Responses leave out the
	// repeated series of the family and of other resources' families of that name.
	MayRepeat bool
	// Format tells which responses have the family. Two families of different formats may have one
	// name, and are none of a union. Those of TypedFormat are the last of a resource.
	Format Format
}

// A Format is a class of exposition formats.
type Format uint8

// The formats.
const (
	AnyFormat   Format = iota
	TextFormat         // the Prometheus text format alone
	TypedFormat        // formats with more metric types alone
)

// unionName returns the name of the families that f is in a union with.
func (f Family) unionName() string {
	if f.Format == TypedFormat {
		return f.Name + "\x00"
	}
	return f.Name
}

// headers has the chunks of a family's headers; nil where responses do not have the family.
type headers struct{ text, typed *chunk }

func newHeaders(f Family) headers {
	h := headers{text: constant(f.Header)}
	if h.typed = h.text; f.Typed != nil && !bytes.Equal(f.Typed, f.Header) {
		h.typed = constant(f.Typed)
	}
	switch f.Format {
	case TextFormat:
		h.typed = nil
	case TypedFormat:
		h.text = nil
	}
	return h
}

// NewResource returns an empty resource with the given number of partitions. Clients select the
// resource by its name, which is unique, or by an alias, which other resources may have too.
func NewResource(name string, families []Family, partitions int, aliases ...string) *Resource {
	return newResource(name, families, partitions, aliases, &defaults)
}

// NewResourceInParts is NewResource for responses in parts: pages are such that each of the parts, or
// of a divisor of their number, is a concatenation of blocks. Other parts inflate and filter all
// blocks. parts is at least 1 and at most MaxParts.
func NewResourceInParts(parts int, name string, families []Family, partitions int, aliases ...string) *Resource {
	o := defaults
	o.classes = parts
	return newResource(name, families, partitions, aliases, &o)
}

func newResource(name string, families []Family, partitions int, aliases []string, o *options) *Resource {
	r := &Resource{options: o, name: name, aliases: aliases, families: families}
	for _, f := range families {
		r.headers = append(r.headers, newHeaders(f))
		number := numbers.number(f.unionName())
		r.formatted = r.formatted || f.Format != AnyFormat
		r.numbers = append(r.numbers, number)
		if f.MayRepeat || r.names.has(number) {
			r.unions.add(number)
		}
		r.names.add(number)
	}
	for range partitions {
		r.partitions = append(r.partitions, newPartition(len(families), o))
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

// Compact applies the budgets and compacts all partitions. One goroutine calls it about once a second.
func (r *Resource) Compact() {
	r.Balance()
	for _, p := range r.partitions {
		p.Compact()
	}
}

// Stats are the sizes of a resource, without withheld objects. Families of TypedFormat count as memory
// alone.
type Stats struct {
	Objects int
	// CompressedBytes is the memory of compressed blocks, OpenBytes that of open blocks. An open
	// block with deltas counts as both.
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
		stats.CompressedBytes += v.pages[n].table.memory()
	}
	for i, f := range r.families {
		counts := FamilyStats{Name: f.Name}
		for n := range v.pages {
			c := v.pages[n].chunk(i)
			counts.Bytes += c.size
			if c.compressed.size > 0 {
				stats.CompressedBlocks++
			}
			counts.Series += c.lineCount()
			if c.open != nil {
				stats.OpenBlocks++
				stats.OpenBytes += c.open.memory()
			}
		}
		if f.Format != TypedFormat {
			stats.Families = append(stats.Families, counts)
		}
	}
	return stats
}
