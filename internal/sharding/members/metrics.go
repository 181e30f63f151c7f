package members

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	unclaimed, leaseMissing prometheus.Gauge
	assignments, overdue    prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) metrics {
	m := metrics{
		unclaimed: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "kubestate_shard_unclaimed_ratio",
			Help: "Fraction of the hash space served for other shards until one of them claims it.",
		}),
		leaseMissing: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "kubestate_shard_lease_missing",
			Help: "Whether the Lease of the shards is missing (1) or present (0).",
		}),
		assignments: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "kubestate_shard_assignments_total",
			Help: "Shard assignments adopted from the StatefulSet, including the first.",
		}),
		overdue: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "kubestate_shard_overdue_releases_total",
			Help: "Releases pending for five minutes because no other shard claimed the hash range.",
		}),
	}
	reg.MustRegister(m.unclaimed, m.leaseMissing, m.assignments, m.overdue)
	return m
}
