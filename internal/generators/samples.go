package generators

import (
	"bytes"
	"strconv"
	"unsafe"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/exposition"
)

// Samples collects the samples of a row. Its methods take a value and the values of
// the family's own labels, as many as the row declares keys.
//
// A duplicate series of one object is dropped: lists such as owner references may repeat
// an entry, and scrapers reject duplicate series.
type Samples struct {
	dst      []byte
	identity []byte // `namespace="a",pod="b"`, the same for all of an object's series
	family   *family
	seen     spanSet // the own labels of the row's lines

	// Scratch, reused by each row, and caches.
	values        []string
	keys          []string
	text          []byte
	quantity      resource.Quantity
	dynamic       dynamicLabels
	resourceNames map[string]resourceName
	schedules     schedules
}

func (s *Samples) begin(f *family) {
	s.family = f
	s.seen.reset()
	s.text = s.text[:0]
}

// Int adds a sample with a whole number.
func (s *Samples) Int(v int64, labels ...string) {
	if s.openSeries(labels) {
		s.dst = exposition.AppendInt(append(s.dst, "} "...), v)
		s.dst = append(s.dst, '\n')
	}
}

// Float adds a sample with any number.
func (s *Samples) Float(v float64, labels ...string) {
	if s.openSeries(labels) {
		s.dst = exposition.AppendFloat(append(s.dst, "} "...), v)
		s.dst = append(s.dst, '\n')
	}
}

// One adds a sample of value 1, for series whose information is in the labels.
func (s *Samples) One(labels ...string) { s.Int(1, labels...) }

// Bool adds 1 for true and 0 for false.
func (s *Samples) Bool(v bool, labels ...string) {
	if v {
		s.Int(1, labels...)
	} else {
		s.Int(0, labels...)
	}
}

// Optional32 adds *v, or nothing if v is nil.
func (s *Samples) Optional32(v *int32, labels ...string) {
	if v != nil {
		s.Int(int64(*v), labels...)
	}
}

// Optional64 adds *v, or nothing if v is nil.
func (s *Samples) Optional64(v *int64, labels ...string) {
	if v != nil {
		s.Int(*v, labels...)
	}
}

// A Label is the name and value of a label.
type Label struct{ Name, Value string }

// Series adds a sample with labels of valid and distinct names. The first sample of a series is
// kept; conflict reports that a later one has another value.
func (s *Samples) Series(v float64, labels []Label) (conflict bool) {
	start, own := s.openIdentity()
	for i, l := range labels {
		if i > 0 {
			s.dst = append(s.dst, ',')
		}
		s.dst = append(append(s.dst, l.Name...), `="`...)
		s.dst = append(exposition.AppendLabelValue(s.dst, l.Value), '"')
	}
	series := span{own, len(s.dst)}
	n, isNew := s.seen.add(s.dst, series)
	s.dst = append(exposition.AppendFloat(append(s.dst, "} "...), v), '\n')
	if isNew {
		return false
	}
	value, kept := s.dst[series.end:], s.dst[s.seen.spans[n].end:]
	conflict = !bytes.HasPrefix(kept, value)
	s.dst = s.dst[:start]
	return conflict
}

// Time adds t in Unix seconds, or nothing if t is nil or zero.
func (s *Samples) Time(t *metav1.Time, labels ...string) {
	if !t.IsZero() {
		s.Int(t.Unix(), labels...)
	}
}

// OneOf adds a sample for each option, 1 for the one that equals value and 0
// for the others. The option is the last label.
func (s *Samples) OneOf(value string, options []string, labels ...string) {
	for _, option := range options {
		s.Bool(option == value, s.with(labels, option)...)
	}
}

// Status is OneOf for the statuses of a condition, in lower case.
func (s *Samples) Status(status string, labels ...string) {
	s.Bool(status == "True", s.with(labels, "true")...)
	s.Bool(status == "False", s.with(labels, "false")...)
	s.Bool(status == "Unknown", s.with(labels, "unknown")...)
}

// with is labels and one more. The next call reuses its memory.
func (s *Samples) with(labels []string, last string) []string {
	s.values = append(append(s.values[:0], labels...), last)
	return s.values
}

// Ceil adds q rounded up to a whole number.
func (s *Samples) Ceil(q resource.Quantity, labels ...string) {
	s.quantity = q
	s.Int(s.quantity.Value(), labels...)
}

// Milli adds q to three decimal places, rounded up.
func (s *Samples) Milli(q resource.Quantity, labels ...string) {
	s.quantity = q
	s.Float(milli(&s.quantity), labels...)
}

// Approximate adds the float64 nearest to q's digits times its power of ten.
func (s *Samples) Approximate(q resource.Quantity, labels ...string) {
	s.quantity = q
	s.Float(s.quantity.AsApproximateFloat64(), labels...)
}

// Itoa is the decimal form of v. It is valid until the row returns.
func (s *Samples) Itoa(v int64) string {
	start := len(s.text)
	s.text = strconv.AppendInt(s.text, v, 10)
	return s.scratch(start)
}

// OptionalItoa is Itoa of *v, or empty if v is nil.
func (s *Samples) OptionalItoa(v *int32) string {
	if v == nil {
		return ""
	}
	return s.Itoa(int64(*v))
}

// Join is the parts with the separator between them, without leading empty parts. It is valid
// until the row returns.
func (s *Samples) Join(parts []string, separator string) string {
	start := len(s.text)
	for _, p := range parts {
		if len(s.text) > start {
			s.text = append(s.text, separator...)
		}
		s.text = append(s.text, p...)
	}
	return s.scratch(start)
}

// Concat is the parts one after another. It is valid until the row returns.
func (s *Samples) Concat(parts ...string) string {
	start := len(s.text)
	for _, p := range parts {
		s.text = append(s.text, p...)
	}
	return s.scratch(start)
}

// scratch is the text from start on as a string, without a copy. The bytes do not change until
// the next row: later appends write behind them or reallocate.
func (s *Samples) scratch(start int) string {
	b := s.text[start:]
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// openSeries appends a line up to its last label. It appends nothing and returns false
// for a duplicate series.
func (s *Samples) openSeries(values []string) bool {
	start, own := s.openIdentity()
	for i, open := range s.set(len(values)) {
		s.dst = append(s.dst, open...)
		s.dst = exposition.AppendLabelValue(s.dst, values[i])
		s.dst = append(s.dst, '"')
	}
	return s.keep(start, own)
}

// openIdentity appends the name and the identity labels of a line. It returns the
// offsets of the line and of its own labels.
func (s *Samples) openIdentity() (start, own int) {
	start = len(s.dst)
	s.dst = append(s.dst, s.family.open...)
	s.dst = append(s.dst, s.identity...)
	return start, len(s.dst)
}

// keep truncates the line at start if its own labels are a duplicate.
func (s *Samples) keep(start, own int) bool {
	_, isNew := s.seen.add(s.dst, span{own, len(s.dst)})
	if !isNew {
		s.dst = s.dst[:start]
	}
	return isNew
}

func (s *Samples) set(n int) labelSet {
	for _, set := range s.family.sets {
		if len(set) == n {
			return set
		}
	}
	panic("BUG: " + s.family.name + " declares no set of " + strconv.Itoa(n) + " labels")
}
