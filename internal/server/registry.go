package server

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/kubestate/kubestate/internal/version"
)

// NewRegistry makes the registry of what kubestate measures of itself, with
// what is known of any process and of this build. Names that begin with
// kube_state_metrics are those that alert rules in the field read.
func NewRegistry() *prometheus.Registry {
	v := version.Get()
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "kube_state_metrics_build_info",
		Help: "Build information (always 1).",
		ConstLabels: prometheus.Labels{
			"branch": v.Branch, "client_go_version": v.ClientGo, "goarch": v.Arch, "goos": v.OS,
			"goversion": v.GoVersion, "revision": v.Revision, "tags": v.Tags, "version": v.Version,
		},
	})
	build.Set(1)
	registry := prometheus.NewRegistry()
	registry.MustRegister(build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return registry
}
