package sharding

import (
	"fmt"
	"strconv"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// An Assignment is the hash ranges of one shard.
type Assignment struct {
	// Ordinal is the number of the shard, counted from 0, of Total.
	Ordinal, Total int
	// Ranges is what the shard serves. During a handover it differs from the shard's even range.
	Ranges Ranges
	// Generation is that of the StatefulSet, 0 for an assignment by flags.
	Generation int64
}

// Static is an assignment by flags.
func Static(ordinal, total int) Assignment {
	return Assignment{Ordinal: ordinal, Total: total, Ranges: Even(ordinal, total)}
}

// Info tells sharded from unsharded programs. Alert rules depend on it, since an unsharded program
// is shard 0 of 1.
type Info struct {
	// Scope is "all", "unscheduled" pods, or the pods of "node/NAME".
	Scope string
	// Assignment is its origin: "statefulset", "flags", or "none" if the program is unsharded.
	Assignment string
}

// Status exports the present assignment as metrics and as text. It is safe for concurrent use, and
// all metrics of a collection are of one assignment.
type Status struct {
	assignment atomic.Pointer[Assignment]
	info       atomic.Pointer[Info]
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
	infoDesc = prometheus.NewDesc("kubestate_shard_info",
		"Scope of the sharding (all, node/NAME or unscheduled) and origin of the assignment (statefulset, flags or none), always 1.",
		[]string{"scope", "assignment"}, nil)
)

// NewStatus registers the metrics with reg, initially those of an unsharded program. The names that
// begin with kube_state_metrics are those that alert rules in the field read.
func NewStatus(reg prometheus.Registerer) *Status {
	s := &Status{}
	s.Set(Static(0, 1))
	s.SetInfo(Info{Scope: "all", Assignment: "none"})
	reg.MustRegister(s)
	return s
}

// Set replaces the assignment.
func (s *Status) Set(a Assignment) { s.assignment.Store(&a) }

// SetInfo replaces the info.
func (s *Status) SetInfo(i Info) { s.info.Store(&i) }

// Describe is part of prometheus.Collector.
func (*Status) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{ordinalDesc, totalDesc, ownedDesc, generationDesc, infoDesc} {
		to <- d
	}
}

// Collect is part of prometheus.Collector.
func (s *Status) Collect(to chan<- prometheus.Metric) {
	a, i := s.assignment.Load(), s.info.Load()
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	gauge(ordinalDesc, float64(a.Ordinal), strconv.Itoa(a.Ordinal)) // a label too
	gauge(totalDesc, float64(a.Total))
	gauge(ownedDesc, a.Ranges.Fraction())
	gauge(generationDesc, float64(a.Generation))
	gauge(infoDesc, 1, i.Scope, i.Assignment)
}

// String describes the assignment. It is empty for an unsharded program.
func (s *Status) String() string { return s.assignment.Load().String() }

// String describes the assignment. It is empty for one that is everything.
func (a Assignment) String() string {
	if a.Ranges.IsAll() && a.Total == 1 {
		return ""
	}
	return fmt.Sprintf("Shard %d of 0 to %d: %.1f %% of all objects, those whose uids have hashes in %s.", a.Ordinal, a.Total-1, 100*a.Ranges.Fraction(), a.Ranges)
}
