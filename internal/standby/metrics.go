package standby

import "github.com/prometheus/client_golang/prometheus"

type metrics struct{ errors prometheus.Counter }

func newMetrics(reg prometheus.Registerer, lease string, serves func() bool) metrics {
	leader := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name:        "kubestate_leader",
		Help:        "Whether this replica serves series of objects (1) or stands by (0), by namespace and name of the Lease.",
		ConstLabels: prometheus.Labels{"lease": lease},
	}, func() float64 {
		if serves() {
			return 1
		}
		return 0
	})
	m := metrics{errors: prometheus.NewCounter(prometheus.CounterOpts{
		Name: "kubestate_lease_errors_total",
		Help: "Failed reads and writes of the Lease of the replicas.",
	})}
	reg.MustRegister(leader, m.errors)
	return m
}
