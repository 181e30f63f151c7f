package members

import "github.com/prometheus/client_golang/prometheus"

// metrics tell of changes of the layout.
type metrics struct {
	awaited, leaseMissing prometheus.Gauge
	layouts, overdue      prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) metrics {
	m := metrics{
		awaited: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "kubestate_shard_awaited_ratio",
			Help: "Which part of all uids this shard serves beyond its share, from 0 to 1, since no other shard has taken it over yet.",
		}),
		leaseMissing: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "kubestate_shard_lease_missing",
			Help: "Whether the Lease is missing in which shards tell each other what they serve: 1 or 0.",
		}),
		layouts: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "kubestate_shard_layouts_total",
			Help: "Layouts of the StatefulSet that were taken up, the first one included.",
		}),
		overdue: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "kubestate_shard_overdue_total",
			Help: "How often nobody had taken over within five minutes what this shard had to let go. It is served on.",
		}),
	}
	reg.MustRegister(m.awaited, m.leaseMissing, m.layouts, m.overdue)
	return m
}
