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

// A Place shows the present layout, as metrics and in words. It may be used
// concurrently, but for Set.
type Place struct {
	ordinal                  *prometheus.GaugeVec
	total, owned, generation prometheus.Gauge
	words                    atomic.Pointer[string]
}

// NewPlace registers the metrics of a place with reg, that of the only shard there
// is. The names that begin with kube_state_metrics are those that alert rules in
// the field read.
func NewPlace(reg prometheus.Registerer) *Place {
	p := &Place{
		ordinal: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "kube_state_metrics_shard_ordinal",
			Help: "The number of this shard, counted from 0.",
		}, []string{"shard_ordinal"}),
		total: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "kube_state_metrics_total_shards",
			Help: "How many shards there are to be.",
		}),
		owned: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "kubestate_shard_owned_ratio",
			Help: "Which part of all uids this shard owns, from 0 to 1. It is 1 in sum over all shards, and more while they change.",
		}),
		generation: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "kubestate_shard_layout_generation",
			Help: "The generation of the layout of shards that is in force here: the same in all shards, but while they change; 0 if it is set by hand.",
		}),
	}
	reg.MustRegister(p.ordinal, p.total, p.owned, p.generation)
	p.Set(Static(0, 1))
	return p
}

// Set shows a layout in the place of the one before.
func (p *Place) Set(l Layout) {
	p.ordinal.Reset() // the ordinal is a label too
	p.ordinal.WithLabelValues(strconv.Itoa(l.Ordinal)).Set(float64(l.Ordinal))
	p.total.Set(float64(l.Total))
	p.owned.Set(l.Owned.Share())
	p.generation.Set(float64(l.Generation))
	words := l.String()
	p.words.Store(&words)
}

// String says what is served of all objects; it is empty for everything.
func (p *Place) String() string { return *p.words.Load() }

// String says what the layout has of all objects; it is empty for everything.
func (l Layout) String() string {
	if l.Owned.IsAll() && l.Total == 1 {
		return ""
	}
	return fmt.Sprintf("Shard %d of 0 to %d: %.1f %% of all objects, those whose uids have hashes in %s.", l.Ordinal, l.Total-1, 100*l.Owned.Share(), l.Owned)
}
