package generators

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/exposition"
)

// Compile binds the table to a selection. It drops families that are not selected and
// precomputes all bytes that do not depend on an object.
func (t *Table[T]) Compile(selection Selection) *Renderer {
	r := &Renderer{identity: t.Identity}
	var rows []func(T, *Samples)
	var derived []func(metav1.Object, *Samples) // in place of rows
	add := func(row *Family[T], d FamilyDescription, format Format) {
		f := compileFamily(t.key(), d, selection)
		f.identity = row.Identity
		f.setFormat(format, d)
		r.families = append(r.families, f)
		if d.Derived {
			derived = append(derived, thinned(row.Derived, selection.thins(d)))
		} else {
			rows = append(rows, thinned(row.Row, selection.thins(d)))
		}
	}
	var typed []int
	for i := range t.Families {
		row, d := &t.Families[i], t.Families[i].describe()
		switch {
		case !selection.compiles(d):
		case d.Created:
			add(row, d, TextFormat)
			typed = append(typed, i)
		default:
			add(row, d, AnyFormat)
		}
	}
	for _, i := range typed {
		add(&t.Families[i], t.Families[i].describe(), TypedFormat)
	}
	if selection.OnlyDerived {
		r.row = func(object metav1.Object, i int, s *Samples) { derived[i](object, s) }
	} else {
		r.row = func(object metav1.Object, i int, s *Samples) { rows[i](object.(T), s) }
	}
	return r
}

// A Row is a family whose labels are known at run time alone.
type Row struct {
	FamilyDescription
	// Row adds the family's samples for one object.
	Row func(metav1.Object, *Samples)
}

// NewRenderer is Compile for Rows. It calls prepare with each object before the rows.
func NewRenderer(rows []Row, selection Selection, prepare func(metav1.Object)) *Renderer {
	r := &Renderer{prepare: prepare}
	var selected []func(metav1.Object, *Samples)
	for _, row := range rows {
		if selection.compiles(row.FamilyDescription) {
			r.families = append(r.families, compileFamily("", row.FamilyDescription, selection))
			selected = append(selected, row.Row)
		}
	}
	r.row = func(object metav1.Object, i int, s *Samples) { selected[i](object, s) }
	return r
}

// A family is a compiled row with its constant bytes. A Created row has two: one without and one with the
// times.
type family struct {
	name                string
	format              Format
	specOnly, mayRepeat bool
	identity            Identity // nil for that of the renderer
	header              Header
	open                []byte // `name{` and the extra labels
	// suffixed are open with the names of other samples of a Created family. open of a histogram is
	// that of its buckets.
	suffixed struct{ sum, count, created []byte }
	sets     []labelSet
	// prefix begins the names of labels made from a map, such as "label_".
	prefix string
	// allowed selects entries of the object's labels or annotations; nil means no series.
	allowed *allowedKeys
}

// A Header is the HELP and TYPE lines of a family. It does not change.
type Header struct {
	// Text is for the text formats, Typed for OpenMetrics, which has more types. Both
	// are the same slice for a type that both have.
	Text, Typed []byte
}

func newHeader(d FamilyDescription) Header {
	text := exposition.AppendHeader(nil, d.Name, d.helpText(), d.Type.InText())
	if d.Type == d.Type.InText() {
		return Header{text, text}
	}
	return Header{text, exposition.AppendHeader(nil, d.Name, d.helpText(), d.Type)}
}

// labelSet holds `,key="` for each key of a set of own labels.
type labelSet [][]byte

func compileFamily(resource string, d FamilyDescription, selection Selection) family {
	f := family{
		name:     d.Name,
		specOnly: d.SpecOnly, mayRepeat: d.MayRepeat,
		header: newHeader(d),
		open:   append([]byte(d.Name+"{"), selection.extraText()...),
	}
	f.prefix = dynamicPrefix(d.Labels)
	for _, keys := range d.Labels {
		if n := len(keys); n > 0 && strings.HasSuffix(keys[n-1], "*") {
			keys = keys[:n-1]
		}
		var set labelSet
		for _, key := range keys {
			set = append(set, []byte(`,`+key+`="`))
		}
		f.sets = append(f.sets, set)
	}
	switch f.prefix {
	case labelPrefix:
		f.allowed = selection.Labels.keysOf(resource)
	case annotationPrefix:
		f.allowed = selection.Annotations.keysOf(resource)
	}
	return f
}

// The prefixes of label names made from an object's labels and annotations.
const (
	labelPrefix      = "label_"
	annotationPrefix = "annotation_"
)

// dynamicPrefix is the prefix of label names made from a map, empty if no set has
// any.
func dynamicPrefix(sets [][]string) (prefix string) {
	for _, keys := range sets {
		if n := len(keys); n > 0 && strings.HasSuffix(keys[n-1], "*") {
			prefix = strings.TrimSuffix(keys[n-1], "*")
		}
	}
	return prefix
}

// A Renderer appends the lines of one resource's objects. It owns scratch
// memory and serves one goroutine at a time.
type Renderer struct {
	// Recovered, if set, is called with each panic of a family's row.
	Recovered func(family string, object metav1.Object, reason any)

	identity Identity
	families []family
	prepare  func(metav1.Object) // nil for nothing
	row      func(metav1.Object, int, *Samples)
	samples  Samples
	// common are the identity labels of the object, own those of a family that has others.
	common, own []byte
	ends        []int
	omitted     []bool // by family, those without lines; nil for none
}

// Clone returns a renderer of the same families for another goroutine; nil if their rows have
// state.
func (r *Renderer) Clone() *Renderer {
	if r.prepare != nil {
		return nil
	}
	c := *r
	c.samples, c.common, c.own, c.ends = Samples{}, nil, nil, nil
	return &c
}

// Headers returns the header of each family, in the order of Render.
func (r *Renderer) Headers() []Header {
	headers := make([]Header, len(r.families))
	for i := range r.families {
		headers[i] = r.families[i].header
	}
	return headers
}

// Names returns the names of the families, in the order of Headers.
func (r *Renderer) Names() []string {
	names := make([]string, len(r.families))
	for i := range r.families {
		names[i] = r.families[i].name
	}
	return names
}

// MayRepeat reports of each family, in the order of Headers, whether it is MayRepeat.
func (r *Renderer) MayRepeat() []bool {
	mayRepeat := make([]bool, len(r.families))
	for i := range r.families {
		mayRepeat[i] = r.families[i].mayRepeat
	}
	return mayRepeat
}

// SpecOnly reports of each family, in the order of Headers, whether it is SpecOnly.
func (r *Renderer) SpecOnly() []bool {
	specOnly := make([]bool, len(r.families))
	for i := range r.families {
		specOnly[i] = r.families[i].specOnly
	}
	return specOnly
}

// RenderWithout is Render without the lines of the families that omitted marks, by family.
// Without the SpecOnly families, the object may lack the fields that only those read.
func (r *Renderer) RenderWithout(omitted []bool, dst []byte, ends []int, object metav1.Object) ([]byte, []int) {
	r.omitted = omitted
	defer func() { r.omitted = nil }()
	return r.Render(dst, ends, object)
}

// Render appends the lines of object to dst, family by family, and to ends the
// length of dst after each family. A family whose row panics has no lines. An
// object that is not of the table's type renders nothing.
func (r *Renderer) Render(dst []byte, ends []int, object metav1.Object) ([]byte, []int) {
	s := &r.samples
	s.dst, r.ends = dst, ends
	if r.prepare != nil {
		r.prepare(object)
	}
	r.common = r.identity.appendLabels(r.common[:0], object)
	for next := 0; next < len(r.families); {
		next = r.renderFrom(object, next)
	}
	dst, ends = s.dst, r.ends
	s.dst, r.ends = nil, nil
	return dst, ends
}

// appendLabels appends the labels of an object to dst.
func (i Identity) appendLabels(dst []byte, object metav1.Object) []byte {
	for n, l := range i {
		if n > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, l.key...)
		dst = append(dst, `="`...)
		dst = exposition.AppendLabelValue(dst, l.value(object))
		dst = append(dst, '"')
	}
	return dst
}

// renderFrom renders families from the given one on, up to the end or to a panic. It
// returns the number of the next family to render.
func (r *Renderer) renderFrom(object metav1.Object, first int) (next int) {
	s := &r.samples
	s.identity = r.common
	start := len(s.dst)
	defer func() {
		if reason := recover(); reason != nil {
			s.dst = s.dst[:start]
			r.ends = append(r.ends, start)
			if r.Recovered != nil {
				r.Recovered(r.families[next].name, object, reason)
			}
			next++
		}
	}()
	for next = first; next < len(r.families); next++ {
		start = len(s.dst)
		if f := &r.families[next]; r.omitted == nil || !r.omitted[next] {
			s.begin(f)
			if f.identity != nil {
				r.own = f.identity.appendLabels(r.own[:0], object)
				s.identity = r.own
			}
			r.row(object, next, s)
			if f.identity != nil {
				s.identity = r.common
			}
		}
		r.ends = append(r.ends, len(s.dst))
	}
	return next
}

// sortedKeys appends the sorted keys of m to dst, so that series have a stable order.
func sortedKeys[K ~string, V any](dst []string, m map[K]V) []string {
	for k := range m {
		dst = append(dst, string(k))
	}
	slices.Sort(dst)
	return dst
}
