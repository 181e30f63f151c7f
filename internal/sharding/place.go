package sharding

import (
	"fmt"
	"strconv"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// A Layout is how the objects are divided, and what of them one kubestate has.
type Layout struct {
	// Ordinal is the number of the shard, counted from 0, of Total.
	Ordinal, Total int
	// Owned is what the shard has at the moment: its share, or more or less while
	// the layout changes.
	Owned Ranges
	// Generation tells layouts of one origin apart: a later one has a larger
	// number. A layout that is set by hand has 0.
	Generation int64
}

// Static is the layout of a shard of a number that does not change.
func Static(ordinal, total int) Layout {
	return Layout{Ordinal: ordinal, Total: total, Owned: Even(ordinal, total)}
}

// A Division says what is divided among shards, and how. Alert rules go by it, since a
// kubestate that serves everything looks like the only shard there is.
type Division struct {
	// Of is "all" that is watched, the pods that are "unscheduled", or those of
	// "node/" and its name.
	Of string
	// Shards are those of a "statefulset" or of "flags", or "none" where one kubestate
	// serves all of it.
	Shards string
}

// A Place shows the present layout, as metrics and in words: all of them are of one
// layout. It may be used concurrently.
type Place struct {
	layout   atomic.Pointer[Layout]
	division atomic.Pointer[Division]
}

var (
	ordinalDesc = prometheus.NewDesc("kube_state_metrics_shard_ordinal",
		"Ordinal of this shard, from 0.", []string{"shard_ordinal"}, nil)
	totalDesc = prometheus.NewDesc("kube_state_metrics_total_shards",
		"Number of shards in the current assignment.", nil, nil)
	ownedDesc = prometheus.NewDesc("kubestate_shard_owned_ratio",
		"Fraction of the hash space served by this shard.", nil, nil)
	generationDesc = prometheus.NewDesc("kubestate_shard_assignment_generation",
		"Generation of the StatefulSet whose assignment is in force, 0 for --shard.", nil, nil)
	divisionDesc = prometheus.NewDesc("kubestate_shard_info",
		"Scope of the sharding (all, node/NAME or unscheduled) and origin of the assignment (statefulset, flags or none), always 1.", []string{"scope", "assignment"}, nil)
)

// NewPlace registers the metrics of a place with reg, that of the only shard there
// is. The names that begin with kube_state_metrics are those that alert rules in
// the field read.
func NewPlace(reg prometheus.Registerer) *Place {
	p := &Place{}
	p.Set(Static(0, 1))
	p.Divide(Division{Of: "all", Shards: "none"})
	reg.MustRegister(p)
	return p
}

// Set shows a layout in the place of the one before.
func (p *Place) Set(l Layout) { p.layout.Store(&l) }

// Divide shows a division in the place of the one before.
func (p *Place) Divide(d Division) { p.division.Store(&d) }

// Describe is part of prometheus.Collector.
func (*Place) Describe(to chan<- *prometheus.Desc) {
	to <- ordinalDesc
	to <- totalDesc
	to <- ownedDesc
	to <- generationDesc
	to <- divisionDesc
}

// Collect is part of prometheus.Collector.
func (p *Place) Collect(to chan<- prometheus.Metric) {
	l := p.layout.Load()
	show := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	show(ordinalDesc, float64(l.Ordinal), strconv.Itoa(l.Ordinal)) // a label too
	show(totalDesc, float64(l.Total))
	show(ownedDesc, l.Owned.Share())
	show(generationDesc, float64(l.Generation))
	d := p.division.Load()
	show(divisionDesc, 1, d.Of, d.Shards)
}

// String says what is served of all objects; it is empty for everything.
func (p *Place) String() string { return p.layout.Load().String() }

// String says what the layout has of all objects; it is empty for everything.
func (l Layout) String() string {
	if l.Owned.IsAll() && l.Total == 1 {
		return ""
	}
	return fmt.Sprintf("Shard %d of 0 to %d: %.1f %% of all objects, those whose uids have hashes in %s.", l.Ordinal, l.Total-1, 100*l.Owned.Share(), l.Owned)
}
