package generators

import (
	"strconv"
	"strings"

	"github.com/kubestate/kubestate/internal/exposition"
)

// A Format is the set of formats that have the lines of a compiled family.
type Format uint8

// The formats.
const (
	AnyFormat   Format = iota
	TextFormat         // the text formats alone
	TypedFormat        // formats with more types alone, OpenMetrics
)

// setFormat makes f the family of a format. OpenMetrics names a counter without its suffix.
func (f *family) setFormat(format Format, d FamilyDescription) {
	if f.format = format; format == AnyFormat {
		return
	}
	base := strings.TrimSuffix(d.Name, "_total")
	if format == TypedFormat {
		f.header.Typed = exposition.AppendHeader(nil, base, d.helpText(), d.Type)
		f.header.Text = f.header.Typed
	}
	labels := f.open[len(d.Name):]
	open := func(suffix string) []byte { return append([]byte(base+suffix), labels...) }
	f.suffixed.created = open("_created")
	if d.Type == exposition.Histogram {
		f.open, f.suffixed.sum, f.suffixed.count = open("_bucket"), open("_sum"), open("_count")
	}
}

// Formats returns the format of each family, in the order of Headers. Those of TypedFormat are the last.
func (r *Renderer) Formats() []Format {
	formats := make([]Format, len(r.families))
	for i := range r.families {
		formats[i] = r.families[i].format
	}
	return formats
}

// Count adds a counter of a Created family.
func (s *Samples) Count(c *Count, labels ...string) {
	start := len(s.dst)
	if s.openSeries(labels) {
		series := span{start + len(s.family.open), len(s.dst)}
		s.uint(c.Value)
		s.created(series, c.Created)
	}
}

// Histogram adds a histogram of a Created family. Its last bucket has no bound.
func (s *Samples) Histogram(h *Histogram, bounds []float64, labels ...string) {
	start := len(s.dst)
	if !s.openSeries(labels) {
		return
	}
	series := span{start + len(s.family.open), len(s.dst)}
	total := uint64(0)
	for i, n := range h.Buckets {
		if i > 0 {
			s.sample(s.family.open, series)
		}
		s.dst = append(s.dst, `,le="`...)
		switch {
		case i >= len(bounds):
			s.dst = append(s.dst, "+Inf"...)
		case s.family.format == TypedFormat:
			s.dst = exposition.AppendCanonical(s.dst, bounds[i])
		default:
			s.dst = exposition.AppendFloat(s.dst, bounds[i])
		}
		s.dst = append(s.dst, '"')
		total += n
		s.uint(total)
	}
	s.sample(s.family.suffixed.sum, series)
	s.dst = append(exposition.AppendFloat(append(s.dst, "} "...), h.Sum), '\n')
	s.sample(s.family.suffixed.count, series)
	s.uint(total)
	s.created(series, h.Created)
}

// sample appends a line up to its last label, with the labels of a line before.
func (s *Samples) sample(open []byte, labels span) {
	s.dst = append(s.dst, open...)
	s.dst = append(s.dst, labels.of(s.dst)...)
}

// uint ends a line with a whole number.
func (s *Samples) uint(v uint64) {
	s.dst = append(strconv.AppendUint(append(s.dst, "} "...), v, 10), '\n')
}

// created adds the time of a series, if the family has times.
func (s *Samples) created(series span, ms int64) {
	if s.family.format == TypedFormat {
		s.sample(s.family.suffixed.created, series)
		s.dst = append(exposition.AppendMillis(append(s.dst, "} "...), ms), '\n')
	}
}
