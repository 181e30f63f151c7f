package listwatch

import "github.com/prometheus/client_golang/prometheus"

// Metrics counts requests. The names that begin with kube_state_metrics are those that alert
// rules in the field read.
type Metrics struct {
	lists, watches, relists, skipped *prometheus.CounterVec
}

// NewMetrics registers the metrics with reg.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		lists: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kube_state_metrics_list_total",
			Help: "Lists requested from the API server, by type of the objects and by result.",
		}, []string{"resource", "result"}),
		watches: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kube_state_metrics_watch_total",
			Help: "Watches requested from the API server, by type of the objects and by result.",
		}, []string{"resource", "result"}),
		relists: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kubestate_relists_total",
			Help: "Lists of resources that were complete before, by resource and reason: expired, the watch was too far behind; disorder, an event came too late; error, anything else.",
		}, []string{"resource", "reason"}),
		skipped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kubestate_shard_skipped_objects_total",
			Help: "Objects and events of other shards that the API server sent and that were dropped, by resource.",
		}, []string{"resource"}),
	}
	reg.MustRegister(m.lists, m.watches, m.relists, m.skipped)
	return m
}
