package watcher

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/apiclient"
	"github.com/kubestate/kubestate/internal/listwatch"
)

// Metrics are the metrics of watchers, their loops and clients.
type Metrics struct {
	client *apiclient.Metrics
	loops  *listwatch.Metrics

	panics, rebuilds, rendering, leftEarly, droppedChanges *prometheus.CounterVec
}

// NewMetrics registers the metrics with reg.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	counter := func(label, name, help string) *prometheus.CounterVec {
		return promauto.With(reg).NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	}
	return &Metrics{
		client:   apiclient.NewMetrics(reg),
		loops:    listwatch.NewMetrics(reg),
		panics:   counter("family", "kubestate_render_panics_total", "Panics recovered while rendering a family of an object."),
		rebuilds: counter("resource", "kubestate_resource_rebuilds_total", "Stores of a resource rebuilt after a configuration change."),
		droppedChanges: promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
			Name: "kubestate_shard_dropped_changes_total", Help: "Changes of objects dropped uncounted because the journal of a handover was full.",
		}, nil),
		leftEarly: counter("resource", "kubestate_workload_counters_dropped_total", "Deleted workloads whose counters were removed within an hour because too many workloads were deleted."),
		rendering: counter("resource", "kubestate_render_seconds_total", "Time spent rendering and storing objects, in seconds."),
	}
}

// recovered reports a recovered panic of a row: each is counted, and the first of a family logged.
func (w *Watcher) recovered(family string, o metav1.Object, reason any) {
	w.metrics.panics.WithLabelValues(family).Inc()
	if _, known := w.panicked.LoadOrStore(family, true); !known {
		w.log.Error("panic while rendering a family of an object; its series are missing, and further panics of the family are only counted",
			"family", family, "namespace", o.GetNamespace(), "name", o.GetName(), "err", fmt.Sprint(reason))
	}
}
