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
			Name: "kubestate_shard_unclaimed_ratio",
			Help: "Fraction of the hash space served for other shards until one of them claims it.",
		}),
		leaseMissing: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "kubestate_shard_lease_missing",
			Help: "Whether the Lease of the shards is missing (1) or present (0).",
		}),
		layouts: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "kubestate_shard_assignments_total",
			Help: "Shard assignments adopted from the StatefulSet, including the first.",
		}),
		overdue: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "kubestate_shard_overdue_releases_total",
			Help: "Releases pending for five minutes because no other shard claimed the hash range.",
		}),
	}
	reg.MustRegister(m.awaited, m.leaseMissing, m.layouts, m.overdue)
	return m
}
