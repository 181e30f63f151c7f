package main

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/clusters"
)

// A clusterCollector exports the states of clusters.
type clusterCollector struct{ *clusterSet }

var (
	clusterStateDesc = prometheus.NewDesc("kubestate_cluster_state",
		"State of a cluster (1 for the current state): up, syncing, degraded (some resources fail), down (all resources fail) or invalid (unusable kubeconfig).",
		[]string{"cluster", "state"}, nil)
	clusterStalenessDesc = prometheus.NewDesc("kubestate_cluster_staleness_seconds",
		"Longest time since the last response, event or bookmark of any resource of a cluster, in seconds.",
		[]string{"cluster"}, nil)
	clusterServedDesc = prometheus.NewDesc("kubestate_cluster_served",
		"Whether responses have series of a cluster (1) or not (0).",
		[]string{"cluster"}, nil)
	clusterSpecifiedDesc = prometheus.NewDesc("kubestate_cluster_specification_successful",
		"Whether the last kubeconfig and settings of a cluster are in force (1), or not yet or unusable (0).",
		[]string{"cluster"}, nil)
)

// Describe is part of prometheus.Collector.
func (clusterCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{clusterStateDesc, clusterStalenessDesc, clusterServedDesc, clusterSpecifiedDesc} {
		to <- d
	}
}

// Collect is part of prometheus.Collector.
func (c clusterCollector) Collect(to chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	is := map[bool]float64{true: 1}
	everything := func(string) bool { return true }
	maxStaleness := c.current().MaxStaleness
	for _, m := range c.set.Members() {
		health := healthOf(m)
		for _, state := range clusters.States() {
			gauge(clusterStateDesc, is[state == health.State], m.Name, string(state))
		}
		if !health.Contact.IsZero() {
			gauge(clusterStalenessDesc, time.Since(health.Contact).Seconds(), m.Name)
		}
		served := m.Complete && (*m.Content).exceeded(maxStaleness, everything) == ""
		gauge(clusterServedDesc, is[served], m.Name)
		gauge(clusterSpecifiedDesc, is[m.Err == nil && !m.Replaced], m.Name)
	}
}
