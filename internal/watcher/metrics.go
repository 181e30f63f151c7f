package watcher

import (
	"fmt"
	"log/slog"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Metrics counts what goes between the program and the API server.
type Metrics struct {
	lists, watches *prometheus.CounterVec
	relists        *prometheus.CounterVec
	contained      *prometheus.CounterVec
	rebuilds       *prometheus.CounterVec
	listed, limit  *prometheus.GaugeVec // no series where there is none

	received, cut, decoding, rendering, skipped *prometheus.CounterVec // by resource
	filtered                                    *prometheus.GaugeVec   // by resource; no series where it is not known
}

// NewMetrics registers the metrics with reg. The names that begin with
// kube_state_metrics are those that alert rules in the field read.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		lists: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kube_state_metrics_list_total",
			Help: "Lists asked of the API server, by the type of the objects and by result.",
		}, []string{"resource", "result"}),
		watches: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kube_state_metrics_watch_total",
			Help: "Watches asked of the API server, by the type of the objects and by result.",
		}, []string{"resource", "result"}),
		relists: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kubestate_relists_total",
			Help: "Lists asked of the API server of what was complete before, by resource and reason: expired, its watch was too far behind; disorder, it told of a change too late; error, anything else.",
		}, []string{"resource", "reason"}),
		listed: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "kube_state_metrics_list_objects",
			Help: "Objects that were kept of the last list, by the type of the objects.",
		}, []string{"resource"}),
		limit: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "kube_state_metrics_list_objects_limit",
			Help: "Objects that are kept at most of a resource and namespace, by the type of the objects.",
		}, []string{"resource"}),
		contained: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kubestate_contained_panics_total",
			Help: "Families of objects that are missing because rendering them panicked.",
		}, []string{"family"}),
		rebuilds:  byResource("kubestate_resource_rebuilds_total", "How often a resource was listed and rendered anew because its configuration changed, and took the place of what was served before."),
		received:  byResource("kubestate_received_bytes_total", "Bytes of the API server's answers, by resource."),
		cut:       byResource("kubestate_cut_bytes_total", "Bytes of objects that no row reads and that were cut before decoding, by resource."),
		decoding:  byResource("kubestate_decode_seconds_total", "Time spent cutting and decoding, by resource."),
		rendering: byResource("kubestate_render_seconds_total", "Time spent rendering and storing, by resource."),
		skipped:   byResource("kubestate_shard_skipped_objects_total", "Objects that the API server sent, and events about them, that are of other shards and were not looked at further, by resource."),
		filtered: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "kubestate_shard_server_filtered",
			Help: "Whether the API server sends only the objects of this shard, by resource: 1 or 0, and nothing as long as that cannot be told.",
		}, []string{"resource"}),
	}
	reg.MustRegister(m.lists, m.watches, m.relists, m.listed, m.limit, m.contained, m.rebuilds, m.received, m.cut, m.decoding, m.rendering, m.skipped, m.filtered)
	return m
}

func byResource(name, help string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{"resource"})
}

// contained reports panics of rows: each is counted, and the first of a family
// logged.
type contained struct {
	metrics *Metrics
	log     *slog.Logger

	mu     sync.Mutex
	logged map[string]bool
}

func newContained(metrics *Metrics, log *slog.Logger) *contained {
	return &contained{metrics: metrics, log: log, logged: map[string]bool{}}
}

func (c *contained) report(family string, o metav1.Object, reason any) {
	c.metrics.contained.WithLabelValues(family).Inc()
	if c.first(family) {
		c.log.Error("cannot render an object's family; it is left out, and so are others of the family without another message",
			"family", family, "namespace", o.GetNamespace(), "name", o.GetName(), "err", fmt.Sprint(reason))
	}
}

func (c *contained) first(family string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := !c.logged[family]
	c.logged[family] = true
	return first
}
