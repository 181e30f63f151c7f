package generators

import (
	"cmp"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Counts are the counters of an owner: a workload or a node.
type Counts struct {
	metav1.ObjectMeta // of the owner, of which only the namespace and the name are set
	OwnerKind         string
	// Counters and Histograms are sorted by Series.Compare.
	Counters   []Count
	Histograms []Histogram
	// Bounds are the upper bounds of the buckets of all histograms, in seconds.
	Bounds []float64
}

// A Series is one series of an owner's counters.
type Series struct {
	Of     CountedFamily
	Labels [2]string // the own labels of the family, as many as it has
}

// An Increment is added to a counter, or to a histogram as one observation of a value.
type Increment struct {
	Series
	By    uint64
	Value float64
}

// A Count is a counter, which began at a time in Unix milliseconds.
type Count struct {
	Series
	Value   uint64
	Created int64
}

// A Histogram has the number of observations by bucket, the last one without a bound, and their sum.
type Histogram struct {
	Series
	Buckets []uint64
	Sum     float64
	Created int64
}

// A CountedFamily is a family of counters, or of histograms.
type CountedFamily uint8

const (
	terminations CountedFamily = iota
	podsCreated
	podsDeleted
	podFailures
	podStartup
	jobResults
	conditionChanges
)

// IsHistogram reports whether the family has histograms.
func (f CountedFamily) IsHistogram() bool { return f == podStartup }

// Compare orders series: by family, and then by labels.
func (s Series) Compare(o Series) int {
	return cmp.Or(cmp.Compare(s.Of, o.Of), cmp.Compare(s.Labels[0], o.Labels[0]), cmp.Compare(s.Labels[1], o.Labels[1]))
}

// Unnamed returns the series without the name of a container or condition; s if it has none.
func (s Series) Unnamed() Series {
	if s.Of == terminations || s.Of == conditionChanges {
		s.Labels[0] = ""
	}
	return s
}

// eachCount makes a row of owners from a row of their counters of a family.
func eachCount(of CountedFamily, row func(*Count, *Samples)) func(*Counts, *Samples) {
	return func(c *Counts, s *Samples) {
		for i := range c.Counters {
			if c.Counters[i].Of == of {
				row(&c.Counters[i], s)
			}
		}
	}
}
