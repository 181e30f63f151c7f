package watcher

import (
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/listwatch"
)

var (
	stateDesc = prometheus.NewDesc("kubestate_resource_state",
		"State of a resource (1 for the current state); the worst of several namespaces.",
		[]string{"resource", "state"}, nil)
	stalenessDesc = prometheus.NewDesc("kubestate_resource_staleness_seconds",
		"Time since the last response, event or bookmark for the served content of a resource, in seconds.",
		[]string{"resource"}, nil)
	eventDesc = prometheus.NewDesc("kubestate_resource_last_event_timestamp_seconds",
		"Time of the last watch event of a resource, Unix seconds.",
		[]string{"resource"}, nil)
	filteredDesc = prometheus.NewDesc("kubestate_shard_server_filtered",
		"Whether the API server filters the resource by shard (1) or not (0); absent while unknown.",
		[]string{"resource"}, nil)
	selectedDesc = prometheus.NewDesc("kubestate_selected_namespaces",
		"Namespaces of the namespace selector; absent without one, or while unknown.", nil, nil)
	lackingDesc = prometheus.NewDesc("kubestate_resource_lacking_namespaces",
		"Selected namespaces whose objects are not served yet; absent without a namespace selector.",
		[]string{"resource"}, nil)
	listLenDesc = prometheus.NewDesc("kube_state_metrics_list_objects",
		"Objects kept from the last list, by object type; absent without a limit.",
		[]string{"resource"}, nil)
	limitDesc = prometheus.NewDesc("kube_state_metrics_list_objects_limit",
		"Limit of objects per resource and namespace, by object type; absent without a limit.",
		[]string{"resource"}, nil)
)

// A collector collects the metrics of served targets.
type collector struct{ *Watcher }

// Describe is part of prometheus.Collector.
func (collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{stateDesc, stalenessDesc, eventDesc, filteredDesc, selectedDesc, lackingDesc, listLenDesc, limitDesc,
		budgetDesc, budgetUsedDesc, seriesWithheldDesc, objectsWithheldDesc} {
		to <- d
	}
}

// Collect is part of prometheus.Collector.
func (c collector) Collect(to chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	for _, t := range *c.serving.Load() {
		t.collect(gauge)
		t.collectBudgets(gauge)
	}
	if n, known := c.selectedCount(); known {
		gauge(selectedDesc, float64(n))
	}
	for _, s := range c.Statuses() {
		for _, state := range listwatch.States() {
			gauge(stateDesc, indicator(s.State == state), s.Resource, string(state))
		}
		if !s.Contact.IsZero() {
			gauge(stalenessDesc, time.Since(s.Contact).Seconds(), s.Resource)
		}
		if !s.Event.IsZero() {
			gauge(eventDesc, float64(s.Event.UnixNano())/1e9, s.Resource)
		}
	}
}

// collect collects whether the API server filters the target by shard, and its object limit. Of
// several namespaces, list lengths are summed, and one without a filter counts.
func (t *target) collect(gauge func(desc *prometheus.Desc, value float64, labels ...string)) {
	if filters, known := serverFilters(t.sinks); known {
		gauge(filteredDesc, indicator(filters), t.Name())
	}
	if t.selected && t.client != nil {
		gauge(lackingDesc, float64(t.sinks[0].loop.Report().Lacking), t.Name())
	}
	length, limited := int64(0), false
	for _, s := range t.sinks {
		if n, ok := s.loop.ListLen(); ok {
			length, limited = length+n, true
		}
	}
	if limited {
		gauge(listLenDesc, float64(length), t.resource.Recipe().TypeName())
	}
	if t.limit > 0 {
		gauge(limitDesc, float64(t.limit), t.resource.Recipe().TypeName())
	}
}

// indicator is 1 for true.
func indicator(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// Register registers the metrics of the served resources with reg.
func (w *Watcher) Register(reg prometheus.Registerer) { reg.MustRegister(collector{w}) }

// A State is the state of a resource.
type State = listwatch.State

// States that other packages name.
const (
	Absent  = listwatch.Absent
	Syncing = listwatch.Syncing
	Synced  = listwatch.Synced
	Failing = listwatch.Failing
)

// States returns all states, from the best to the worst.
func States() []State { return listwatch.States() }

// Worse reports whether a state is worse than another.
func Worse(a, b State) bool { return slices.Index(States(), a) > slices.Index(States(), b) }

// A Status is the status of one resource.
type Status = listwatch.Report

// TooOld returns a message about the wanted resources that are staler than limit; empty if there
// are none, or limit is 0. wanted takes keys of resources.
func TooOld(statuses []Status, limit time.Duration, wanted func(resource string) bool) string {
	statuses = slices.DeleteFunc(slices.Clone(statuses), func(s Status) bool {
		return limit == 0 || s.Contact.IsZero() || !wanted(s.Resource) || time.Since(s.Contact) <= limit
	})
	if len(statuses) == 0 {
		return ""
	}
	oldest := slices.MinFunc(statuses, func(a, b Status) int { return a.Contact.Compare(b.Contact) })
	return fmt.Sprintf("%d resources are staler than %s; the stalest is %s: last contact %s ago, state %s",
		len(statuses), limit, oldest.Resource, time.Since(oldest.Contact).Round(time.Second), oldest.State)
}
