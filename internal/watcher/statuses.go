package watcher

import (
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	stateDesc = prometheus.NewDesc("kubestate_resource_state",
		"How things stand between a resource and the API server: 1 for the state that it is in, 0 for the others. Of several namespaces it is the worst.",
		[]string{"resource", "state"}, nil)
	stalenessDesc = prometheus.NewDesc("kubestate_resource_staleness_seconds",
		"Seconds since the API server last gave a sign of life about what is served of a resource: an answer, an event or a bookmark. Up to two minutes are ordinary.",
		[]string{"resource"}, nil)
	eventDesc = prometheus.NewDesc("kubestate_resource_last_event_timestamp_seconds",
		"When the API server last told of an object of a resource, in Unix time.",
		[]string{"resource"}, nil)
)

// statusMetrics shows the present statuses as metrics.
type statusMetrics func() []Status

// Describe is part of prometheus.Collector.
func (statusMetrics) Describe(to chan<- *prometheus.Desc) {
	to <- stateDesc
	to <- stalenessDesc
	to <- eventDesc
}

// Collect is part of prometheus.Collector.
func (m statusMetrics) Collect(to chan<- prometheus.Metric) {
	for _, s := range m() {
		for _, state := range States() {
			is := 0.0
			if s.State == state {
				is = 1
			}
			to <- prometheus.MustNewConstMetric(stateDesc, prometheus.GaugeValue, is, s.Resource, string(state))
		}
		if !s.Contact.IsZero() {
			to <- prometheus.MustNewConstMetric(stalenessDesc, prometheus.GaugeValue, time.Since(s.Contact).Seconds(), s.Resource)
		}
		if !s.Event.IsZero() {
			to <- prometheus.MustNewConstMetric(eventDesc, prometheus.GaugeValue, float64(s.Event.UnixNano())/1e9, s.Resource)
		}
	}
}

// Register registers with reg how the resources that are served stand.
func (w *Watcher) Register(reg prometheus.Registerer) { reg.MustRegister(statusMetrics(w.Statuses)) }

// A Limit bounds how old what is served may be; 0 sets no bound.
type Limit time.Duration

// Exceeded gives a line that says which of the resources were last heard of
// longer ago than the limit. It is empty if there are none. wanted chooses
// resources by key.
func (l Limit) Exceeded(statuses []Status, wanted func(resource string) bool) string {
	statuses = slices.DeleteFunc(slices.Clone(statuses), func(s Status) bool {
		return l == 0 || s.Contact.IsZero() || !wanted(s.Resource) || time.Since(s.Contact) <= time.Duration(l)
	})
	if len(statuses) == 0 {
		return ""
	}
	oldest := slices.MinFunc(statuses, func(a, b Status) int { return a.Contact.Compare(b.Contact) })
	return fmt.Sprintf("%d resources are older than %s, %s the most: last heard of %s ago, its state is %s",
		len(statuses), time.Duration(l), oldest.Resource, time.Since(oldest.Contact).Round(time.Second), oldest.State)
}
