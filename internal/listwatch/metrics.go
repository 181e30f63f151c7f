package listwatch

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics counts requests. Alert rules in the field read the names that begin with
// kube_state_metrics.
type Metrics struct {
	lists, watches, relists, skipped *prometheus.CounterVec
}

// NewMetrics registers the metrics with reg.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return promauto.With(reg).NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	return &Metrics{
		lists:   counter("kube_state_metrics_list_total", "Lists requested from the API server, by type of the objects and by result.", "resource", "result"),
		watches: counter("kube_state_metrics_watch_total", "Watches requested from the API server, by type of the objects and by result.", "resource", "result"),
		relists: counter("kubestate_relists_total",
			"Lists of resources that were complete before, by resource and reason: expired, the watch was too far behind; disorder, an event came too late; error, anything else.",
			"resource", "reason"),
		skipped: counter("kubestate_shard_skipped_objects_total", "Objects and events of other shards that the API server sent and that were dropped, by resource.", "resource"),
	}
}
