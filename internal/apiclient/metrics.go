package apiclient

import "github.com/prometheus/client_golang/prometheus"

// Metrics counts what API servers send, by resource.
type Metrics struct {
	received, cut, decoding *prometheus.CounterVec
}

// NewMetrics registers the metrics with reg.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		received: byResource("kubestate_received_bytes_total", "Bytes received from the API server, by resource."),
		cut:      byResource("kubestate_cut_bytes_total", "Bytes of objects cut before decoding because no row reads them, by resource."),
		decoding: byResource("kubestate_decode_seconds_total", "Seconds spent on cutting and decoding objects, by resource."),
	}
	reg.MustRegister(m.received, m.cut, m.decoding)
	return m
}

func byResource(name, help string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{"resource"})
}
