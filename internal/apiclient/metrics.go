package apiclient

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics counts what API servers send, by resource.
type Metrics struct {
	received, cut, decoding *prometheus.CounterVec
}

// NewMetrics registers the metrics with reg.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	counter := func(name, help string) *prometheus.CounterVec {
		return promauto.With(reg).NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{"resource"})
	}
	return &Metrics{
		received: counter("kubestate_received_bytes_total", "Bytes received from the API server."),
		cut:      counter("kubestate_projection_skipped_bytes_total", "Bytes of unread fields skipped before decoding."),
		decoding: counter("kubestate_decode_seconds_total", "Time spent projecting and decoding objects, in seconds."),
	}
}
