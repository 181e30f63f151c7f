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
		lists:   counter("kube_state_metrics_list_total", "List requests to the API server, by object type and result.", "resource", "result"),
		watches: counter("kube_state_metrics_watch_total", "Watch requests to the API server, by object type and result.", "resource", "result"),
		relists: counter("kubestate_relists_total",
			"Relists by reason: expired (resourceVersion too old), disorder (event out of order) or error.",
			"resource", "reason"),
		skipped: counter("kubestate_shard_skipped_objects_total", "Objects and events of other shards or namespaces received and dropped.", "resource"),
	}
}
